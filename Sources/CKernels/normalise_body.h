// Normalisation over groups of channels of one sample; part of layers_body.h.

CK_INLINE double CK_NAME(squares_about)(long n, const float *x, float mean) {
    double total = 0;
    for (long begin = 0; begin < n; begin += 512) {
        const long end = begin + 512 < n ? begin + 512 : n;
        f16 sum = {0};
        for (long j = begin; j + 16 <= end; j += 16) {
            const f16 v = AT(f16, x + j) - mean;
            sum += v * v;
        }
        float rest = 0;
        for (long j = end - (end - begin) % 16; j < end; j++) rest += (x[j] - mean) * (x[j] - mean);
        total += CK_NAME(lane_sum)(sum) + rest;
    }
    return total;
}

static void CK_NAME(normalise)(
    long samples, long channels, long positions, long groups, double epsilon, const float *x, const float *gain,
    const float *bias, float *y, float *mean, float *inverse) {
    const long members = channels / groups, size = members * positions;
    for (long k = 0; k < samples * groups; k++, x += size, y += size) {
        const float *g = gain + k % groups * members, *b = bias + k % groups * members;
        const float centre = (float)(CK_NAME(long_sum)(size, x) / (double)size);
        const float scale = (float)(1 / sqrt(CK_NAME(squares_about)(size, x, centre) / (double)size + epsilon));
        mean[k] = centre;
        inverse[k] = scale;
        if (positions == 1)
            for (long c = 0; c < members; c++) y[c] = g[c] * ((x[c] - centre) * scale) + b[c];
        else
            for (long c = 0; c < members; c++) {
                const float factor = g[c] * scale, more = b[c];
                for (long p = c * positions; p < (c + 1) * positions; p++) y[p] = (x[p] - centre) * factor + more;
            }
    }
}

// One sample's group: the sums over positions of each channel, and the two means that the gradient is freed of.
CK_INLINE void CK_NAME(normalise_sums)(
    long members, long positions, const float *restrict x, float centre, float scale, const float *restrict gain,
    const float *restrict d, float *restrict gains, float *restrict biases, double means[2]) {
    double product = 0, sum = 0;
    for (long c = 0; c < members; c++) {
        double a = 0, b = 0;
        if (positions == 1) {
            a = d[c] * ((x[c] - centre) * scale);
            b = d[c];
        } else
            for (long begin = c * positions; begin < (c + 1) * positions; begin += 512) {
                const long end = begin + 512 < (c + 1) * positions ? begin + 512 : (c + 1) * positions;
                f16 u = {0}, v = {0};
                for (long p = begin; p + 16 <= end; p += 16) {
                    const f16 e = AT(f16, d + p);
                    u += e * ((AT(f16, x + p) - centre) * scale);
                    v += e;
                }
                float more_u = 0, more_v = 0;
                for (long p = end - (end - begin) % 16; p < end; p++) {
                    more_u += d[p] * ((x[p] - centre) * scale);
                    more_v += d[p];
                }
                a += CK_NAME(lane_sum)(u) + more_u;
                b += CK_NAME(lane_sum)(v) + more_v;
            }
        gains[c] = (float)a;
        biases[c] = (float)b;
        product += gain[c] * a;
        sum += gain[c] * b;
    }
    const double size = (double)(members * positions);
    means[0] = sum / size;
    means[1] = product / size;
}

static void CK_NAME(normalise_back)(
    long channels, long positions, long groups, const float *x, const float *mean, const float *inverse,
    const float *gain, float *d, float *gains, float *biases) {
    const long members = channels / groups, size = members * positions;
    for (long k = 0; k < groups; k++, x += size, d += size) {
        const long first = k * members;
        const float *g = gain + first, centre = mean[k], scale = inverse[k];
        double means[2];
        CK_NAME(normalise_sums)(members, positions, x, centre, scale, g, d, gains + first, biases + first, means);
        const float shift = (float)means[0], slope = (float)means[1];
        if (positions == 1)
            for (long c = 0; c < members; c++)
                d[c] = scale * (g[c] * d[c] - shift - (x[c] - centre) * scale * slope);
        else
            for (long c = 0; c < members; c++)
                for (long p = c * positions; p < (c + 1) * positions; p++)
                    d[p] = scale * (g[c] * d[p] - shift - (x[p] - centre) * scale * slope);
    }
}
