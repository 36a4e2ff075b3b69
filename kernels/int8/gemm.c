/* C = (A - zero_a) * (B - zero_b) over bytes, exact in 32 bits: onnxruntime's int8 GEMM with the
 * relaxed dot product. `gemm` has the signature of the function that it takes the place of,
 * MlasGemmQuantOperation, and keeps its contract: it computes the rows m0.. and columns n0.. of C.
 *
 * With sums over k of a row (ra), of a column (sb) and of their products (ab):
 *     C = ab - zero_a * sb - zero_b * (ra - k * zero_a)
 * All wrap at 32 bits alike, so the order of the terms does not matter.
 */
#include "registry.h"

__asm__(".globaltype context, i32, immutable\n"
        ".import_module context, env\n"
        ".import_name context, context\n");

/* What JavaScript gave this thread's instance: an imported global, since there is no own memory. */
INLINE Context *context(void) {
  Context *found;
  __asm__("global.get context\n\tlocal.set %0" : "=r"(found));
  return found;
}

#define MOST_ROWS 64          /* of A at a time: they stay in the second cache */
#define GROUP (8 * COLUMNS)   /* columns that the output processor is given at a time */
#define UNROLL _Pragma("clang loop unroll(full)")

/* Some of A's rows as the dot product reads them: what each adds up to, A's zero point read alike, and
 * behind this the bytes, each row padded with 0 to whole quads. */
typedef struct {
  i32 sums[MOST_ROWS], zero;
  u32 stride, unused[2];
} Rows;

INLINE u8 *bytes_of(const Rows *rows) { return (u8 *)(rows + 1); }

INLINE i32 as_read(const Context *own, u8 byte) { return own->row_flip ? (i8)byte : (i32)byte; }

INLINE u8 flip_of(const Context *own, const Shape *shape) {
  return (shape->a_is_signed ? 0x80 : 0) ^ own->row_flip;
}

static i32 pack_row(u8 *out, const u8 *row, u32 k, u32 stride, u8 flip) {
  v128_t flips = wasm_i8x16_splat(flip), one = wasm_i8x16_splat(1), sum = wasm_i32x4_splat(0);
  u32 i = 0;
  for (; i + 16 <= k; i += 16)
    wasm_v128_store(out + i, wasm_v128_xor(wasm_v128_load(row + i), flips));
  for (; i < k; i++) out[i] = row[i] ^ flip;
  for (; i < stride; i++) out[i] = 0;
  for (i = 0; i + 16 <= stride; i += 16) sum = dot(one, wasm_v128_load(out + i), sum);
  for (; i < stride; i += 4) sum = dot(one, wasm_v128_load32_zero(out + i), sum);
  return wasm_i32x4_extract_lane(sum, 0) + wasm_i32x4_extract_lane(sum, 1) +
         wasm_i32x4_extract_lane(sum, 2) + wasm_i32x4_extract_lane(sum, 3);
}

static void pack_rows(const Context *own, Rows *rows, const Shape *shape, const Data *data, u32 m0,
                      u32 count) {
  u8 flip = flip_of(own, shape), *bytes = bytes_of(rows);
  rows->stride = quads_of(shape->k) * QUAD;
  rows->zero = as_read(own, data->zero_a ^ flip);
  for (u32 m = 0; m < count; m++, bytes += rows->stride)
    rows->sums[m] = pack_row(bytes, data->a + (u64)(m0 + m) * data->lda, shape->k, rows->stride, flip);
}

INLINE i32 zero_b_of(const Shape *shape, const Data *data, u32 n) {
  return (i8)(data->zero_b[data->zero_b_per_column ? n : 0] ^ (shape->b_is_signed ? 0 : 0x80));
}

INLINE v128_t zeros_b_of(const Shape *shape, const Data *data, u32 n) {
  if (!data->zero_b_per_column) return wasm_i32x4_splat(zero_b_of(shape, data, 0));
  v128_t flip = wasm_i8x16_splat(shape->b_is_signed ? 0 : (char)0x80);
  v128_t bytes = wasm_v128_xor(wasm_v128_load32_zero(data->zero_b + n), flip);
  return wasm_i32x4_extend_low_i16x8(wasm_i16x8_extend_low_i8x16(bytes));
}

