// Cross-entropy of several classes; part of kernels_body.h.

CK_INLINE float CK_NAME(f8_sum)(f8 v) {
    const f4 q = __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
    return (q[0] + q[2]) + (q[1] + q[3]);
}

CK_INLINE float CK_NAME(f8_max)(f8 v) {
    v = CK_NAME(larger)(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3));
    v = CK_NAME(larger)(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5));
    return CK_NAME(larger)(v, __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6))[0];
}

// exp(m − max) of one row into p (stride lanes, zero beyond classes; null: not wanted); returns the sum, writes the maximum.
CK_INLINE float CK_NAME(row_exp)(long classes, const long stride, const float *m, float *p, float *maximum) {
    const i8 index = {0, 1, 2, 3, 4, 5, 6, 7};
    // Only the last eight may have lanes that are no classes.
    const long last = stride - 8;
    const i8 inside = index < (int32_t)(classes - last);
    const f8 none = (f8){0} - 3.4e38f;
    f8 top = CK_NAME(larger)(CK_NAME(select)(inside, AT(f8, m + last), none), none);
    for (long c = 0; c < last; c += 8) top = CK_NAME(larger)(AT(f8, m + c), top);
    const float max = CK_NAME(f8_max)(top);
    f8 sum = {0};
    for (long c = 0; c < last; c += 8) {
        const f8 e = CK_NAME(vexp)(AT(f8, m + c) - max);
        if (p) PUT(f8, p + c) = e;
        sum += e;
    }
    const f8 e = (f8)((i8)CK_NAME(vexp)(AT(f8, m + last) - max) & inside);
    if (p) PUT(f8, p + last) = e;
    *maximum = max;
    return CK_NAME(f8_sum)(sum + e);
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

CK_INLINE double CK_NAME(softmax_of)(
    long rows, long classes, const long stride, const float *m, const float *labels, const float *weights, float *r,
    double anchor) {
    const i8 index = {0, 1, 2, 3, 4, 5, 6, 7};
    d8 total = {0};
    for (long first = 0; first < rows; first += 8) {
        const long count = rows - first < 8 ? rows - first : 8;
        double below[8] = {0}, weight[8] = {0}, sums[8] = {1, 1, 1, 1, 1, 1, 1, 1};
        for (long k = 0; k < count; k++, m += stride) {
            const long i = first + k;
            float max, *p = r ? r + i * stride : 0;
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
            const i8 others = index != (int32_t)(label % 8);
            float *own = p + label / 8 * 8;
            PUT(f8, own) = (f8)((i8)AT(f8, own) & others);
            f8 rest = {0};
            for (long c = 0; c < stride; c += 8) {
                f8 v = AT(f8, p + c) * share;
                rest += v;
                PUT(f8, p + c) = v;
            }
            p[label] = -CK_NAME(f8_sum)(rest);
        }
        total += CK_NAME(on_grid)(AT(d8, weight) * (AT(d8, below) + CK_NAME(log_wide)(AT(d8, sums))), anchor);
    }
    return CK_NAME(d8_sum)(total);
}

static double CK_NAME(softmax)(
    long rows, long classes, long stride, const float *m, const float *labels, const float *weights, float *r,
    double anchor) {
    // Few classes: rows of one or two vectors, without loops.
    if (stride == 8) return CK_NAME(softmax_of)(rows, classes, 8, m, labels, weights, r, anchor);
    if (stride == 16) return CK_NAME(softmax_of)(rows, classes, 16, m, labels, weights, r, anchor);
    return CK_NAME(softmax_of)(rows, classes, stride, m, labels, weights, r, anchor);
}

// Σ ω Σ_c p_c (d_c − Σ_c p_c d_c)².
static double CK_NAME(softmax_curvature)(
    long rows, long classes, long stride, const float *m, const float *d, const float *weights, double anchor) {
    const i8 index = {0, 1, 2, 3, 4, 5, 6, 7};
    const long last = stride - 8;
    const i8 inside = index < (int32_t)(classes - last);
    float p[stride];
    double total = 0;
    for (long i = 0; i < rows; i++, m += stride, d += stride) {
        float max;
        const float sum = CK_NAME(row_exp)(classes, stride, m, p, &max);
        const f8 rest = (f8)((i8)AT(f8, d + last) & inside);
        f8 first = AT(f8, p + last) * rest;
        for (long c = 0; c < last; c += 8) first += AT(f8, p + c) * AT(f8, d + c);
        const float mean = CK_NAME(f8_sum)(first) / sum;
        f8 away = rest - mean, second = AT(f8, p + last) * (away * away);
        for (long c = 0; c < last; c += 8) {
            away = AT(f8, d + c) - mean;
            second += AT(f8, p + c) * (away * away);
        }
        const double term = (weights ? (double)weights[i] : 1.0) * (CK_NAME(f8_sum)(second) / sum);
        total += CK_NAME(on_grid)(term - (d8){0}, anchor)[0];
    }
    return total;
}

static void CK_NAME(softmax_rows)(long rows, long classes, long stride, const float *m, float *p) {
    float scratch[stride];
    for (long i = 0; i < rows; i++, m += stride, p += classes) {
        float max, sum = CK_NAME(row_exp)(classes, stride, m, scratch, &max);
        for (long c = 0; c < classes; c++) p[c] = scratch[c] / sum;
    }
}
