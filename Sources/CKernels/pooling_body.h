// Pooling over the places of a window; part of layers_body.h.

// The part of place `at` that is in the plane, along one axis.
CK_INLINE void CK_NAME(covered)(long at, long stride, long padding, long kernel, long size, long *begin, long *end) {
    const long from = at * stride - padding, to = from + kernel;
    *begin = from > 0 ? from : 0;
    *end = to < size ? to : size;
}

CK_INLINE long CK_NAME(largest)(const ck_window *w, const float *x, long row, long column) {
    long top, bottom, left, right;
    CK_NAME(covered)(row, w->stride_height, w->padding_height, w->kernel_height, w->height, &top, &bottom);
    CK_NAME(covered)(column, w->stride_width, w->padding_width, w->kernel_width, w->width, &left, &right);
    long best = top * w->width + left;
    for (long a = top; a < bottom; a++)
        for (long b = left; b < right; b++) {
            const float v = x[a * w->width + b];
            if (v > x[best] || v != v) best = a * w->width + b;
        }
    return best;
}

// 2 × 2 values under each of eight places: even and odd columns of two rows.
CK_INLINE void CK_NAME(largest_pairs)(const float *x, long width, int32_t at, float *y, int32_t *index) {
    const i8 first = at + (i8){0, 2, 4, 6, 8, 10, 12, 14};
    i8 place = first;
#define EVEN(p, q) __builtin_shufflevector(p, q, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD(p, q) __builtin_shufflevector(p, q, 1, 3, 5, 7, 9, 11, 13, 15)
    f8 p = AT(f8, x), q = AT(f8, x + 8), r = AT(f8, x + width), s = AT(f8, x + width + 8);
    f8 best = EVEN(p, q);
    const f8 others[3] = {ODD(p, q), EVEN(r, s), ODD(r, s)};
    const int32_t steps[3] = {1, (int32_t)width, (int32_t)width + 1};
#undef EVEN
#undef ODD
    for (int k = 0; k < 3; k++) {
        const i8 wins = (others[k] > best) | (others[k] != others[k]);
        best = CK_NAME(select)(wins, others[k], best);
        place = (wins & (first + steps[k])) | (~wins & place);
    }
    PUT(f8, y) = best;
    if (index) PUT(f8, index) = (f8)place;
}

static void CK_NAME(max_pool)(
    const ck_window *window, long samples, long channels, const float *x, long x_sample, long x_channel, float *y,
    int32_t *index) {
    const ck_window w = *window;
    const long pairs = w.kernel_height == 2 && w.kernel_width == 2 && w.stride_width == 2 && w.stride_height == 2
        && w.padding_width == 0 && w.padding_height == 0;
    for (long s = 0; s < samples; s++)
        for (long c = 0; c < channels; c++) {
            const float *plane = x + s * x_sample + c * x_channel;
            for (long a = 0; a < w.out_height; a++) {
                long b = 0;
                if (pairs)
                    for (; b + 8 <= w.out_width; b += 8) {
                        const long at = 2 * a * w.width + 2 * b;
                        CK_NAME(largest_pairs)(plane + at, w.width, (int32_t)at, y + b, index ? index + b : 0);
                    }
                for (; b < w.out_width; b++) {
                    const long best = CK_NAME(largest)(&w, plane, a, b);
                    y[b] = plane[best];
                    if (index) index[b] = (int32_t)best;
                }
                y += w.out_width;
                if (index) index += w.out_width;
            }
        }
}

static void CK_NAME(max_pool_back)(
    const ck_window *window, long samples, long channels, const float *d, const int32_t *index, float *dx,
    long x_sample, long x_channel) {
    const long size = window->height * window->width, places = window->out_height * window->out_width;
    for (long s = 0; s < samples; s++)
        for (long c = 0; c < channels; c++, d += places, index += places) {
            float *plane = dx + s * x_sample + c * x_channel;
            for (long p = 0; p < size; p++) plane[p] = 0;
            for (long p = 0; p < places; p++) plane[index[p]] += d[p];
        }
}

static void CK_NAME(average_pool)(const ck_window *window, long planes, const float *x, float *y) {
    const ck_window w = *window;
    for (long k = 0; k < planes; k++, x += w.height * w.width)
        for (long a = 0; a < w.out_height; a++) {
            long top, bottom;
            CK_NAME(covered)(a, w.stride_height, w.padding_height, w.kernel_height, w.height, &top, &bottom);
            for (long b = 0; b < w.out_width; b++) {
                long left, right;
                CK_NAME(covered)(b, w.stride_width, w.padding_width, w.kernel_width, w.width, &left, &right);
                float sum = 0;
                for (long i = top; i < bottom; i++)
                    for (long j = left; j < right; j++) sum += x[i * w.width + j];
                *y++ = sum / (float)((bottom - top) * (right - left));
            }
        }
}

static void CK_NAME(average_pool_back)(const ck_window *window, long planes, const float *d, float *dx) {
    const ck_window w = *window;
    for (long k = 0; k < planes; k++, dx += w.height * w.width) {
        for (long p = 0; p < w.height * w.width; p++) dx[p] = 0;
        for (long a = 0; a < w.out_height; a++) {
            long top, bottom;
            CK_NAME(covered)(a, w.stride_height, w.padding_height, w.kernel_height, w.height, &top, &bottom);
            for (long b = 0; b < w.out_width; b++) {
                long left, right;
                CK_NAME(covered)(b, w.stride_width, w.padding_width, w.kernel_width, w.width, &left, &right);
                const float share = *d++ / (float)((bottom - top) * (right - left));
                for (long i = top; i < bottom; i++)
                    for (long j = left; j < right; j++) dx[i * w.width + j] += share;
            }
        }
    }
}
