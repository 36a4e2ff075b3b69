/* Weights as the dot product wants them: four rows of a column side by side, 16 columns a panel.
 *
 * Weights are signed here; unsigned ones are moved by 128, and so is their zero point. Where sums of
 * two products have 16 bits only, two large weights of one sign side by side would not fit
 * (255 * (127 + 127) > 32767). The second of such a pair is 0 in its block and stands in an extra
 * vector instead, with 0 for its neighbour. Weights of a bell shape that fill all 8 bits have some 15 %
 * more vectors by this, those quantized by tensor next to none.
 */
#pragma once
#include "dot.h"
#include "layout.h"

INLINE u32 quads_of(u32 k) { return (k + QUAD - 1) / QUAD; }

/* Bytes that a panel may need at most: each vector twice. */
INLINE u32 most_of_panel(u32 k) {
  return sizeof(Panel) + quads_of(k) * VECTORS * (2 * sizeof(v128_t) + sizeof(u32));
}

INLINE v128_t *blocks_of(Panel *panel) { return (v128_t *)(panel + 1); }

/* The extra vectors of a panel, those of its first vector first. */
INLINE v128_t *extra_of(const Panel *panel) {
  return blocks_of((Panel *)panel) + panel->quads * VECTORS;
}

INLINE u32 *places_of(const Panel *panel) {
  const u32 *extra = panel->extra;
  return (u32 *)(extra_of(panel) + extra[0] + extra[1] + extra[2] + extra[3]);
}

/* Four rows of 16 columns -> four vectors of 4 columns x 4 rows. */
INLINE void interleave(v128_t r0, v128_t r1, v128_t r2, v128_t r3, v128_t *out) {
#define LOW(x, y) wasm_i8x16_shuffle(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH(x, y) \
  wasm_i8x16_shuffle(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
  v128_t a = LOW(r0, r1), b = HIGH(r0, r1), c = LOW(r2, r3), d = HIGH(r2, r3);
  out[0] = wasm_i16x8_shuffle(a, c, 0, 8, 1, 9, 2, 10, 3, 11);
  out[1] = wasm_i16x8_shuffle(a, c, 4, 12, 5, 13, 6, 14, 7, 15);
  out[2] = wasm_i16x8_shuffle(b, d, 0, 8, 1, 9, 2, 10, 3, 11);
  out[3] = wasm_i16x8_shuffle(b, d, 4, 12, 5, 13, 6, 14, 7, 15);
}

/* A row's first `count` columns, the rest 0; no byte beyond them is read. */
INLINE v128_t load_columns(const u8 *row, u32 count, v128_t flip, u8 *lanes) {
  if (count >= COLUMNS) return wasm_v128_xor(wasm_v128_load(row), flip);
  wasm_v128_store(lanes, flip);
  for (u32 i = 0; i < count; i++) lanes[i] = row[i];
  return wasm_v128_xor(wasm_v128_load(lanes), flip);
}

/* The second weight of each pair of one sign that is too large, the rest 0. */
INLINE v128_t second_of_large_pairs(v128_t weights, u32 limit) {
  v128_t first = wasm_i16x8_shr(wasm_i16x8_shl(weights, 8), 8), second = wasm_i16x8_shr(weights, 8);
  v128_t zero = wasm_i16x8_splat(0);
  v128_t above = wasm_i16x8_add(wasm_i16x8_max(first, zero), wasm_i16x8_max(second, zero));
  v128_t below = wasm_i16x8_add(wasm_i16x8_min(first, zero), wasm_i16x8_min(second, zero));
  v128_t most = wasm_i16x8_splat(limit), least = wasm_i16x8_splat(-(int)limit);
  v128_t pairs = wasm_v128_or(wasm_i16x8_gt(above, most), wasm_i16x8_lt(below, least));
  return wasm_v128_and(wasm_v128_and(pairs, wasm_i16x8_splat((short)0xff00)), weights);
}

/* What one vector of a panel leaves out, while it is packed: one after the other, as far from those of
 * the other vectors as all of a vector's quads take. */
INLINE u32 leave_out(v128_t *vectors, u32 *places, u32 v, u32 quads, u32 count, v128_t weights, u32 at) {
  vectors[v * quads + count] = weights;
  places[v * quads + count] = at;
  return count + wasm_v128_any_true(weights);
}

/* The extra vectors and their places moved together; `places` are where leave_out put them. */
INLINE void close_up(Panel *panel, const u32 *places) {
  v128_t *to = extra_of(panel);
  for (u32 v = 0; v < VECTORS; v++) {
    const v128_t *from = extra_of(panel) + v * panel->quads;
    for (u32 i = 0; i < panel->extra[v]; i++) *to++ = from[i];
  }
  u32 *place = (u32 *)to;
  for (u32 v = 0; v < VECTORS; v++)
    for (u32 i = 0; i < panel->extra[v]; i++) *place++ = places[v * panel->quads + i];
  panel->size = (u8 *)place - (u8 *)panel;
}

/* Pack `count` columns of weights from `b` into `panel`, which has room for most_of_panel(k). */
static void pack_panel(Panel *panel, const u8 *b, u32 ldb, u32 k, u32 count, u32 b_is_signed,
                       u32 limit) {
  v128_t flip = wasm_i8x16_splat(b_is_signed ? 0 : (char)0x80), one = wasm_i8x16_splat(1);
  v128_t zero = wasm_i32x4_splat(0), s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  u32 quads = quads_of(k), e0 = 0, e1 = 0, e2 = 0, e3 = 0;
  panel->quads = quads;
  v128_t *out = blocks_of(panel), *extra = extra_of(panel);
  u32 *places = (u32 *)(extra + quads * VECTORS);
  u8 *lanes = (u8 *)panel->sums;
  for (u32 at = 0; at < k; at += QUAD, out += VECTORS) {
    const u8 *row = b + (u64)at * ldb;
    u32 left = k - at;
    v128_t x[VECTORS], r0 = load_columns(row, count, flip, lanes);
    v128_t r1 = left > 1 ? load_columns(row + ldb, count, flip, lanes) : zero;
    v128_t r2 = left > 2 ? load_columns(row + 2 * ldb, count, flip, lanes) : zero;
    v128_t r3 = left > 3 ? load_columns(row + 3 * ldb, count, flip, lanes) : zero;
    interleave(r0, r1, r2, r3, x);
#define PACK(v, sum, count)                                           \
  {                                                                   \
    v128_t too_large = second_of_large_pairs(x[v], limit);            \
    sum = dot(x[v], one, sum);                                        \
    out[v] = wasm_v128_xor(x[v], too_large);                          \
    count = leave_out(extra, places, v, quads, count, too_large, at); \
  }
    PACK(0, s0, e0) PACK(1, s1, e1) PACK(2, s2, e2) PACK(3, s3, e3)
  }
  wasm_v128_store(panel->sums, s0), wasm_v128_store(panel->sums + 4, s1);
  wasm_v128_store(panel->sums + 8, s2), wasm_v128_store(panel->sums + 12, s3);
  wasm_v128_store(panel->extra, wasm_i32x4_make(e0, e1, e2, e3));
  close_up(panel, places);
}
