// Products of compressed sparse rows; part of kernels_body.h. The columns of a row are ascending and unique.

static void CK_NAME(sparse_margins)(
    const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *w, float offset,
    float *m) {
    for (long i = 0; i < rows; i++) {
        long k = row_offsets[i], end = row_offsets[i + 1];
        float a = 0, b = 0, c = 0, d = 0;
        for (; k + 4 <= end; k += 4) {
            a += values[k] * w[columns[k]];
            b += values[k + 1] * w[columns[k + 1]];
            c += values[k + 2] * w[columns[k + 2]];
            d += values[k + 3] * w[columns[k + 3]];
        }
        for (; k < end; k++) a += values[k] * w[columns[k]];
        m[i] = offset + ((a + b) + (c + d));
    }
}

typedef double CK_NAME(d4) __attribute__((vector_size(32), aligned(8), may_alias));
typedef int64_t CK_NAME(l4) __attribute__((vector_size(32)));
#define d4 CK_NAME(d4)
#define l4 CK_NAME(l4)

// Four sums are read before any is written: unique columns make that right, and spare the processor to wait for stores.
static void CK_NAME(sparse_transposed)(
    const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *r, double *sums) {
    for (long i = 0; i < rows; i++) {
        double factor = r[i];
        if (factor == 0) continue;
        long k = row_offsets[i], end = row_offsets[i + 1];
        for (; k + 4 <= end; k += 4) {
            double *p = sums + columns[k], *q = sums + columns[k + 1];
            double *s = sums + columns[k + 2], *t = sums + columns[k + 3];
            // Each product is an addend of its own, exact until it is rounded by the sum (see `untied`).
            d4 v = (d4)((l4)(factor * __builtin_convertvector(AT(f4, values + k), d4)) | 1);
            double a = *p + v[0], b = *q + v[1], c = *s + v[2], d = *t + v[3];
            *p = a;
            *q = b;
            *s = c;
            *t = d;
        }
        for (; k < end; k++) {
            const d4 v = (d4)((l4)(factor * values[k] - (d4){0}) | 1);
            sums[columns[k]] += v[0];
        }
    }
}

// sums[c, c_b] += z_a z_b over the entries a of column c in a block of rows and the entries b from a to the end of its row: column
// after column, so that a row of the sums stays in the first cache.
static void CK_NAME(sparse_gram)(
    const int32_t *starts, long column_count, const int32_t *places, const int32_t *ends, const int32_t *columns,
    const double *z, double *sums, long width) {
    for (long column = 0; column < column_count; column++, sums += width) {
        for (long k = starts[column]; k < starts[column + 1]; k++) {
            long b = places[k], end = ends[b];
            const double factor = z[b];
            for (; b + 4 <= end; b += 4) {
                double *p = sums + columns[b], *q = sums + columns[b + 1];
                double *s = sums + columns[b + 2], *t = sums + columns[b + 3];
                const double v = *p + factor * z[b], w = *q + factor * z[b + 1];
                const double x = *s + factor * z[b + 2], y = *t + factor * z[b + 3];
                *p = v;
                *q = w;
                *s = x;
                *t = y;
            }
            for (; b < end; b++) sums[columns[b]] += factor * z[b];
        }
    }
}

// Several margins a row. A row of weights or sums is several cache lines at a random place: the rows of entries to come
// are fetched ahead. Registers hold up to six vectors of a row's margins or a column's sums.

#define CK_AHEAD 12
#define CK_GROUP 6

CK_INLINE void CK_NAME(fetch_ahead)(const char *p, long bytes, int writes) {
    for (long b = 0; b < bytes; b += 64) {
        if (writes) __builtin_prefetch(p + b, 1);
        else __builtin_prefetch(p + b, 0);
    }
}

// Eight weights at `index` of `total`; lanes beyond the end are zero, lanes beyond the classes whatever follows.
CK_INLINE f8 CK_NAME(weights_at)(const float *w, long index, long total) {
    if (index + 8 <= total) return AT(f8, w + index);
    f8 v = {0};
    for (long k = 0; index + k < total; k++) v[k] = w[index + k];
    return v;
}

CK_INLINE void CK_NAME(sparse_margins_group)(
    const int vectors, const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *w,
    long features, long classes, long first, const float *offset, float *m, long m_stride) {
    const i8 lane = {0, 1, 2, 3, 4, 5, 6, 7};
    const long last = row_offsets[rows], total = features * classes;
    for (long i = 0; i < rows; i++, m += m_stride) {
        f8 sum[CK_GROUP];
        for (int v = 0; v < vectors; v++) sum[v] = AT(f8, offset + first + 8 * v);
        for (long k = row_offsets[i]; k < row_offsets[i + 1]; k++) {
            if (k + CK_AHEAD < last)
                CK_NAME(fetch_ahead)((const char *)(w + columns[k + CK_AHEAD] * classes + first), 32 * vectors, 0);
            const long index = columns[k] * classes + first;
            const float value = values[k];
            for (int v = 0; v + 1 < vectors; v++) sum[v] += value * AT(f8, w + index + 8 * v);
            sum[vectors - 1] += value * CK_NAME(weights_at)(w, index + 8 * (vectors - 1), total);
        }
        for (int v = 0; v < vectors; v++) {
            const int32_t left = (int32_t)(classes - first - 8 * v);
            PUT(f8, m + first + 8 * v) = (f8)((i8)sum[v] & (lane < left));
        }
    }
}

