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

static double CK_NAME(softmax)(
    long rows, long classes, long stride, const float *m, const float *labels, const float *weights, float *r) {
    double total = 0, product = 1;
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
        // One logarithm for many rows: a sum of exponentials is between 1 and the number of classes.
        total += weight * (max - target);
        if (weights) total += weight * log((double)sum);
        else product *= sum;
        if (product > 1e150) {
            total += log(product);
            product = 1;
        }
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
    return total + log(product);
}

static void CK_NAME(softmax_rows)(long rows, long classes, long stride, const float *m, float *p) {
    float scratch[stride];
    for (long i = 0; i < rows; i++, m += stride, p += classes) {
        float max, sum = CK_NAME(row_exp)(classes, stride, m, scratch, &max);
        for (long c = 0; c < classes; c++) p[c] = scratch[c] / sum;
    }
}
