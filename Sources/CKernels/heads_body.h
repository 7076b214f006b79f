// The loss of a network's last layer and its gradient in place; part of layers_body.h.

// exp(m − largest) of one row into p; returns their sum. Several rows of few classes fill no vector: 8 at a time do.
CK_INLINE float CK_NAME(head_exp)(long classes, const float *m, float largest, float *p) {
    f8 sum = {0};
    for (long c = 0; c < classes; c += 8) {
        // The lanes beyond are exp(−∞) = 0.
        f8 e = CK_NAME(vexp)(CK_NAME(load8)(m + c, classes - c, -__builtin_inff()) - largest);
        CK_NAME(store8)(p + c, classes - c, e);
        sum += e;
    }
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

static double CK_NAME(softmax_head)(
    long rows, long classes, long stride, float *m, const float *labels, const float *weights, double smoothing,
    double anchor, long gradient) {
    double total = 0;
    float scratch[classes];
    const float even = (float)(smoothing / (double)classes), kept = (float)(smoothing - smoothing / (double)classes);
    for (long i = 0; i < rows; i++, m += stride) {
        const float weight = weights ? weights[i] : 1;
        // A missing label (NaN) or one beyond the classes makes the loss NaN and leaves memory alone.
        if (!(labels[i] >= 0 && labels[i] < classes)) {
            total = NAN;
            for (long c = 0; gradient && c < classes; c++) m[c] = NAN;
            continue;
        }
        const long label = (long)labels[i];
        float largest = m[0];
        double mean = 0;
        for (long c = 1; c < classes; c++) largest = m[c] > largest ? m[c] : largest;
        if (smoothing > 0)
            for (long c = 0; c < classes; c++) mean += (double)m[c] - largest;
        const double target = (1 - smoothing) * ((double)m[label] - largest) + even * mean;
        float *p = gradient ? m : scratch;
        const float sum = CK_NAME(head_exp)(classes, m, largest, p);
        const d8 row = {(double)sum, 1, 1, 1, 1, 1, 1, 1};
        total += CK_NAME(on_grid)(weight * (CK_NAME(log_wide)(row) - target), anchor)[0];
        if (!gradient) continue;
        // 1 − p_label as the sum of the others: no cancellation when the network is sure.
        const float factor = 1 / sum;
        float others = 0;
        for (long c = 0; c < classes; c++) {
            const float v = p[c] * factor;
            others += c == label ? 0 : v;
            p[c] = weight * (v - even);
        }
        p[label] = weight * (kept - others);
    }
    return total;
}