/* Four columns of a row of C from the sum of products, the columns' sums and the row's term. */
static __attribute__((noinline)) void finish(const Shape *shape, const Data *data, v128_t products, const i32 *sums, i32 zero_a,
                   i32 row_term, u32 m, u32 n, u32 count) {
  v128_t value = wasm_i32x4_sub(
      products, wasm_i32x4_mul(wasm_i32x4_splat(zero_a), wasm_v128_load(sums)));
  i32 *c = data->c + (u64)m * data->ldc + n;
  if (count >= 4) {
    v128_t term = wasm_i32x4_mul(zeros_b_of(shape, data, n), wasm_i32x4_splat(row_term));
    value = wasm_i32x4_sub(value, term);
    if (shape->accumulate) value = wasm_i32x4_add(value, wasm_v128_load(c));
    wasm_v128_store(c, value);
    return;
  }
  i32 lanes[3] = {wasm_i32x4_extract_lane(value, 0), wasm_i32x4_extract_lane(value, 1),
                  wasm_i32x4_extract_lane(value, 2)};
  UNROLL for (u32 i = 0; i < 3; i++)
    if (i < count)
      c[i] = lanes[i] - zero_b_of(shape, data, n + i) * row_term + (shape->accumulate ? c[i] : 0);
}

#define DOT(weights, row, sum) (by_pairs ? dot_by_pairs(weights, row, sum) : dot(weights, row, sum))

/* `rows` rows x `vectors` vectors of 4 columns, in registers: constant where this is inlined. */
INLINE void tile(const Shape *shape, const Data *data, Panel *panel, const Rows *a, u32 m0, u32 m, u32 n,
                 u32 count, const u32 rows, const u32 first, const u32 vectors, const u32 by_pairs) {
  v128_t sums[6][4];
  const v128_t *block = blocks_of(panel) + first;
  const u8 *row = bytes_of(a) + m * a->stride;
  UNROLL for (u32 r = 0; r < rows; r++)
    UNROLL for (u32 v = 0; v < vectors; v++) sums[r][v] = wasm_i32x4_splat(0);
  for (u32 at = 0; at < a->stride; at += QUAD, block += VECTORS)
    UNROLL for (u32 r = 0; r < rows; r++) {
      v128_t quad = wasm_v128_load32_splat(row + r * a->stride + at);
      UNROLL for (u32 v = 0; v < vectors; v++) sums[r][v] = DOT(block[v], quad, sums[r][v]);
    }
  const v128_t *extra = extra_of(panel);
  const u32 *places = places_of(panel);
  UNROLL for (u32 v = 0; v < first; v++) extra += panel->extra[v], places += panel->extra[v];
  UNROLL for (u32 v = 0; v < vectors; v++)
    for (u32 left = panel->extra[first + v]; left; left--, extra++, places++)
      UNROLL for (u32 r = 0; r < rows; r++)
        sums[r][v] = DOT(*extra, wasm_v128_load32_splat(row + r * a->stride + *places), sums[r][v]);
  UNROLL for (u32 r = 0; r < rows; r++) {
    i32 term = a->sums[m + r] - (i32)shape->k * a->zero;
    UNROLL for (u32 v = 0; v < vectors; v++) {
      u32 column = (first + v) * 4;
      if (column < count)
        finish(shape, data, sums[r][v], panel->sums + column, a->zero, term, m0 + m + r, n + column,
               count - column);
    }
  }
}

/* All rows x one panel, whose first `count` columns are C's columns n.. */
INLINE void tiles(const Shape *shape, const Data *data, Panel *panel, const Rows *a, u32 m0, u32 rows,
                  u32 n, u32 count, const u32 by_pairs) {
  u32 m = 0;
#define TILE(rows, first, vectors) \
  tile(shape, data, panel, a, m0, m, n, count, rows, first, vectors, by_pairs)
#define HALVES(rows) TILE(rows, 0, 2), TILE(rows, 2, 2)
  for (; m + 4 <= rows; m += 4) HALVES(4);
  switch (rows - m) {
    case 3: HALVES(3); break;
    case 2: TILE(2, 0, 4); break;
    case 1: TILE(1, 0, 4); break;
  }
}

static void panel_product(const Context *own, const Shape *shape, const Data *data, Panel *panel,
                          const Rows *a, u32 m0, u32 rows, u32 n, u32 count) {
  if (own->pair_limit == PAIRS_SATURATE)
    tiles(shape, data, panel, a, m0, rows, n, count, 1);
  else
    tiles(shape, data, panel, a, m0, rows, n, count, 0);
}

typedef void Process(const u32 *, const i32 *, u32, u32, u32, u32, u32);

/* The fused operators scale what is finished: the first virtual function of their object. */
INLINE void process(const Data *data, u32 m, u32 n, u32 rows, u32 columns) {
  if (data->output)
    (*(Process **)data->output[0])(data->output, data->c, m, n, rows, columns, data->ldc);
}

INLINE u32 least(u32 a, u32 b) { return a < b ? a : b; }

