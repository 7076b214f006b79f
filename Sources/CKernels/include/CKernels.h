// Numerical kernels with the instruction set chosen at run time.
//
// Shapes: x is a row-major block of Float rows, `stride` floats apart; `width` is the padded row length (a multiple of
// 16, padding zero). Multi-class blocks (margins, residuals, weights, gradients) are row-major with a class stride that
// is a multiple of 8. Sums over samples are Double.
//
// Sums over samples are the same bits in any order where their anchors say on which grid: an anchor is 1.5 · 2^52 q, every
// addend is rounded to a multiple of q, and |Σ| of all addends' sizes must be below 2^51 q. An argument `anchor` rounds the
// addends (0: not at all); vectors of sums begin at their anchors, which are taken off in the end, and round by
// themselves. An addend is a row's, an entry's or a piece's: what there is of rows 16 k ..< 16 (k + 1) of the matrix.
#ifndef CRESCENDO_CKERNELS_H
#define CRESCENDO_CKERNELS_H
#include <math.h>
#include <stdint.h>

#include "CLayers.h"

#pragma clang assume_nonnull begin

/// Losses of one margin; formulas in `Models.ScalarLosses`. `delta` is Huber's bound, and not used by the others.
typedef enum ck_loss : int32_t { ck_logistic, ck_squared_error, ck_squared_hinge, ck_huber, ck_poisson } ck_loss;

/// Neighbours whose sum is one addend.
#define CK_PIECE 16

/// A value of a sparse matrix in a column.
typedef struct ck_entry {
    int32_t row;
    float value;
} ck_entry;

/// Consecutive dense rows from row `first` on, and what belongs to them; weights may be null (1), norms too (squares are
/// not wanted).
typedef struct ck_rows {
    long first, count;
    const float *x, *labels;
    const float *_Nullable weights;
    const float *_Nullable norms;
} ck_rows;

/// What is the same for all rows of a gradient pass. w, g (zero before and after) and sums have `stride` values.
typedef struct ck_pass {
    long stride;
    const float *w;
    float offset;
    ck_loss kind;
    double delta, extra, loss_anchor, square_anchor, residual_anchor;
    float *g;
    double *sums;
} ck_pass;

/// Σ f, Σ r² (norm + extra), Σ r; max |r| is the largest of eight.
typedef struct ck_pass_sums {
    double loss, squares, residuals;
    float largest[8];
} ck_pass_sums;