CK_INLINE void CK_NAME(sparse_transposed_group)(
    const int vectors, const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *r,
    long r_stride, long classes, long first, int32_t low, int32_t high, double *sums) {
    const long last = row_offsets[rows];
    for (long i = 0; i < rows; i++, r += r_stride) {
        f8 residual[CK_GROUP];
        for (int v = 0; v < vectors; v++) residual[v] = AT(f8, r + first + 8 * v);
        for (long k = row_offsets[i]; k < row_offsets[i + 1]; k++) {
            if (columns[k] < low) continue;
            if (columns[k] >= high) break;
            if (k + CK_AHEAD < last && columns[k + CK_AHEAD] >= low && columns[k + CK_AHEAD] < high)
                CK_NAME(fetch_ahead)((const char *)(sums + columns[k + CK_AHEAD] * classes + first), 64 * vectors, 1);
            double *target = sums + columns[k] * classes + first;
            const double value = values[k];
            for (int v = 0; v + 1 < vectors; v++)
                PUT(d8, target + 8 * v) += CK_NAME(untied)(value * WIDE(residual[v]));
            const d8 rest = CK_NAME(untied)(value * WIDE(residual[vectors - 1]));
            target += 8 * (vectors - 1);
            const long left = classes - first - 8 * (vectors - 1);
            if (left >= 8) PUT(d8, target) += rest;
            else
                for (long c = 0; c < left; c++) target[c] += rest[c];
        }
    }
}

// Entries column by column: a column's sums stay in registers.
CK_INLINE void CK_NAME(sparse_gather_group)(
    const int vectors, const int32_t *columns, const int32_t *starts, long count, const ck_entry *entries,
    const float *r, long r_stride, long classes, long first, double *sums) {
    const long left = classes - first - 8 * (vectors - 1), last = starts[count];
    for (long q = 0; q < count; q++) {
        if (q + 4 < count)
            CK_NAME(fetch_ahead)((const char *)(sums + columns[q + 4] * classes + first), 64 * vectors, 1);
        double *target = sums + columns[q] * classes + first, *tail = target + 8 * (vectors - 1);
        d8 sum[CK_GROUP];
        for (int v = 0; v + 1 < vectors; v++) sum[v] = AT(d8, target + 8 * v);
        sum[vectors - 1] = (d8){0};
        if (left >= 8) sum[vectors - 1] = AT(d8, tail);
        else
            for (long c = 0; c < left; c++) sum[vectors - 1][c] = tail[c];
        for (long k = starts[q]; k < starts[q + 1]; k++) {
            if (k + 8 < last)
                CK_NAME(fetch_ahead)((const char *)(r + entries[k + 8].row * r_stride + first), 32 * vectors, 0);
            const float *ri = r + entries[k].row * r_stride + first;
            const double value = entries[k].value;
            for (int v = 0; v < vectors; v++) sum[v] += CK_NAME(untied)(value * WIDE(AT(f8, ri + 8 * v)));
        }
        for (int v = 0; v + 1 < vectors; v++) PUT(d8, target + 8 * v) = sum[v];
        if (left >= 8) PUT(d8, tail) = sum[vectors - 1];
        else
            for (long c = 0; c < left; c++) tail[c] = sum[vectors - 1][c];
    }
}

// One call a group of up to 48 classes, with the number of vectors known to the compiler.
#define CK_EACH_GROUP(FUNCTION, ...)                                                                                   \
    for (long first = 0; first < classes; first += 8 * CK_GROUP) {                                                     \
        long left = (classes - first + 7) / 8;                                                                         \
        switch (left < CK_GROUP ? left : CK_GROUP) {                                                                   \
        case 1: CK_NAME(FUNCTION)(1, __VA_ARGS__); break;                                                              \
        case 2: CK_NAME(FUNCTION)(2, __VA_ARGS__); break;                                                              \
        case 3: CK_NAME(FUNCTION)(3, __VA_ARGS__); break;                                                              \
        case 4: CK_NAME(FUNCTION)(4, __VA_ARGS__); break;                                                              \
        case 5: CK_NAME(FUNCTION)(5, __VA_ARGS__); break;                                                              \
        default: CK_NAME(FUNCTION)(6, __VA_ARGS__); break;                                                             \
        }                                                                                                              \
    }

static void CK_NAME(sparse_margins_multi)(
    const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *w, long features,
    long classes, const float *offset, float *m, long m_stride) {
    CK_EACH_GROUP(
        sparse_margins_group, row_offsets, rows, columns, values, w, features, classes, first, offset, m, m_stride)
}

static void CK_NAME(sparse_transposed_multi)(
    const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *r, long r_stride,
    long classes, int32_t low, int32_t high, double *sums) {
    CK_EACH_GROUP(
        sparse_transposed_group, row_offsets, rows, columns, values, r, r_stride, classes, first, low, high, sums)
}

static void CK_NAME(sparse_gather_multi)(
    const int32_t *columns, const int32_t *starts, long count, const ck_entry *entries, const float *r, long r_stride,
    long classes, double *sums) {
    CK_EACH_GROUP(sparse_gather_group, columns, starts, count, entries, r, r_stride, classes, first, sums)
}

#undef CK_EACH_GROUP
#undef CK_GROUP
#undef CK_AHEAD
#undef d4
#undef l4
