// The gradient pass over dense rows with one margin; part of kernels_body.h, after losses_body.h.
//
// A piece is what a batch has of sixteen neighbours in the order of all rows, which one rank owns: its part of the gradient
// is the same wherever it is added up. How rows are best read depends on the processor, and changes no bit; the shares are in
// Benchmarks/History/2026-11.md. Four streams on pages of their own are faster than one, and the last block is added meanwhile, so that
// memory is never idle (measured on Zen 3 and Sapphire Rapids). Zen 4, where 512 bits come in two halves, is faster with one
// stream, of which a piece stays in a cache between its two products. Fetching by instruction made all of it slower.

// Sums over rows in the making.
typedef struct CK_NAME(pass_state) {
    d8 loss, squares, residuals;
    f8 largest;
} CK_NAME(pass_state);
#define state CK_NAME(pass_state)

// Residuals, in place of the margins m, and sums of `count` ≤ 8 rows.
CK_INLINE void CK_NAME(pass_residuals)(
    const ck_pass *p, const ck_rows *rows, const long count, const ck_loss kind, long i, float *m, state *s) {
    const float *labels = rows->labels + i, *weights = rows->weights ? rows->weights + i : 0;
    const float delta = (float)p->delta;
    d8 loss;
#define LOSS(NAME) \
    case ck_##NAME: loss = CK_NAME(NAME##_8)(count, delta, m, 0, 0, labels, weights, m); break;
    switch (kind) {
        LOSS(logistic)
        LOSS(squared_error)
        LOSS(squared_hinge)
        LOSS(huber)
        LOSS(poisson)
    }
#undef LOSS
    const f8 r = CK_NAME(load8)(m, count, 0);
    s->loss += CK_NAME(on_grid)(loss, p->loss_anchor);
    s->residuals += CK_NAME(on_grid)(WIDE(r), p->residual_anchor);
    s->largest = CK_NAME(larger)(CK_NAME(size8)(r), s->largest);
    if (rows->norms) {
        const f8 norm = CK_NAME(load8)(rows->norms + i, count, 0);
        s->squares += CK_NAME(on_grid)(WIDE(r * r * (norm + (float)p->extra)), p->square_anchor);
    }
}

CK_INLINE void CK_NAME(pass_kind)(
    const ck_pass *p, const ck_rows *rows, const ck_loss kind, long count, long i, float *m, state *sums) {
    state s = *sums; // in registers
    long k = 0;
    for (; k + 8 <= count; k += 8) CK_NAME(pass_residuals)(p, rows, 8, kind, i + k, m + k, &s);
    if (k < count) CK_NAME(pass_residuals)(p, rows, count - k, kind, i + k, m + k, &s);
    *sums = s;
}

// `count` rows from row i on have margins m: they become residuals.
__attribute__((noinline)) static void CK_NAME(pass_losses)(
    const ck_pass *p, const ck_rows *rows, long count, long i, float *m, state *sums) {
#define LOSSES(kind) \
    case kind: CK_NAME(pass_kind)(p, rows, kind, count, i, m, sums); break;
    switch (p->kind) {
        LOSSES(ck_logistic)
        LOSSES(ck_squared_error)
        LOSSES(ck_squared_hinge)
        LOSSES(ck_huber)
        LOSSES(ck_poisson)
    }
#undef LOSSES
}

// `count` ≤ 16 rows from row i on: a piece, read twice.
CK_INLINE void CK_NAME(pass_piece)(
    const ck_pass *p, const ck_rows *rows, const long width, long count, long i, state *sums) {
    const float *x = rows->x + i * width;
    float m[CK_PIECE];
    CK_NAME(margins_of)(x, width, count, width, p->w, p->offset, m);
    CK_NAME(pass_losses)(p, rows, count, i, m, sums);
    CK_NAME(add_piece)(x, width, count, width, m, p->sums);
}

CK_INLINE void CK_NAME(pass_one_stream)(const ck_pass *p, const ck_rows *rows, const long width, state *sums) {
    for (long i = 0; i < rows->count;) {
        const long n = CK_NAME(piece)(rows->first + i, rows->count - i);
        CK_NAME(pass_piece)(p, rows, width, n, i, sums);
        i += n;
    }
}

// sums += g; g = 0.
CK_INLINE void CK_NAME(flush)(const long width, float *g, double *sums) {
    const f8 zero = {0};
    for (long j = 0; j < width; j += 8) {
        PUT(d8, sums + j) += CK_NAME(untied)(WIDE(AT(f8, g + j)));
        PUT(f8, g + j) = zero;
    }
}

