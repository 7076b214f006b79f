// Kernels of network layers; reached through ck_kernels.layers.
//
// Images are planes of Float (height × width, packed), one per channel. Rows and planes may start anywhere: nothing is
// assumed of alignment or padding, and nothing beyond the stated values is read or written. Values that are not finite
// pass on.
#ifndef CRESCENDO_CLAYERS_H
#define CRESCENDO_CLAYERS_H
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Places of a kernel on a plane: place (i, j) covers rows i · stride_height − padding_height and on, and so for columns.
typedef struct ck_window {
    long height, width;
    long kernel_height, kernel_width, stride_height, stride_width, padding_height, padding_width;
    /// Places: (height + 2 padding − kernel) / stride + 1, and so for the width.
    long out_height, out_width;
} ck_window;

typedef struct ck_layers {
    /// y = max(x, 0); y may be x
    void (*_Nonnull relu)(long n, const float *x, float *y);
    /// d = 0 where y ≤ 0, for y = max(x, 0)
    void (*_Nonnull relu_back)(long n, const float *y, float *d);
    /// y = x / (1 + exp(−2u)), u = √(2/π) (x + 0.044715 x³); y may be x
    void (*_Nonnull gelu)(long n, const float *x, float *y);
    /// d *= ∂gelu/∂x
    void (*_Nonnull gelu_back)(long n, const float *x, float *d);
    /// y = tanh x; y may be x
    void (*_Nonnull tanh)(long n, const float *x, float *y);
    /// d *= 1 − y²
    void (*_Nonnull tanh_back)(long n, const float *y, float *d);

    /// y[i, j] += bias[j]; then max(·, 0) if relu
    void (*_Nonnull bias_rows)(long rows, long columns, long stride, const float *bias, long relu, float *y);
    /// y[s, c, p] = x[s, c, p] + bias[c], then max(·, 0) if relu; strides between samples and channels; y may be x
    void (*_Nonnull bias_channels)(
        long samples, long channels, long positions, const float *x, long x_sample, long x_channel, const float *bias,
        long relu, float *y, long y_sample, long y_channel);
    /// sums[c] = Σ_p d[c, p]
    void (*_Nonnull channel_sums)(long channels, long positions, const float *d, long d_channel, float *sums);
    /// squares[i] = Σ_j x[i, j]², largest[i] = max_j |x[i, j]|
    void (*_Nonnull row_norms)(
        long rows, long columns, long stride, const float *x, double *squares, float *largest);
    /// g += the whole number nearest to scale · x, modulo 2³²; returns Σ x², largest = max |x|. `scale` is a power of two
    double (*_Nonnull add_units)(long n, const float *x, float scale, int32_t *g, float *largest);
    /// Σ p x²
    double (*_Nonnull weighted_squares)(long n, const float *x, const float *p);
    /// g += x, modulo 2³²
    void (*_Nonnull sum_units)(long n, const int32_t *x, int32_t *g);
    /// out = unit · units; out may be units
    void (*_Nonnull from_units)(long n, const int32_t *units, float unit, float *out);

    /// y[s, c, place] = largest value under the place, index = its position in the plane (may be null), both packed
    void (*_Nonnull max_pool)(
        const ck_window *window, long samples, long channels, const float *x, long x_sample, long x_channel, float *y,
        int32_t *_Nullable index);
    /// dx = 0, then dx[s, c, index] += d[s, c, place]
    void (*_Nonnull max_pool_back)(
        const ck_window *window, long samples, long channels, const float *d, const int32_t *index, float *dx,
        long x_sample, long x_channel);
    /// y[plane, place] = mean of the values under the place that are in the plane
    void (*_Nonnull average_pool)(const ck_window *window, long planes, const float *x, float *y);
    /// dx = the transpose of that applied to d
    void (*_Nonnull average_pool_back)(const ck_window *window, long planes, const float *d, float *dx);

    /// c[i, j] = or (adds) += Σ_k a[i, k] b[k, j], in the order of k whatever the set, each step one fused multiply-add where it
    /// has them; distances between rows and columns of a and b, rows of c
    void (*_Nonnull matrix_product)(
        long rows, long columns, long length, const float *a, long a_row, long a_column, const float *b, long b_row,
        long b_column, float *c, long c_row, long adds);
    /// g[j, c] += Σ over groups of the whole number nearest to scale Σ_{i in group} x[i, j] d[i, c], modulo 2³²; `scale` is a
    /// power of two, group q has the rows ends[q − 1] ..< ends[q], at most 64, and rows of g are packed
    void (*_Nonnull outer_product)(
        const int32_t *ends, long groups, long inputs, const float *x, long x_row, long outputs, const float *d,
        long d_row, float scale, int32_t *g);

    /// column[(c, i, j), place] = x[c, under (i, j) of the place] or 0 in the padding; rows of column `stride` apart,
    /// planes of x `x_channel`
    void (*_Nonnull im2col)(
        const ck_window *window, long channels, const float *x, long x_channel, float *column, long stride);
    /// x += the transpose of that applied to column
    void (*_Nonnull col2im)(
        const ck_window *window, long channels, const float *column, long stride, float *x, long x_channel);

    // Convolution place by place. `padded` is scratch memory of channels · (height + 2 padding) · (width + 2 padding) + 16
    // values; a row of patches has `stride` values, a multiple of 16 and at least channels · kernel, and 16 values more
    // must follow the last.

    /// out[place, (c, i, j)] = x[c, under (i, j) of the place], 0 in the padding and beyond
    void (*_Nonnull patches)(
        const ck_window *window, long channels, const float *x, long x_channel, float *padded, float *out, long stride);
    /// x = the transpose of that applied to in (what is beyond (c, i, j) in a row is not used)
    void (*_Nonnull patches_back)(
        const ck_window *window, long channels, const float *in, long stride, float *padded, float *x, long x_channel);
    /// out = filters × length weights as filter_product wants them: length · (filters rounded up to 16) values
    void (*_Nonnull pack_filters)(long filters, long length, const float *w, float *out);
    /// c[i, o] = Σ_k a[i, k] w[o, k]; rows of c have room for a multiple of 16, and what is beyond `filters` means nothing
    void (*_Nonnull filter_product)(
        long rows, long length, long filters, const float *a, long a_stride, const float *packed, float *c,
        long c_stride);
    /// out[c, place] = bias[c] + the largest y[position, c] under the place, index = its position; out and index packed,
    /// y with rows of a multiple of 16 values
    void (*_Nonnull pool_rows)(
        const ck_window *window, long channels, const float *y, long stride, const float *bias, float *out,
        int32_t *index);
    /// The d[c, place] that are not 0: from channel_starts[c] on with the position that index tells, and (unless null) from
    /// place_starts[position] on with their channel. Lists hold channels × places entries, starts one more than there are
    /// channels, or positions
    void (*_Nonnull pool_lists)(
        long channels, long places, const float *d, const int32_t *index, long positions, int32_t *channel_starts,
        int32_t *channel_places, float *channel_values, int32_t *_Nullable place_starts,
        int32_t *_Nullable place_channels, float *_Nullable place_values);
    /// out[r] = Σ_{starts[r] ≤ e < starts[r + 1]} values[e] b[items[e]]; rows of b have room for a multiple of 16
    void (*_Nonnull listed_product)(
        long rows, const int32_t *starts, const int32_t *items, const float *values, const float *b, long b_stride,
        float *out, long out_stride, long width);
    /// y = gain_c (x − mean) · inverse + bias_c, mean and inverse = 1/√(variance + epsilon) of each sample's group of
    /// channels; mean and inverse hold samples × groups; y may be x
    void (*_Nonnull normalise)(
        long samples, long channels, long positions, long groups, double epsilon, const float *x, const float *gain,
        const float *bias, float *y, float *mean, float *inverse);
    /// Of one sample: d = ∂/∂x; gains[c] = Σ_p d (x − mean) inverse, biases[c] = Σ_p d
    void (*_Nonnull normalise_back)(
        long channels, long positions, long groups, const float *x, const float *mean, const float *inverse,
        const float *gain, float *d, float *gains, float *biases);

    /// Σ ω (log Σ_c exp m_c − Σ_c t_c m_c), t = (1 − smoothing) e_label + smoothing / classes, each term on the anchor's grid;
    /// m = ω (softmax(m) − t) if gradient
    double (*_Nonnull softmax_head)(
        long rows, long classes, long stride, float *m, const float *labels, const float *_Nullable weights,
        double smoothing, double anchor, long gradient);

    /// x[i, u] = 0 where hash(seed, draw, layer, positions[i], u) < rate · 2³², else x[i, u] / (1 − rate)
    void (*_Nonnull dropout)(
        long rows, long units, long stride, float *x, const long *positions, uint64_t seed, uint64_t draw,
        uint64_t layer, double rate);
} ck_layers;

#pragma clang assume_nonnull end
#endif
