// A sample as the matrix whose product with the weights is its convolution, and back; part of layers_body.h.

CK_INLINE void CK_NAME(copy)(long n, const float *x, float *y) {
    long i = 0;
    for (; i + 8 <= n; i += 8) PUT(f8, y + i) = AT(f8, x + i);
    if (i + 4 <= n) {
        PUT(f4, y + i) = AT(f4, x + i);
        i += 4;
    }
    for (; i < n; i++) y[i] = x[i];
}

CK_INLINE void CK_NAME(add)(long n, const float *x, float *y) {
    long i = 0;
    for (; i + 8 <= n; i += 8) PUT(f8, y + i) += AT(f8, x + i);
    if (i + 4 <= n) {
        PUT(f4, y + i) += AT(f4, x + i);
        i += 4;
    }
    for (; i < n; i++) y[i] += x[i];
}

CK_INLINE void CK_NAME(clear)(long n, float *y) {
    for (long i = 0; i < n; i++) y[i] = 0;
}

// The places begin ..< end along one axis at which offset `at` of the kernel is in the plane.
CK_INLINE void CK_NAME(places)(
    long size, long stride, long padding, long count, long at, long *begin, long *end) {
    const long before = padding - at, after = size + padding - at;
    const long first = before > 0 ? (before + stride - 1) / stride : 0;
    const long last = after > 0 ? (after + stride - 1) / stride : 0;
    *end = last < count ? last : count;
    *begin = first < *end ? first : *end;
}

static void CK_NAME(im2col)(
    const ck_window *window, long channels, const float *x, long x_channel, float *column, long stride) {
    const ck_window w = *window;
    const long step = w.stride_width, places = w.out_width;
    for (long c = 0; c < channels; c++, x += x_channel)
        for (long i = 0; i < w.kernel_height; i++) {
            long top, bottom;
            CK_NAME(places)(w.height, w.stride_height, w.padding_height, w.out_height, i, &top, &bottom);
            for (long j = 0; j < w.kernel_width; j++, column += stride) {
                long left, right;
                CK_NAME(places)(w.width, step, w.padding_width, places, j, &left, &right);
                const long inside = right - left;
                CK_NAME(clear)(top * places, column);
                for (long a = top; a < bottom; a++) {
                    float *out = column + a * places;
                    const float *in = x + (a * w.stride_height + i - w.padding_height) * w.width + left * step + j
                        - w.padding_width;
                    for (long b = 0; b < left; b++) out[b] = 0;
                    if (step == 1) CK_NAME(copy)(inside, in, out + left);
                    else
                        for (long b = 0; b < inside; b++) out[left + b] = in[b * step];
                    for (long b = right; b < places; b++) out[b] = 0;
                }
                CK_NAME(clear)((w.out_height - bottom) * places, column + bottom * places);
            }
        }
}

static void CK_NAME(col2im)(
    const ck_window *window, long channels, const float *column, long stride, float *x, long x_channel) {
    const ck_window w = *window;
    const long step = w.stride_width, places = w.out_width;
    for (long c = 0; c < channels; c++, x += x_channel)
        for (long i = 0; i < w.kernel_height; i++) {
            long top, bottom;
            CK_NAME(places)(w.height, w.stride_height, w.padding_height, w.out_height, i, &top, &bottom);
            for (long j = 0; j < w.kernel_width; j++, column += stride) {
                long left, right;
                CK_NAME(places)(w.width, step, w.padding_width, places, j, &left, &right);
                const long inside = right - left;
                for (long a = top; a < bottom; a++) {
                    const float *in = column + a * places + left;
                    float *out = x + (a * w.stride_height + i - w.padding_height) * w.width + left * step + j
                        - w.padding_width;
                    if (step == 1) CK_NAME(add)(inside, in, out);
                    else
                        for (long b = 0; b < inside; b++) out[b * step] += in[b];
                }
            }
        }
}
