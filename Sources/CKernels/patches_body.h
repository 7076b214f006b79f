// Convolution place by place: the values under a place as one row (a patch), products of patches with all filters, and
// their maxima; part of layers_body.h. Rows of patches are padded to multiples of 16 values.

// The planes with their padding, so that no place needs a test; 8 more values may be read behind them.
CK_INLINE long CK_NAME(padded_width)(const ck_window *w) { return w->width + 2 * w->padding_width; }
CK_INLINE long CK_NAME(padded_size)(const ck_window *w) {
    return (w->height + 2 * w->padding_height) * CK_NAME(padded_width)(w);
}

// The first `count` ≤ 8 lanes.
CK_INLINE i8 CK_NAME(first_lanes)(long count) { return (i8){0, 1, 2, 3, 4, 5, 6, 7} < (int32_t)count; }

static void CK_NAME(patches)(
    const ck_window *window, long channels, const float *x, long x_channel, float *padded, float *out, long stride) {
    const ck_window w = *window;
    const long width = CK_NAME(padded_width)(&w), size = CK_NAME(padded_size)(&w), run = w.kernel_width;
    for (long c = 0; c < channels; c++) {
        float *plane = padded + c * size;
        if (size > w.height * w.width) CK_NAME(clear)(size, plane);
        for (long a = 0; a < w.height; a++)
            CK_NAME(copy)(
                w.width, x + c * x_channel + a * w.width, plane + (a + w.padding_height) * width + w.padding_width);
    }
    CK_NAME(clear)(8, padded + channels * size);
    const long length = channels * w.kernel_height * run;
    for (long a = 0; a < w.out_height; a++)
        for (long b = 0; b < w.out_width; b++, out += stride) {
            const float *corner = padded + a * w.stride_height * width + b * w.stride_width;
            float *target = out;
            // Eight values are written for a shorter run; what is too much is overwritten by the next.
            if (run == 5 && w.kernel_height == 5)
                for (long c = 0; c < channels; c++, corner += size, target += 25)
                    _Pragma("clang loop unroll(full)") for (long i = 0; i < 5; i++)
                        PUT(f8, target + 5 * i) = AT(f8, corner + i * width);
            else
                for (long c = 0; c < channels; c++, corner += size)
                    for (long i = 0; i < w.kernel_height; i++, target += run) {
                        if (run <= 8) PUT(f8, target) = AT(f8, corner + i * width);
                        else CK_NAME(copy)(run, corner + i * width, target);
                    }
            for (long k = length; k < stride; k++) out[k] = 0;
        }
}

static void CK_NAME(patches_back)(
    const ck_window *window, long channels, const float *in, long stride, float *padded, float *x, long x_channel) {
    const ck_window w = *window;
    const long width = CK_NAME(padded_width)(&w), size = CK_NAME(padded_size)(&w), run = w.kernel_width;
    const i8 mask = CK_NAME(first_lanes)(run < 8 ? run : 8);
    CK_NAME(clear)(channels * size + 8, padded);
    for (long a = 0; a < w.out_height; a++)
        for (long b = 0; b < w.out_width; b++, in += stride) {
            float *corner = padded + a * w.stride_height * width + b * w.stride_width;
            const float *source = in;
            if (run == 5 && w.kernel_height == 5)
                for (long c = 0; c < channels; c++, corner += size, source += 25)
                    _Pragma("clang loop unroll(full)") for (long i = 0; i < 5; i++)
                        PUT(f8, corner + i * width) += (f8)((i8)AT(f8, source + 5 * i) & mask);
            else
                for (long c = 0; c < channels; c++, corner += size)
                    for (long i = 0; i < w.kernel_height; i++, source += run) {
                        if (run <= 8) PUT(f8, corner + i * width) += (f8)((i8)AT(f8, source) & mask);
                        else CK_NAME(add)(run, source, corner + i * width);
                    }
        }
    for (long c = 0; c < channels; c++)
        for (long a = 0; a < w.height; a++)
            CK_NAME(copy)(
                w.width, padded + c * size + (a + w.padding_height) * width + w.padding_width,
                x + c * x_channel + a * w.width);
}

// Filters are packed in panels of CK_PANEL (the last one of fewer) that all rows of a meet one after the other.
static void CK_NAME(pack_filters)(long filters, long length, const float *w, float *out) {
    for (long o = 0; o < filters; o += CK_PANEL) {
        const long count = filters - o < CK_PANEL ? filters - o : CK_PANEL;
        const long width = (count + CK_LANES - 1) / CK_LANES * CK_LANES;
        CK_NAME(pack)(length, count, width, w + o * length, 1, length, out);
        out += length * width;
    }
}

static void CK_NAME(filter_product)(
    long rows, long length, long filters, const float *a, long a_stride, const float *packed, float *c, long c_stride) {
    for (long o = 0; o < filters; o += CK_PANEL) {
        const long count = filters - o < CK_PANEL ? filters - o : CK_PANEL;
        const long width = (count + CK_LANES - 1) / CK_LANES * CK_LANES;
        const long most = CK_STRETCH / width, stretches = (length + most - 1) / most;
        for (long s = 0; s < stretches; s++) {
            const long k = length * s / stretches, part = length * (s + 1) / stretches - k;
            CK_NAME(panel_product)(
                width, s > 0, rows, part, a + k, a_stride, 1, packed + k * width, width, c + o, c_stride);
        }
        packed += length * width;
    }
}

// The largest of the rows under each place, plus the bias, to planes: 16 places of 16 channels at a time.
static void CK_NAME(pool_rows)(
    const ck_window *window, long channels, const float *y, long stride, const float *bias, float *out,
    int32_t *index) {
    typedef int32_t i16 __attribute__((vector_size(64), aligned(4), may_alias));
    const ck_window w = *window;
    const long places = w.out_height * w.out_width;
    float best_of[16][16];
    int32_t chosen_of[16][16];
    for (long first = 0; first < places; first += 16) {
        const long block = places - first < 16 ? places - first : 16;
        for (long c = 0; c < channels; c += 16) {
            const long count = channels - c < 16 ? channels - c : 16;
            long row = first / w.out_width, column = first % w.out_width;
            for (long p = 0; p < block; p++) {
                long top, bottom, left, right;
                CK_NAME(covered)(
                    row, w.stride_height, w.padding_height, w.kernel_height, w.height, &top, &bottom);
                CK_NAME(covered)(column, w.stride_width, w.padding_width, w.kernel_width, w.width, &left, &right);
                f16 best = AT(f16, y + (top * w.width + left) * stride + c);
                i16 chosen = (i16){0} + (int32_t)(top * w.width + left);
                for (long a = top; a < bottom; a++)
                    for (long b = left; b < right; b++) {
                        const f16 v = AT(f16, y + (a * w.width + b) * stride + c);
                        const i16 wins = (v > best) | (v != v);
                        best = (f16)((wins & (i16)v) | (~wins & (i16)best));
                        chosen = (wins & (int32_t)(a * w.width + b)) | (~wins & chosen);
                    }
                PUT(f16, best_of[p]) = best;
                PUT(i16, chosen_of[p]) = chosen;
                if (++column == w.out_width) {
                    column = 0;
                    row++;
                }
            }
            for (long k = 0; k < count; k++) {
                float *target = out + (c + k) * places + first;
                int32_t *target_index = index + (c + k) * places + first;
                for (long p = 0; p < block; p++) {
                    target[p] = best_of[p][k] + bias[c + k];
                    target_index[p] = chosen_of[p][k];
                }
            }
        }
    }
}