typedef struct ck_kernels {
    const char *name;
    /// m[i] = offset + x_i·w
    void (*_Nonnull margins)(const float *x, long stride, long rows, long width, const float *w, float offset, float *m);
    /// sums += Σ_i r[i] x_i over rows from row `first` on, piece by piece; sums has `width` values
    void (*_Nonnull transposed)(
        const float *x, long stride, long first, long rows, long width, const float *r, double *sums);
    /// One read of the rows: margins, residuals r = ω ∂f/∂m, p->sums += Σ r x, and the other sums, which are added to *out
    void (*_Nonnull pass)(const ck_pass *p, const ck_rows *rows, ck_pass_sums *out);
    /// m[i, c] = offset[c] + Σ_j x[i, j] w[j, c]
    void (*_Nonnull margins_multi)(
        const float *x, long stride, long rows, long columns, const float *w, const float *offset, long classes,
        float *m);
    /// m[i, c] = offset[c] + Σ_j x[i, j] w[c, j] of `count` classes, zero up to the stride `classes`; rows of w have `width` values
    void (*_Nonnull margins_by_class)(
        const float *x, long stride, long rows, long width, const float *w, const float *offset, long count,
        long classes, float *m);
    /// lanes[i, c] += y_c² + y_{c + 8}² for c < 8, y = offset + Σ_{j < columns} x[i, j] panel[j, ·] of a panel of sixteen
    /// columns
    void (*_Nonnull panel_squares)(
        const float *x, long stride, long rows, long columns, const float *panel, const float *offset, float *lanes);
    /// sums[c, j] += Σ_i x[i, j] r[i, c] of `count` classes over rows from row `first` on, piece by piece; rows of sums have
    /// `width` values, those of r `classes`
    void (*_Nonnull transposed_multi)(
        const float *x, long stride, long first, long rows, long width, const float *r, long count, long classes,
        double *sums);
    /// out[i] = Σ_j scale_j (x_ij − shift_j)² (scale null: 1, shift null: 0), summed in Double
    void (*_Nonnull squared_norms)(
        const float *x, long stride, long rows, long width, const float *_Nullable scale, const float *_Nullable shift,
        float *out);
    /// Rows of a CSR matrix, columns ascending and unique: m[i] = offset + Σ_k value_k w[column_k]
    void (*_Nonnull sparse_margins)(
        const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *w, float offset,
        float *m);
    /// sums[column_k] += r[i] value_k
    void (*_Nonnull sparse_transposed)(
        const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *r, double *sums);
    /// sums[column, columns_b] += z_a z_b for the entries a = places[starts[column] ..< starts[column + 1]] and a ≤ b < ends[a],
    /// the end of its row
    void (*_Nonnull sparse_gram)(
        const int32_t *starts, long column_count, const int32_t *places, const int32_t *ends, const int32_t *columns,
        const double *z, double *sums, long width);
    /// m[i, c] = offset[c] + Σ_k value_k w[column_k · classes + c]; w has features · classes values
    void (*_Nonnull sparse_margins_multi)(
        const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *w, long classes,
        const float *offset, float *m, long m_stride);
    /// sums[column_k · classes + c] += value_k r[i, c] for columns low ..< high
    void (*_Nonnull sparse_transposed_multi)(
        const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *r, long r_stride,
        long classes, int32_t low, int32_t high, double *sums);
    /// The same from entries sorted by column: column q has entries starts[q] ..< starts[q + 1]
    void (*_Nonnull sparse_gather_multi)(
        const int32_t *columns, const int32_t *starts, long count, const ck_entry *entries, const float *r,
        long r_stride, long classes, double *sums);
    /// Σ ω f(m + step · slopes, label); slopes, ω and r may be null; r (only without slopes; may be m) = ω ∂f/∂m
    double (*_Nonnull loss)(
        ck_loss kind, double delta, long n, const float *m, const float *_Nullable slopes, float step,
        const float *labels, const float *_Nullable weights, float *_Nullable r, double anchor);
    /// out[i] = ω ∂²f/∂m²
    void (*_Nonnull second_derivatives)(
        ck_loss kind, double delta, long n, const float *m, const float *labels, const float *_Nullable weights,
        float *out);
    /// Σ h v²
    double (*_Nonnull square_sum)(long n, const float *h, const float *v, double anchor);
    /// Σ ω (log Σ_c exp m_c − m_label); r (may be null, may be m) = ω (softmax(m) − e_label)
    double (*_Nonnull softmax)(
        long rows, long classes, long stride, const float *m, const float *labels, const float *_Nullable weights,
        float *_Nullable r, double anchor);
    /// Σ ω (Σ_c p_c d_c² − (Σ_c p_c d_c)²) of p = softmax(m); d has stride values a row
    double (*_Nonnull softmax_curvature)(
        long rows, long classes, long stride, const float *m, const float *d, const float *_Nullable weights,
        double anchor);
    /// p = softmax of each row, `classes` packed values a row
    void (*_Nonnull softmax_rows)(long rows, long classes, long stride, const float *m, float *p);
    /// p = 1/(1 + exp(−m))
    void (*_Nonnull sigmoid)(long n, const float *m, float *p);
    /// out = a + step · b
    void (*_Nonnull add_scaled)(long n, const float *a, float step, const float *b, float *out);
    /// Adds Σ_i ‖r_i‖² (norms[i] + extra) over rows of `classes` residuals and max |r| to *out; sums[c] += Σ_i r[i, c]
    void (*_Nonnull residual_sums)(
        long rows, long classes, long stride, const float *r, const float *norms, double extra, double square_anchor,
        double anchor, double *sums, ck_pass_sums *out);
    /// sums[i, j] += Σ_r z[r, i] z[r, j] for j ≥ i; width is a multiple of 8 and the row length of sums.
    /// Entries below the diagonal, in its blocks of eight, are added to as well and mean nothing. `bytes` from `next` on
    /// are fetched into the cache meanwhile.
    void (*_Nonnull gram)(
        const double *z, long stride, long rows, long width, double *sums, const char *_Nullable next, long bytes);
    /// z[r] = s_r (x_r − shift, 1 if ones), s_r = √weights[r] (weights and shift may be null), times per_unit and rounded to
    /// whole numbers where that is not null; zeros up to width
    void (*_Nonnull gram_pack)(
        const float *x, long stride, long rows, long columns, const float *_Nullable shift,
        const float *_Nullable weights, const double *_Nullable per_unit, long ones, long width, double *z);
    /// tops[j] = max(tops[j], max_r |z[r, j]|) and counts[j] += the rows where z[r, j] is not 0 for j < columns, z as gram_pack
    /// has it without units
    void (*_Nonnull root_ranges)(
        const float *x, long stride, long rows, long columns, const float *_Nullable shift,
        const float *_Nullable weights, float *tops, int *counts);
    /// out[j] = max(out[j], max_r |x[r, j]|), NaN where one is NaN, for j < stride
    void (*_Nonnull column_maxima)(const float *x, long stride, long rows, float *out);
    /// sums[j] += Σ_r (x[r, j] − shift[j])² for j < columns, in Double, each square an addend; shift may be null
    void (*_Nonnull column_squares)(
        const float *x, long stride, long rows, long columns, const float *_Nullable shift, double *sums);
    /// Of every column j of rows of doubles: sums[j] + tails[j] += Σ x, highest[j] and lowest[j] become the largest of
    /// themselves and x, and of −x, stored[j] counts the x that are not 0
    void (*_Nonnull table_moments)(
        const double *x, long rows, long columns, double *sums, double *tails, double *highest, double *lowest,
        double *stored);
    /// sums[j] + tails[j] += Σ ((x − means[j]) per_unit[j])² over the x that are not 0
    void (*_Nonnull table_deviations)(
        const double *x, long rows, long columns, const double *means, const double *per_unit, double *sums,
        double *tails);
    /// out[j] = (x[j] − means[j]) factors[j], rounded once; returns norm + Σ (out[j]² − absent[j]²), one after the other
    double (*_Nonnull scale_row)(
        const double *x, long columns, const double *means, const double *factors, const float *absent, double norm,
        float *out);
    /// found[0] and found[1] become how often a and b occur
    void (*_Nonnull count_bytes)(const uint8_t *text, long count, uint8_t a, uint8_t b, long *found);
    const ck_layers *layers;
} ck_kernels;

