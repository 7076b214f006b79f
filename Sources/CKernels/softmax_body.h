// Cross-entropy of several classes; part of kernels_body.h.

// exp(m − max) of one row into p (stride lanes, zero beyond classes); returns the sum, writes the maximum.
CK_INLINE float CK_NAME(row_exp)(long classes, long stride, const float *m, float *p, float *maximum) {
    const i8 index = {0, 1, 2, 3, 4, 5, 6, 7};
    f8 top = (f8){0} - 3.4e38f;
    for (long c = 0; c < stride; c += 8) {
        f8 v = CK_NAME(select)(index < (int32_t)(classes - c), AT(f8, m + c), top);
        top = CK_NAME(select)(v > top, v, top);
    }
    float max = top[0];
    for (int k = 1; k < 8; k++) max = top[k] > max ? top[k] : max;
    f8 sum = {0};
    for (long c = 0; c < stride; c += 8) {
        f8 e = CK_NAME(vexp)(AT(f8, m + c) - max);
        e = (f8)((i8)e & (index < (int32_t)(classes - c)));
        PUT(f8, p + c) = e;
        sum += e;
    }
    *maximum = max;
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

// log x for 1 ≤ x < 2^1000 as e log 2 + 2 atanh(s), s = (m − 1)/(m + 1) ≤ 0.172 for x = m 2^e; NaN where x is
// not finite.
CK_INLINE d8 CK_NAME(log_wide)(d8 x) {
    const l8 bits = (l8)x;
    d8 m = (d8)((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
    const l8 high = m > 1.4142135623730951;
    m = (d8)((high & (l8)(0.5 * m)) | (~high & (l8)m));
    const d8 e = __builtin_convertvector((bits >> 52) - 1023 - high, d8);
    const d8 s = (m - 1) / (m + 1), u = s * s;
    d8 p = u * (1 / 17.0) + 1 / 15.0;
    p = p * u + 1 / 13.0;
    p = p * u + 1 / 11.0;
    p = p * u + 1 / 9.0;
    p = p * u + 1 / 7.0;
    p = p * u + 1 / 5.0;
    p = p * u + 1 / 3.0;
    return e * 0.69314718055994531 + 2 * (s + s * u * p) + (x - x);
}

static double CK_NAME(softmax)(
    long rows, long classes, long stride, const float *m, const float *labels, const float *weights, float *r,
    double anchor) {
    d8 total = {0};
    float scratch[stride];
    for (long first = 0; first < rows; first += 8) {
        const long count = rows - first < 8 ? rows - first : 8;
        d8 below = {0}, weight = {0}, sums = {1, 1, 1, 1, 1, 1, 1, 1};
        for (long k = 0; k < count; k++, m += stride) {
            const long i = first + k;
            float max, *p = r ? r + i * stride : scratch;
            const float factor = weights ? weights[i] : 1;
            weight[k] = factor;
            // A missing label (NaN) or one beyond the classes makes the loss NaN and leaves memory alone.
            if (!(labels[i] >= 0 && labels[i] < classes)) {
                below[k] = NAN;
                for (long c = 0; r && c < stride; c++) p[c] = c < classes ? NAN : 0;
                continue;
            }
            const long label = (long)labels[i];
            const double target = m[label];
            const float sum = CK_NAME(row_exp)(classes, stride, m, p, &max);
            below[k] = max - target;
            sums[k] = sum;
            if (!r) continue;
            const float share = factor / sum;
            // 1 − p_label as the sum of the others: no cancellation when the model is sure.
            p[label] = 0;
            f8 rest = {0};
            for (long c = 0; c < stride; c += 8) {
                f8 v = AT(f8, p + c) * share;
                rest += v;
                PUT(f8, p + c) = v;
            }
            p[label] = -(((rest[0] + rest[4]) + (rest[2] + rest[6])) + ((rest[1] + rest[5]) + (rest[3] + rest[7])));
        }
        total += CK_NAME(on_grid)(weight * (below + CK_NAME(log_wide)(sums)), anchor);
    }
    return CK_NAME(d8_sum)(total);
}

static void CK_NAME(softmax_rows)(long rows, long classes, long stride, const float *m, float *p) {
    float scratch[stride];
    for (long i = 0; i < rows; i++, m += stride, p += classes) {
        float max, sum = CK_NAME(row_exp)(classes, stride, m, scratch, &max);
        for (long c = 0; c < classes; c++) p[c] = scratch[c] / sum;
    }
}