// Margins of four rows that lie q apart, while the four rows at `last`, whose residuals are r, are added to g.
CK_INLINE void CK_NAME(margins_apart_and_add)(
    const float *x, const long width, long q, const float *w, float offset, float *m, const float *last, const float *r,
    float *g) {
    const float *x1 = x + q * width, *x2 = x1 + q * width, *x3 = x2 + q * width;
    const float *y1 = last + width, *y2 = y1 + width, *y3 = y2 + width;
    const f16 r0 = r[0] - (f16){0}, r1 = r[1] - (f16){0}, r2 = r[2] - (f16){0}, r3 = r[3] - (f16){0};
    f16 sums[4] = {{0}};
    for (long first = 0; first < width; first += CK_CHUNK) {
        const long end = width - first < CK_CHUNK ? width : first + CK_CHUNK;
        f16 a = {0}, b = {0}, c = {0}, d = {0};
        for (long j = first; j < end; j += 16) {
            f16 wj = AT(f16, w + j), sum = AT(f16, g + j);
            a += AT(f16, x + j) * wj;
            sum += r0 * AT(f16, last + j);
            b += AT(f16, x1 + j) * wj;
            sum += r1 * AT(f16, y1 + j);
            c += AT(f16, x2 + j) * wj;
            sum += r2 * AT(f16, y2 + j);
            d += AT(f16, x3 + j) * wj;
            sum += r3 * AT(f16, y3 + j);
            PUT(f16, g + j) = sum;
        }
        sums[0] += a;
        sums[1] += b;
        sums[2] += c;
        sums[3] += d;
    }
    CK_NAME(put_apart)(m, q, offset + CK_NAME(lane_sums)(sums[0], sums[1], sums[2], sums[3]));
}

// Blocks of 128 KB, in the second-level cache until they are added; the narrow rows of a width that the compiler knows.
CK_INLINE void CK_NAME(pass_streams)(const ck_pass *p, const ck_rows *rows, const long width, state *sums) {
    const long fitting = (128 << 10) / (4 * width) / CK_PIECE * CK_PIECE;
    const long block = fitting > 512 ? 512 : fitting < CK_PIECE ? CK_PIECE : fitting;
    const long head = rows->first % CK_PIECE == 0 ? 0 : CK_NAME(piece)(rows->first, rows->count);
    const long whole = head + (rows->count - head) / CK_PIECE * CK_PIECE;
    if (head > 0) CK_NAME(pass_piece)(p, rows, width, head, 0, sums);
    const float *x = rows->x + head * width, *last = x;
    float m[2][512], *now = m[0], *before = m[1];
    long waiting = 0;
    for (long done = head; done < whole;) {
        const long count = whole - done < block ? whole - done : block, q = count / 4;
        for (long k = 0; k < q; k++) {
            const float *next = x + k * width;
            if (4 * k < waiting) {
                CK_NAME(margins_apart_and_add)(
                    next, width, q, p->w, p->offset, now + k, last + 4 * k * width, before + 4 * k, p->g);
                if (4 * k % CK_PIECE == CK_PIECE - 4) CK_NAME(flush)(width, p->g, p->sums);
            } else
                CK_NAME(put_apart)(
                    now + k, q, p->offset + CK_NAME(four_products)(next, q * width, p->w, width));
        }
        for (long k = count; k < waiting; k += CK_PIECE)
            CK_NAME(add_piece)(last + k * width, width, CK_PIECE, width, before + k, p->sums);
        CK_NAME(pass_losses)(p, rows, count, done, now, sums);
        float *swap = now;
        now = before;
        before = swap;
        last = x;
        waiting = count;
        x += count * width;
        done += count;
    }
    for (long k = 0; k < waiting; k += CK_PIECE)
        CK_NAME(add_piece)(last + k * width, width, CK_PIECE, width, before + k, p->sums);
    if (whole < rows->count) CK_NAME(pass_piece)(p, rows, width, rows->count - whole, whole, sums);
}

static void CK_NAME(pass)(const ck_pass *p, const ck_rows *rows, ck_pass_sums *out) {
    state s = {0};
    s.largest = AT(f8, out->largest);
#define PASS(width)                                                                                                    \
    if (CK_LANES == 16 && ck_prefers_one_stream) CK_NAME(pass_one_stream)(p, rows, width, &s);                         \
    else CK_NAME(pass_streams)(p, rows, width, &s)
    switch (p->stride) {
    case 16: PASS(16); break;
    case 32: PASS(32); break;
    case 48: PASS(48); break;
    case 64: PASS(64); break;
    default: PASS(p->stride); break;
    }
#undef PASS
    out->loss += CK_NAME(d8_sum)(s.loss);
    out->squares += CK_NAME(d8_sum)(s.squares);
    out->residuals += CK_NAME(d8_sum)(s.residuals);
    PUT(f8, out->largest) = s.largest;
}

#undef state