/// What is at `p` will be written soon.
static inline void ck_will_write(void *p) { __builtin_prefetch(p, 1); }

/// The fastest set this machine runs, or the one that CRESCENDO_ISA (baseline, avx2, avx512) names if it can run.
const ck_kernels *ck_current(void);
/// The set of that name, or null where this machine or build has none.
const ck_kernels *_Nullable ck_named(const char *name);

/// Zeroed memory, aligned to 64 bytes. From 4 MB on it is mapped: pages are huge where the kernel gives them on request,
/// zero until touched, and lie near the thread that touches them first. Null where there is no memory.
void *_Nullable ck_allocate(long bytes);
/// Frees what ck_allocate(bytes) gave.
void ck_free(void *memory, long bytes);

/// Calls body(context, index) for 0 ..< count and returns when all are done: index 0 here, each other index on a thread
/// of its own that lives on and waits for the next call, spinning for some microseconds before it sleeps. Here run also
/// those that no thread has begun in time, and all when the threads are busy with another call or cannot be made.
void ck_parallel(long count, void (*body)(void *context, long index), void *context);

/// 1 when the system has given fewer threads than calls had parts.
int ck_threads_refused(void);

/// Columns j with per_unit[j] > 0 of sums (columns × classes) go to `units` as whole numbers of their unit, the others to
/// `others`. Returns how many values were no whole numbers of 32 bits; those become anything.
long ck_to_units(
    long columns, long classes, const double *sums, const double *per_unit, int32_t *units, double *others);
/// The way back.
void ck_from_units(
    long columns, long classes, const int32_t *units, const double *others, const double *per_unit, double *sums);

/// The same of the `n` columns that `list` names, each of which has a unit: one after the other to `units`.
long ck_pack_units(
    long n, const int32_t *list, long classes, const double *sums, const double *per_unit, int32_t *units);