/* Scratch of at least that size, 0 where memory is full. */
static u8 *scratch_of(Context *own, u32 size) {
  if (own->scratch_size >= size) return own->scratch;
  if (own->scratch) release(own->scratch);
  own->scratch = allocate(size);
  own->scratch_size = own->scratch ? size : 0;
  return own->scratch;
}

/* The columns n0.. of some rows, panel by panel. */
static void block_product(const Context *own, const Shape *shape, const Data *data, Weights *weights,
                          Panel *scratch, const Rows *a, u32 m0, u32 rows, u32 n0, u32 columns) {
  for (u32 n = 0; n < columns; n += COLUMNS) {
    u32 count = least(COLUMNS, columns - n), at = n0 + n, done = n + count;
    Panel *panel = kept_panel(weights, at / COLUMNS, data, scratch, own->pair_limit);
    panel_product(own, shape, data, panel, a, m0, rows, at, count);
    u32 group = (done - 1) % GROUP + 1;
    if (group == GROUP || done == columns) process(data, m0, n0 + done - group, rows, group);
  }
}

/* The shipped function, for what is not kept and where there is no memory. */
typedef void Gemm(const Shape *, const Data *, u32, u32, u32, u32);
Gemm shipped_unsigned __attribute__((import_module("env"), import_name("shipped_unsigned")));
Gemm shipped_signed __attribute__((import_module("env"), import_name("shipped_signed")));

__attribute__((export_name("gemm"))) void gemm(const Shape *shape, const Data *data, u32 m0, u32 rows,
                                               u32 n0, u32 columns) {
  Context *own = context();
  u32 panel_size = (most_of_panel(shape->k) + 15) & ~15u;
  u32 rows_size = sizeof(Rows) + MOST_ROWS * quads_of(shape->k) * QUAD;
  Weights *weights = n0 % COLUMNS ? 0 : weights_of(own->registry, shape, data);
  u8 *scratch = weights ? scratch_of(own, panel_size + rows_size + 16) : 0;
  if (!scratch) {
    if (shape->a_is_signed) return shipped_signed(shape, data, m0, rows, n0, columns);
    return shipped_unsigned(shape, data, m0, rows, n0, columns);
  }
  Panel *panel = (Panel *)(((u32)scratch + 15) & ~15u);
  Rows *a = (Rows *)((u8 *)panel + panel_size);
  for (u32 m = 0; m < rows; m += MOST_ROWS) {
    u32 some = least(MOST_ROWS, rows - m);
    pack_rows(own, a, shape, data, m0 + m, some);
    block_product(own, shape, data, weights, panel, a, m0 + m, some, n0, columns);
  }
}

/* How the processor reads the second operand: 200 if as unsigned, -56 if as signed. */
__attribute__((export_name("reads"))) i32 reads(const u8 *bytes) {
  v128_t one = wasm_v128_load32_zero(bytes), byte = wasm_v128_load32_zero(bytes + 4);
  return wasm_i32x4_extract_lane(dot(one, byte, wasm_i32x4_splat(0)), 0);
}

/* The digest of at most DIGESTED bytes more; `state` is 0 at first. */
__attribute__((export_name("digest"))) u64 digest(u64 state, const u8 *bytes, u32 size) {
  return digest_more(state, bytes, size);
}

/* Remember a digest of a constant; 0 if there are too many. */
__attribute__((export_name("know"))) u32 know(u64 digest) {
  Registry *all = context()->registry;
  u64 *place = known_place(all, digest);
  if (*place == digest) return 1;
  if (all->known_count >= MOST_KNOWN / 2) return 0;
  *place = digest;
  all->known_count++;
  return 1;
}

/* Forget all constants and give their panels back. */
__attribute__((export_name("forget_all"))) void forget_all(void) {
  Registry *all = context()->registry;
  for (u32 i = 0; i < MOST_WEIGHTS; i++)
    if (all->weights[i].address) forget_weights(&all->weights[i]);
  for (u32 i = 0; i < MOST_KNOWN; i++) all->known[i] = 0;
  all->count = 0, all->known_count = 0;
}

/* How many bytes the kept panels take. */
__attribute__((export_name("kept"))) u32 kept(void) {
  Registry *all = context()->registry;
  u32 size = 0;
  for (u32 i = 0; i < MOST_WEIGHTS; i++) {
    Weights *each = &all->weights[i];
    for (u32 p = 0; each->panels && p < (each->n + COLUMNS - 1) / COLUMNS; p++)
      if (each->panels[p]) size += ((Panel *)each->panels[p])->size;
  }
  return size;
}

__attribute__((export_name("registry_size"))) u32 registry_size(void) { return sizeof(Registry); }
__attribute__((export_name("context_size"))) u32 context_size(void) { return sizeof(Context); }
