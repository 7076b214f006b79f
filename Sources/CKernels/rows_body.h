// Biases, and sums over rows, columns and channels; part of layers_body.h. Float sums are of at most 512 values, longer
// ones are Double.

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

static void CK_NAME(column_sums)(long rows, long columns, long stride, const float *d, double *sums) {
    for (long begin = 0; begin < rows; begin += 64) {
        const long count = rows - begin < 64 ? rows - begin : 64;
        const float *block = d + begin * stride;
        long j = 0;
        for (; j + 16 <= columns; j += 16) {
            f16 sum = {0};
            for (long i = 0; i < count; i++) sum += AT(f16, block + i * stride + j);
            for (long k = 0; k < 16; k++) sums[j + k] += sum[k];
        }
        for (; j < columns; j++) {
            float sum = 0;
            for (long i = 0; i < count; i++) sum += block[i * stride + j];
            sums[j] += sum;
        }
    }
}

CK_INLINE double CK_NAME(long_sum)(long n, const float *x) {
    SUMS
    double total = 0;
    for (long begin = 0; begin < n; begin += 512) {
        const long end = begin + 512 < n ? begin + 512 : n;
        float sum = 0;
        for (long j = begin; j < end; j++) sum += x[j];
        total += sum;
    }
    return total;
}

CK_INLINE double CK_NAME(long_squares)(long n, const float *x) {
    SUMS
    double total = 0;
    for (long begin = 0; begin < n; begin += 512) {
        const long end = begin + 512 < n ? begin + 512 : n;
        float sum = 0;
        for (long j = begin; j < end; j++) sum += x[j] * x[j];
        total += sum;
    }
    return total;
}

static void CK_NAME(channel_sums)(
    long samples, long channels, long positions, const float *d, long d_sample, long d_channel, double *sums,
    double *squares) {
    for (long s = 0; s < samples; s++)
        for (long c = 0; c < channels; c++) {
            double sum = CK_NAME(long_sum)(positions, d + s * d_sample + c * d_channel);
            sums[c] += sum;
            squares[s] += sum * sum;
        }
}

static void CK_NAME(row_squares)(long rows, long columns, long stride, const float *x, double *out) {
    for (long i = 0; i < rows; i++) out[i] = CK_NAME(long_squares)(columns, x + i * stride);
}

static double CK_NAME(add_squares)(long n, const float *restrict x, float *restrict g) {
    SUMS
    double total = 0;
    for (long begin = 0; begin < n; begin += 512) {
        const long end = begin + 512 < n ? begin + 512 : n;
        float sum = 0;
        for (long j = begin; j < end; j++) {
            sum += x[j] * x[j];
            g[j] += x[j];
        }
        total += sum;
    }
    return total;
}
