// Products of compressed sparse rows; part of kernels_body.h. The columns of a row are ascending and unique.

typedef uint64_t CK_NAME(u1) __attribute__((aligned(4), may_alias));
// What bounds these loops is how many loads a cycle takes: two columns come with one.
#define CK_PAIR(n, k) const uint64_t pair##n = AT(CK_NAME(u1), columns + (k) + 2 * n)
#define CK_LOW(n) ((uint32_t)pair##n)
#define CK_HIGH(n) (pair##n >> 32)

// The weights of eight entries from k on.
CK_INLINE f8 CK_NAME(weights_of)(const int32_t *columns, const float *w) {
    CK_PAIR(0, 0);
    CK_PAIR(1, 0);
    CK_PAIR(2, 0);
    CK_PAIR(3, 0);
    return (f8){w[CK_LOW(0)], w[CK_HIGH(0)], w[CK_LOW(1)], w[CK_HIGH(1)],
                w[CK_LOW(2)], w[CK_HIGH(2)], w[CK_LOW(3)], w[CK_HIGH(3)]};
}

// The last entries of a row are done eight at a time too, those before them with value zero: a loop over what is left would
// end where no processor predicts.
CK_INLINE f8 CK_NAME(last_values)(const float *end, long left) {
    const i8 lane = {0, 1, 2, 3, 4, 5, 6, 7};
    return (f8)((i8)AT(f8, end - 8) & (lane >= (int32_t)(8 - left)));
}

static void CK_NAME(sparse_margins)(
    const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *w, float offset,
    float *m) {
    for (long i = 0; i < rows; i++) {
        long k = row_offsets[i];
        const long end = row_offsets[i + 1];
        if (end - k < 8) {
            float sum = 0;
            for (; k < end; k++) sum += values[k] * w[columns[k]];
            m[i] = offset + sum;
            continue;
        }
        f8 a = {0};
        for (; k + 8 <= end; k += 8) a += AT(f8, values + k) * CK_NAME(weights_of)(columns + k, w);
        if (k < end) a += CK_NAME(last_values)(values + end, end - k) * CK_NAME(weights_of)(columns + end - 8, w);
        m[i] = offset + (((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7])));
    }
}

// Eight sums are read before any is written: unique columns make that right, and spare the processor to wait for stores.
CK_INLINE void CK_NAME(scatter_eight)(const int32_t *columns, f8 values, double factor, double *sums) {
    const d8 v = WIDE(values);
    CK_PAIR(0, 0);
    CK_PAIR(1, 0);
    CK_PAIR(2, 0);
    CK_PAIR(3, 0);
    const double a = CK_NAME(plus_product)(sums[CK_LOW(0)], v[0], factor);
    const double b = CK_NAME(plus_product)(sums[CK_HIGH(0)], v[1], factor);
    const double c = CK_NAME(plus_product)(sums[CK_LOW(1)], v[2], factor);
    const double d = CK_NAME(plus_product)(sums[CK_HIGH(1)], v[3], factor);
    const double e = CK_NAME(plus_product)(sums[CK_LOW(2)], v[4], factor);
    const double f = CK_NAME(plus_product)(sums[CK_HIGH(2)], v[5], factor);
    const double g = CK_NAME(plus_product)(sums[CK_LOW(3)], v[6], factor);
    const double h = CK_NAME(plus_product)(sums[CK_HIGH(3)], v[7], factor);
    sums[CK_LOW(0)] = a;
    sums[CK_HIGH(0)] = b;
    sums[CK_LOW(1)] = c;
    sums[CK_HIGH(1)] = d;
    sums[CK_LOW(2)] = e;
    sums[CK_HIGH(2)] = f;
    sums[CK_LOW(3)] = g;
    sums[CK_HIGH(3)] = h;
}

static void CK_NAME(sparse_transposed)(
    const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *r, double *sums) {
    for (long i = 0; i < rows; i++) {
        if (r[i] == 0) continue;
        const double factor = CK_UNTIED_FACTOR(r[i] - (d8){0})[0];
        long k = row_offsets[i];
        const long end = row_offsets[i + 1];
        if (end - k < 8) {
            for (; k < end; k++) sums[columns[k]] = CK_NAME(plus_product)(sums[columns[k]], values[k], factor);
            continue;
        }
        for (; k + 8 <= end; k += 8) CK_NAME(scatter_eight)(columns + k, AT(f8, values + k), factor, sums);
        if (k < end)
            CK_NAME(scatter_eight)(columns + end - 8, CK_NAME(last_values)(values + end, end - k), factor, sums);
    }
}

