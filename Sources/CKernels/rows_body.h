// Biases, sums over rows and channels, and what a sample adds to a gradient; part of layers_body.h. Sums have sixteen partial
// sums, whatever the set; Float ones are of at most 512 values, longer ones are Double.

CK_INLINE void CK_NAME(add_bias)(long n, const float *x, const float *bias, float more, long relu, float *y) {
    if (relu)
        for (long j = 0; j < n; j++) {
            float v = x[j] + (bias ? bias[j] : more);
            y[j] = 0 > v ? 0 : v;
        }
    else
        for (long j = 0; j < n; j++) y[j] = x[j] + (bias ? bias[j] : more);
}

static void CK_NAME(bias_rows)(long rows, long columns, long stride, const float *bias, long relu, float *y) {
    for (long i = 0; i < rows; i++, y += stride) CK_NAME(add_bias)(columns, y, bias, 0, relu, y);
}

static void CK_NAME(bias_channels)(
    long samples, long channels, long positions, const float *x, long x_sample, long x_channel, const float *bias,
    long relu, float *y, long y_sample, long y_channel) {
    for (long s = 0; s < samples; s++)
        for (long c = 0; c < channels; c++)
            CK_NAME(add_bias)(
                positions, x + s * x_sample + c * x_channel, 0, bias[c], relu, y + s * y_sample + c * y_channel);
}

// The values from x on, zeros from `count` on.
CK_INLINE f16 CK_NAME(first16)(long count, const float *x) {
    if (count >= 16) return AT(f16, x);
    float values[16] = {0};
    for (long k = 0; k < count; k++) values[k] = x[k];
    return AT(f16, values);
}

CK_INLINE double CK_NAME(long_sum)(long n, const float *x) {
    double total = 0;
    for (long begin = 0; begin < n; begin += 512) {
        const long end = begin + 512 < n ? begin + 512 : n;
        f16 sum = {0};
        for (long j = begin; j < end; j += 16) sum += CK_NAME(first16)(end - j, x + j);
        total += CK_NAME(lane_sum)(sum);
    }
    return total;
}

static void CK_NAME(channel_sums)(long channels, long positions, const float *d, long d_channel, float *sums) {
    for (long c = 0; c < channels; c++) sums[c] = (float)CK_NAME(long_sum)(positions, d + c * d_channel);
}

// As whole numbers the bits of sizes are in the sizes' order, and those of NaN come last.
static void CK_NAME(row_norms)(long rows, long columns, long stride, const float *x, double *squares, float *largest) {
    typedef int32_t i16 __attribute__((vector_size(64), aligned(4), may_alias));
    for (long i = 0; i < rows; i++, x += stride) {
        double total = 0;
        i16 most = {0};
        for (long begin = 0; begin < columns; begin += 512) {
            const long end = begin + 512 < columns ? begin + 512 : columns;
            f16 sum = {0};
            for (long j = begin; j < end; j += 16) {
                const f16 v = CK_NAME(first16)(end - j, x + j);
                sum += v * v;
                most = __builtin_elementwise_max(most, (i16)v & 0x7fffffff);
            }
            total += CK_NAME(lane_sum)(sum);
        }
        int32_t bits = 0;
        for (long k = 0; k < 16; k++) bits = most[k] > bits ? most[k] : bits;
        squares[i] = total;
        memcpy(&largest[i], &bits, sizeof bits);
    }
}

static double CK_NAME(add_units)(long n, const float *x, float scale, int32_t *g, float *largest) {
    double squares;
    CK_NAME(row_norms)(1, n, n, x, &squares, largest);
    long j = 0;
    for (; j + CK_LANES <= n; j += CK_LANES) PUT(vu, g + j) += CK_NAME(whole)(AT(vf, x + j) * scale);
    if (j < n) {
        float rest[CK_LANES] = {0};
        for (long k = j; k < n; k++) rest[k - j] = x[k];
        const vu units = CK_NAME(whole)(AT(vf, rest) * scale);
        for (long k = j; k < n; k++) g[k] = (int32_t)((uint32_t)g[k] + units[k - j]);
    }
    return squares;
}

static double CK_NAME(weighted_squares)(long n, const float *x, const float *p) {
    double total = 0;
    for (long begin = 0; begin < n; begin += 512) {
        const long end = begin + 512 < n ? begin + 512 : n;
        f16 sum = {0};
        for (long j = begin; j < end; j += 16) {
            const f16 v = CK_NAME(first16)(end - j, x + j);
            sum += v * v * CK_NAME(first16)(end - j, p + j);
        }
        total += CK_NAME(lane_sum)(sum);
    }
    return total;
}

static void CK_NAME(sum_units)(long n, const int32_t *x, int32_t *g) {
    for (long j = 0; j < n; j++) g[j] = (int32_t)((uint32_t)g[j] + (uint32_t)x[j]);
}

static void CK_NAME(from_units)(long n, const int32_t *units, float unit, float *out) {
    long j = 0;
    for (; j + CK_LANES <= n; j += CK_LANES)
        PUT(vf, out + j) = __builtin_convertvector(AT(vi, units + j), vf) * unit;
    for (; j < n; j++) {
        int32_t whole;
        memcpy(&whole, units + j, sizeof whole);
        const float value = (float)whole * unit;
        memcpy(out + j, &value, sizeof value);
    }
}
