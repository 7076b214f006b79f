// What is learned from rows of doubles, and their way to floats; part of kernels_body.h.
//
// Sums are unevaluated pairs (Knuth's TwoSum); zeros count as absent, as they are in compressed rows, so that both give the
// same bits. Rows are taken 64 at a time, eight columns after eight, whose sums stay in registers meanwhile.

#define TILE 64

// sum + tail += v
#define ADD_EXACTLY(sum, tail, v) \
    do { \
        const d8 total = (sum) + (v), part = total - (sum); \
        (tail) += ((sum) - (total - part)) + ((v) - part); \
        (sum) = total; \
    } while (0)

// The last columns, fewer than eight, as eight.
CK_INLINE d8 CK_NAME(first_of)(const double *p, long count) {
    d8 v = {0};
    for (long j = 0; j < count; j++) v[j] = p[j];
    return v;
}

CK_INLINE void CK_NAME(put_first)(double *p, d8 v, long count) {
    for (long j = 0; j < count; j++) p[j] = v[j];
}

CK_INLINE void CK_NAME(moments_8)(
    const double *x, long columns, long rows, long count, double *sums, double *tails, double *highest,
    double *lowest, double *stored) {
#define LOAD(p) (count == 8 ? AT(d8, p) : CK_NAME(first_of)(p, count))
#define STORE(p, v) \
    do { \
        if (count == 8) PUT(d8, p) = (v); \
        else CK_NAME(put_first)(p, v, count); \
    } while (0)
    d8 sum = LOAD(sums), tail = LOAD(tails), high = LOAD(highest), low = LOAD(lowest);
    l8 found = {0};
    for (long i = 0; i < rows; i++, x += columns) {
        const d8 v = LOAD(x);
        ADD_EXACTLY(sum, tail, v);
        const l8 is_high = v > high, is_low = -v > low;
        high = (d8)((is_high & (l8)v) | (~is_high & (l8)high));
        low = (d8)((is_low & (l8)-v) | (~is_low & (l8)low));
        found -= v != 0;
    }
    STORE(sums, sum);
    STORE(tails, tail);
    STORE(highest, high);
    STORE(lowest, low);
    const d8 all = LOAD(stored) + WIDE(found);
    STORE(stored, all);
}

static void CK_NAME(table_moments)(
    const double *x, long rows, long columns, double *sums, double *tails, double *highest, double *lowest,
    double *stored) {
    for (long i = 0; i < rows; i += TILE) {
        const long tile = rows - i < TILE ? rows - i : TILE;
        long j = 0;
        for (; j + 8 <= columns; j += 8)
            CK_NAME(moments_8)(
                x + i * columns + j, columns, tile, 8, sums + j, tails + j, highest + j, lowest + j, stored + j);
        if (j < columns)
            CK_NAME(moments_8)(
                x + i * columns + j, columns, tile, columns - j, sums + j, tails + j, highest + j, lowest + j,
                stored + j);
    }
}

CK_INLINE void CK_NAME(deviations_8)(
    const double *x, long columns, long rows, long count, const double *means, const double *per_unit, double *sums,
    double *tails) {
#pragma clang fp contract(off)
    const d8 mean = LOAD(means), factor = LOAD(per_unit);
    d8 sum = LOAD(sums), tail = LOAD(tails);
    for (long i = 0; i < rows; i++, x += columns) {
        const d8 v = LOAD(x), deviation = (v - mean) * factor;
        const d8 square = (d8)((l8)(deviation * deviation) & (v != 0));
        ADD_EXACTLY(sum, tail, square);
    }
    STORE(sums, sum);
    STORE(tails, tail);
}

static void CK_NAME(table_deviations)(
    const double *x, long rows, long columns, const double *means, const double *per_unit, double *sums, double *tails) {
    for (long i = 0; i < rows; i += TILE) {
        const long tile = rows - i < TILE ? rows - i : TILE;
        long j = 0;
        for (; j + 8 <= columns; j += 8)
            CK_NAME(deviations_8)(
                x + i * columns + j, columns, tile, 8, means + j, per_unit + j, sums + j, tails + j);
        if (j < columns)
            CK_NAME(deviations_8)(
                x + i * columns + j, columns, tile, columns - j, means + j, per_unit + j, sums + j, tails + j);
    }
}
#undef LOAD
#undef STORE
#undef ADD_EXACTLY
#undef TILE

static double CK_NAME(scale_row)(
    const double *x, long columns, const double *means, const double *factors, const float *absent, double norm,
    float *out) {
#pragma clang fp contract(off)
    long j = 0;
    for (; j + 8 <= columns; j += 8) {
        const f8 v = __builtin_convertvector((AT(d8, x + j) - AT(d8, means + j)) * AT(d8, factors + j), f8);
        PUT(f8, out + j) = v;
        const d8 wide = WIDE(v), none = WIDE(AT(f8, absent + j));
        const d8 gain = wide * wide - none * none;
        for (int k = 0; k < 8; k++) norm += gain[k];
    }
    for (; j < columns; j++) {
        const float v = (float)((x[j] - means[j]) * factors[j]);
        out[j] = v;
        norm += (double)v * v - (double)absent[j] * absent[j];
    }
    return norm;
}