#undef CK_PAIR
#undef CK_LOW
#undef CK_HIGH

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
// are fetched ahead. Registers hold up to six vectors of a row's margins or a column's sums: a group of classes. Where the
// last vector would end beyond the group it begins earlier, and some classes are computed twice, to the same bits.

#define CK_AHEAD 12
#define CK_GROUP 6

// A row need not begin a line.
CK_INLINE void CK_NAME(fetch_ahead)(const char *p, long bytes, int writes) {
    for (long b = 0; b < bytes; b += 64) {
        if (writes) __builtin_prefetch(p + b, 1);
        else __builtin_prefetch(p + b, 0);
    }
    if (writes) __builtin_prefetch(p + bytes - 4, 1);
    else __builtin_prefetch(p + bytes - 4, 0);
}

// Eight values at p, of which `count` are there.
CK_INLINE f8 CK_NAME(some_floats)(const float *p, long count) {
    if (count >= 8) return AT(f8, p);
    f8 v = {0};
    for (long k = 0; k < count; k++) v[k] = p[k];
    return v;
}

CK_INLINE d8 CK_NAME(some_sums)(const double *p, long count) {
    if (count >= 8) return AT(d8, p);
    d8 v = {0};
    for (long k = 0; k < count; k++) v[k] = p[k];
    return v;
}

CK_INLINE void CK_NAME(put_sums)(double *p, long count, d8 v) {
    if (count >= 8) PUT(d8, p) = v;
    else
        for (long k = 0; k < count; k++) p[k] = v[k];
}

// Where vector v of a group of `count` classes begins.
#define CK_BEGIN(v) ((v) + 1 < vectors || vectors == 1 ? 8 * (v) : count - 8)

CK_INLINE void CK_NAME(sparse_margins_group)(
    const int vectors, const long count, const long *row_offsets, long rows, const int32_t *columns,
    const float *values, const float *w, long classes, const float *offset, float *m, long m_stride) {
    const long last = row_offsets[rows];
    for (long i = 0; i < rows; i++, m += m_stride) {
        f8 sum[CK_GROUP];
        FULLY(int v = 0; v < vectors; v++) sum[v] = AT(f8, offset + CK_BEGIN(v));
        for (long k = row_offsets[i]; k < row_offsets[i + 1]; k++) {
            if (k + CK_AHEAD < last)
                CK_NAME(fetch_ahead)((const char *)(w + columns[k + CK_AHEAD] * classes), 4 * count, 0);
            const float *row = w + columns[k] * classes;
            const float value = values[k];
            FULLY(int v = 0; v < vectors; v++) sum[v] += value * CK_NAME(some_floats)(row + CK_BEGIN(v), vectors == 1 ? count : 8);
        }
        FULLY(int v = 0; v < vectors; v++) PUT(f8, m + CK_BEGIN(v)) = sum[v];
    }
}

CK_INLINE void CK_NAME(sparse_transposed_group)(
    const int vectors, const long count, const long *row_offsets, long rows, const int32_t *columns,
    const float *values, const float *r, long r_stride, long classes, int32_t low, int32_t high, double *sums) {
    const long last = row_offsets[rows];
    for (long i = 0; i < rows; i++, r += r_stride) {
        d8 residual[CK_GROUP];
        FULLY(int v = 0; v < vectors; v++) residual[v] = WIDE(AT(f8, r + CK_BEGIN(v)));
        for (long k = row_offsets[i]; k < row_offsets[i + 1]; k++) {
            if (columns[k] < low) continue;
            if (columns[k] >= high) break;
            if (k + CK_AHEAD < last && columns[k + CK_AHEAD] >= low && columns[k + CK_AHEAD] < high)
                CK_NAME(fetch_ahead)((const char *)(sums + columns[k + CK_AHEAD] * classes), 8 * count, 1);
            double *target = sums + columns[k] * classes;
            const d8 value = CK_UNTIED_FACTOR(values[k] - (d8){0});
            // Read before its first classes are written.
            d8 rest = CK_NAME(some_sums)(target + CK_BEGIN(vectors - 1), vectors == 1 ? count : 8);
            rest = CK_NAME(add_product)(rest, residual[vectors - 1], value);
            FULLY(int v = 0; v + 1 < vectors; v++)
                PUT(d8, target + 8 * v) = CK_NAME(add_product)(AT(d8, target + 8 * v), residual[v], value);
            CK_NAME(put_sums)(target + CK_BEGIN(vectors - 1), vectors == 1 ? count : 8, rest);
        }
    }
}

