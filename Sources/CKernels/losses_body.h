// Link functions and losses over blocks of margins; part of kernels_body.h.

CK_INLINE f8 CK_NAME(select)(i8 mask, f8 yes, f8 no) {
    return (f8)((mask & (i8)yes) | (~mask & (i8)no));
}

// exp for x ≤ 0, relative error about 1e-7 (0 below −87.3); NaN stays NaN. Cody–Waite reduction, Taylor–minimax
// polynomial of the Cephes library.
CK_INLINE f8 CK_NAME(vexp)(f8 x) {
    i8 tiny = x < -87.3f;
    f8 low = CK_NAME(select)(tiny, (f8){0} - 87.3f, x);
    f8 shifted = low * 1.44269504f + 12582912.0f;
    f8 n = shifted - 12582912.0f;
    f8 r = low - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    f8 p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    i8 power = ((i8)shifted + (127 - 0x4B400000)) << 23;
    return (f8)((i8)(p * (f8)power) & ~tiny);
}

// For z = y m: e = exp(−|z|); log(1 + exp(−z)) = max(−z, 0) + log1p(e); σ(−z) = e/(1+e) or 1/(1+e).
// log1p(e) = 2 atanh(s), s = e/(2+e) ≤ 1/3. One division serves both.
CK_INLINE f8 CK_NAME(logistic_terms)(f8 z, f8 *sigma) {
    f8 size = (f8)((i8)z & 0x7fffffff);
    f8 e = CK_NAME(vexp)(-size);
    f8 one = 1.0f + e, two = 2.0f + e;
    f8 inverse = 1.0f / (one * two);
    f8 s = e * one * inverse;
    f8 u = s * s;
    f8 p = u * 0.09758104f + 0.11317030f;
    p = p * u + 0.14257510f;
    p = p * u + 0.20001048f;
    p = p * u + 0.33333322f;
    f8 log1p = 2.0f * (s + s * u * p);
    f8 q = two * inverse;
    *sigma = CK_NAME(select)(z > 0, e * q, q);
    return (f8)((i8)size & (z < 0)) + log1p;
}

static double CK_NAME(logistic)(long n, const float *m, const float *labels, const float *weights, float *r) {
    d8 sum = {0};
    double tail = 0;
    for (long i = 0; i < n; i += 8) {
        long count = n - i < 8 ? n - i : 8;
        f8 margin, label, weight = (f8){0} + 1.0f, sigma;
        if (count == 8) {
            margin = AT(f8, m + i);
            label = AT(f8, labels + i);
            if (weights) weight = AT(f8, weights + i);
        } else {
            margin = label = (f8){0};
            for (long k = 0; k < count; k++) {
                margin[k] = m[i + k];
                label[k] = labels[i + k];
                if (weights) weight[k] = weights[i + k];
            }
        }
        f8 y = 2.0f * label - 1.0f;
        f8 loss = weight * CK_NAME(logistic_terms)(y * margin, &sigma);
        f8 residual = -y * weight * sigma;
        if (count == 8) {
            sum += __builtin_convertvector(loss, d8);
            if (r) PUT(f8, r + i) = residual;
        } else {
            for (long k = 0; k < count; k++) {
                tail += loss[k];
                if (r) r[i + k] = residual[k];
            }
        }
    }
    return CK_NAME(d8_sum)(sum) + tail;
}

static double CK_NAME(squared_error)(long n, const float *m, const float *labels, const float *weights, float *r) {
    d8 sum = {0};
    double tail = 0;
    long i = 0;
    for (; i + 8 <= n; i += 8) {
        f8 difference = AT(f8, m + i) - AT(f8, labels + i);
        d8 wide = __builtin_convertvector(difference, d8);
        if (weights) {
            f8 weight = AT(f8, weights + i);
            sum += wide * wide * __builtin_convertvector(weight, d8);
            difference *= weight;
        } else {
            sum += wide * wide;
        }
        if (r) PUT(f8, r + i) = difference;
    }
    for (; i < n; i++) {
        float difference = m[i] - labels[i], weight = weights ? weights[i] : 1;
        tail += (double)difference * difference * weight;
        if (r) r[i] = difference * weight;
    }
    return 0.5 * (CK_NAME(d8_sum)(sum) + tail);
}

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

static double CK_NAME(softmax)(
    long rows, long classes, long stride, const float *m, const float *labels, const float *weights, float *r) {
    double total = 0;
    float scratch[stride];
    for (long i = 0; i < rows; i++, m += stride) {
        float max, weight = weights ? weights[i] : 1;
        float *p = r ? r + i * stride : scratch;
        // A missing label (NaN) or one beyond the classes makes the loss NaN and leaves memory alone.
        if (!(labels[i] >= 0 && labels[i] < classes)) {
            total = NAN;
            for (long c = 0; r && c < stride; c++) p[c] = c < classes ? NAN : 0;
            continue;
        }
        long label = (long)labels[i];
        double target = m[label];
        float sum = CK_NAME(row_exp)(classes, stride, m, p, &max);
        total += weight * (log((double)sum) + (max - target));
        if (!r) continue;
        float others = 0, factor = weight / sum;
        // 1 − p_label as the sum of the others: no cancellation when the model is sure.
        p[label] = 0;
        f8 rest = {0};
        for (long c = 0; c < stride; c += 8) {
            f8 v = AT(f8, p + c) * factor;
            rest += v;
            PUT(f8, p + c) = v;
        }
        others = ((rest[0] + rest[4]) + (rest[2] + rest[6])) + ((rest[1] + rest[5]) + (rest[3] + rest[7]));
        p[label] = -others;
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

static void CK_NAME(sigmoid)(long n, const float *m, float *p) {
    for (long i = 0; i < n; i += 8) {
        long count = n - i < 8 ? n - i : 8;
        f8 z = {0}, sigma;
        for (long k = 0; k < count; k++) z[k] = -m[i + k];
        CK_NAME(logistic_terms)(z, &sigma);
        for (long k = 0; k < count; k++) p[i + k] = sigma[k];
    }
}

static void CK_NAME(add_scaled)(long n, const float *a, float step, const float *b, float *out) {
    long i = 0;
    for (; i + 8 <= n; i += 8) PUT(f8, out + i) = AT(f8, a + i) + step * AT(f8, b + i);
    for (; i < n; i++) out[i] = a[i] + step * b[i];
}

static double CK_NAME(residual_sums)(
    long rows, long classes, long stride, const float *r, const float *norms, double extra, double *sums) {
    double squares = 0;
    long i = 0;
    if (classes == 1) {
        d8 total = {0}, sum = {0};
        for (; i + 8 <= rows; i += 8) {
            d8 ri = __builtin_convertvector(AT(f8, r + i), d8), ni = __builtin_convertvector(AT(f8, norms + i), d8);
            sum += ri;
            total += ri * ri * (ni + extra);
        }
        double tail = 0;
        for (; i < rows; i++) {
            tail += r[i];
            squares += (double)r[i] * r[i] * (norms[i] + extra);
        }
        sums[0] += CK_NAME(d8_sum)(sum) + tail;
        return CK_NAME(d8_sum)(total) + squares;
    }
    for (; i < rows; i++, r += stride) {
        d8 total = {0};
        for (long c = 0; c < stride; c += 8) {
            d8 ri = __builtin_convertvector(AT(f8, r + c), d8);
            PUT(d8, sums + c) += ri;
            total += ri * ri;
        }
        squares += CK_NAME(d8_sum)(total) * (norms[i] + extra);
    }
    return squares;
}