/// Adds them to sums whose column 0 would stand at `sums`.
void ck_add_units(
    long n, const int32_t *list, long classes, const int32_t *units, const double *per_unit, double *sums);
/// Sums of the columns from `first` to before `last`, those of the `n` columns that `list` names from `sums` and 0 for others. Both
/// begin where column 0 would stand.
void ck_place_columns(
    long first, long last, long n, const int32_t *list, long classes, const double *sums, double *target);
/// Packs and adds without units.
void ck_pack_columns(long n, const int32_t *list, long classes, const double *sums, double *packed);
void ck_add_columns(long n, const int32_t *list, long classes, const double *packed, double *sums);

// One order of summation on every machine, with no fused multiply-add: for numbers that decisions are made from.
double ck_fixed_dot_dd(long n, const double *a, const double *b);
double ck_fixed_dot_ff(long n, const float *a, const float *b);
double ck_fixed_dot_fd(long n, const float *a, const double *b);
double ck_fixed_sum(long n, const double *a);
void ck_fixed_axpy(long n, double step, const double *x, double *y);
void ck_fixed_scale(long n, double factor, double *x);
void ck_fixed_axpy_ff(long n, double step, const float *x, float *y);
void ck_fixed_add_fd(long n, double step, const double *d, const float *x, float *out);
void ck_fixed_add_ff(long n, double step, const float *d, const float *x, float *out);
void ck_fixed_axpy_fd(long n, double step, const float *x, double *y);
/// out[r · stride + j] += Σ_{i < terms} factor · a[r · a_row + i · a_term] · b[i · b_term + j], i ascending, for r < rows and
/// j < columns
void ck_fixed_add_products(
    long rows, long columns, long terms, double factor, const double *a, long a_row, long a_term, const double *b,
    long b_term, double *out, long stride);
// g = inverse·sums + lambda·x; out += {Σ p m², Σ p g², Σ g², Σ x²} with m = inverse·sums and p the feature's scale (null: 1).
void ck_fixed_mean_gradient(
    long features, long classes, const double *sums, double inverse, float lambda, const float *x,
    const float *_Nullable scale, float *g, double *out);
void ck_fixed_mean_gradient_f(
    long features, long classes, const float *sums, double inverse, float lambda, const float *x,
    const float *_Nullable scale, float *g, double *out);
void ck_fixed_mean_gradient_i(
    long features, long classes, const int32_t *sums, double inverse, float lambda, const float *x,
    const float *_Nullable scale, float *g, double *out);
// d = factor · g + kept · d.
void ck_fixed_blend(long n, double factor, const float *g, double kept, float *d);
// out[j, c] = factor · scale[j] · g[j, c].
void ck_fixed_scaled(long features, long classes, double factor, const float *scale, const float *g, float *out);
// Σ scale[j] g[j, c]².
double ck_fixed_scaled_norm(long features, long classes, const float *scale, const float *g);
// out = factor · matrix g for each class, matrix n × n; scratch holds 2 n × classes + 8 values, of several classes a
// multiple of 8; out may be g.
void ck_fixed_apply(
    long n, long classes, double factor, const double *matrix, const float *g, double *scratch, float *out);
void ck_fixed_narrow(long n, const double *x, float *out);
void ck_fixed_widen(long n, const float *x, double *out);
// out[v] = vectors[v]·q.
void ck_fixed_dots(long n, long count, const float *_Nonnull const *_Nonnull vectors, const float *q, double *out);
// out = factor · base + Σ coefficients[v] · vectors[v]; out may be base.
void ck_fixed_combine(
    long n, double factor, const float *base, long count, const double *_Nullable coefficients,
    const float *_Nonnull const *_Nullable vectors, float *out);
// step = x − previous_x, change = g − previous_g, then previous = now; out = {step·change, ‖step‖², ‖change‖²}.
void ck_fixed_pair(
    long n, const float *x, float *previous_x, const float *g, float *previous_g, float *step, float *change,
    double *out);


// libm, without importing a platform module.
static inline double ck_exp(double x) { return exp(x); }
static inline double ck_log(double x) { return log(x); }
static inline double ck_log1p(double x) { return log1p(x); }
#pragma clang assume_nonnull end
#endif