// Entries column by column: a column's sums stay in registers.
CK_INLINE void CK_NAME(sparse_gather_group)(
    const int vectors, const long count, const int32_t *columns, const int32_t *starts, long column_count,
    const ck_entry *entries, const float *r, long r_stride, long classes, double *sums) {
    const long last = starts[column_count];
    for (long q = 0; q < column_count; q++) {
        if (q + 4 < column_count)
            CK_NAME(fetch_ahead)((const char *)(sums + columns[q + 4] * classes), 8 * count, 1);
        double *target = sums + columns[q] * classes;
        d8 sum[CK_GROUP];
        FULLY(int v = 0; v < vectors; v++) sum[v] = CK_NAME(some_sums)(target + CK_BEGIN(v), vectors == 1 ? count : 8);
        for (long k = starts[q]; k < starts[q + 1]; k++) {
            if (k + 8 < last)
                CK_NAME(fetch_ahead)((const char *)(r + entries[k + 8].row * r_stride), 4 * count, 0);
            const float *ri = r + entries[k].row * r_stride;
            const d8 value = CK_UNTIED_FACTOR(entries[k].value - (d8){0});
            FULLY(int v = 0; v < vectors; v++)
                sum[v] = CK_NAME(add_product)(sum[v], WIDE(AT(f8, ri + CK_BEGIN(v))), value);
        }
        FULLY(int v = 0; v < vectors; v++) CK_NAME(put_sums)(target + CK_BEGIN(v), vectors == 1 ? count : 8, sum[v]);
    }
}

// One call a group of up to 48 classes from class `first` on, with the number of vectors known to the compiler. Groups have
// about as many as the others: only that of less than eight classes in all is not full.
#define CK_EACH_GROUP(FUNCTION, ...)                                                                                   \
    const long all = (classes + 7) / 8, groups = (all + CK_GROUP - 1) / CK_GROUP;                                      \
    for (long group = 0; group < groups; group++) {                                                                    \
        const long first = 8 * (all * group / groups), end = 8 * (all * (group + 1) / groups);                         \
        const long count = (end < classes ? end : classes) - first;                                                    \
        switch (count < 8 ? count : (count + 7) / 8 + 7) {                                                             \
        case 1: CK_NAME(FUNCTION)(1, 1, __VA_ARGS__); break;                                                           \
        case 2: CK_NAME(FUNCTION)(1, 2, __VA_ARGS__); break;                                                           \
        case 3: CK_NAME(FUNCTION)(1, 3, __VA_ARGS__); break;                                                           \
        case 4: CK_NAME(FUNCTION)(1, 4, __VA_ARGS__); break;                                                           \
        case 5: CK_NAME(FUNCTION)(1, 5, __VA_ARGS__); break;                                                           \
        case 6: CK_NAME(FUNCTION)(1, 6, __VA_ARGS__); break;                                                           \
        case 7: CK_NAME(FUNCTION)(1, 7, __VA_ARGS__); break;                                                           \
        case 8: CK_NAME(FUNCTION)(1, 8, __VA_ARGS__); break;                                                           \
        case 9: CK_NAME(FUNCTION)(2, count, __VA_ARGS__); break;                                                       \
        case 10: CK_NAME(FUNCTION)(3, count, __VA_ARGS__); break;                                                      \
        case 11: CK_NAME(FUNCTION)(4, count, __VA_ARGS__); break;                                                      \
        case 12: CK_NAME(FUNCTION)(5, count, __VA_ARGS__); break;                                                      \
        default: CK_NAME(FUNCTION)(6, count, __VA_ARGS__); break;                                                      \
        }                                                                                                              \
    }

static void CK_NAME(sparse_margins_multi)(
    const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *w, long classes,
    const float *offset, float *m, long m_stride) {
    for (long i = 0; i < rows; i++) PUT(f8, m + i * m_stride + m_stride - 8) = (f8){0};
    CK_EACH_GROUP(
        sparse_margins_group, row_offsets, rows, columns, values, w + first, classes, offset + first, m + first,
        m_stride)
}

static void CK_NAME(sparse_transposed_multi)(
    const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *r, long r_stride,
    long classes, int32_t low, int32_t high, double *sums) {
    CK_EACH_GROUP(
        sparse_transposed_group, row_offsets, rows, columns, values, r + first, r_stride, classes, low, high,
        sums + first)
}

static void CK_NAME(sparse_gather_multi)(
    const int32_t *columns, const int32_t *starts, long count, const ck_entry *entries, const float *r, long r_stride,
    long classes, double *sums) {
    const long column_count = count;
    CK_EACH_GROUP(sparse_gather_group, columns, starts, column_count, entries, r + first, r_stride, classes, sums + first)
}

#undef CK_EACH_GROUP
#undef CK_BEGIN
#undef CK_GROUP
#undef CK_AHEAD
