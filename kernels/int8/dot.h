/* The one instruction that this kernel lives by, and plain forms of it for the tests.
 *
 * i32x4.relaxed_dot_i8x16_i7x16_add_s multiplies signed bytes of its first operand with bytes of its
 * second and adds groups of four. The second is meant to be 0..127; what larger bytes give is left to
 * the processor, and there are four habits:
 *   1  x86 with AVX-VNNI: they are unsigned, all sums are exact (vpdpbusd)
 *   2  other x86: they are unsigned, sums of two products saturate at 16 bits (pmaddubsw)
 *   3  Arm with dot products: they are signed, all sums are exact (sdot)
 *   4  other Arm: they are signed, sums of two products wrap at 16 bits (smull, addp)
 * DOT_HABIT names the one to play; without it the instruction itself is compiled.
 * https://github.com/WebAssembly/relaxed-simd/blob/main/proposals/relaxed-simd/Overview.md
 */
#pragma once
#include <wasm_simd128.h>

#define INLINE static inline __attribute__((always_inline))

#ifndef DOT_HABIT
INLINE v128_t dot(v128_t weights, v128_t row, v128_t sum) {
  return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(weights, row, sum);
}

INLINE v128_t dot_of_pairs(v128_t weights, v128_t row) {
  return wasm_i16x8_relaxed_dot_i8x16_i7x16(weights, row);
}
#else
INLINE v128_t pairs(v128_t weights, v128_t row, int high) {
  v128_t w = high ? wasm_i16x8_extend_high_i8x16(weights) : wasm_i16x8_extend_low_i8x16(weights);
#if DOT_HABIT <= 2
  v128_t r = high ? wasm_u16x8_extend_high_u8x16(row) : wasm_u16x8_extend_low_u8x16(row);
#else
  v128_t r = high ? wasm_i16x8_extend_high_i8x16(row) : wasm_i16x8_extend_low_i8x16(row);
#endif
  return wasm_i32x4_dot_i16x8(w, r);
}

INLINE v128_t dot(v128_t weights, v128_t row, v128_t sum) {
  v128_t low = pairs(weights, row, 0), high = pairs(weights, row, 1);
#if DOT_HABIT == 2
  low = wasm_i32x4_extend_low_i16x8(wasm_i16x8_narrow_i32x4(low, low));
  high = wasm_i32x4_extend_low_i16x8(wasm_i16x8_narrow_i32x4(high, high));
#elif DOT_HABIT == 4
  low = wasm_i32x4_shr(wasm_i32x4_shl(low, 16), 16);
  high = wasm_i32x4_shr(wasm_i32x4_shl(high, 16), 16);
#endif
  v128_t even = wasm_i32x4_shuffle(low, high, 0, 2, 4, 6);
  v128_t odd = wasm_i32x4_shuffle(low, high, 1, 3, 5, 7);
  return wasm_i32x4_add(sum, wasm_i32x4_add(even, odd));
}

INLINE v128_t dot_of_pairs(v128_t weights, v128_t row) {
  return wasm_i16x8_narrow_i32x4(pairs(weights, row, 0), pairs(weights, row, 1));
}
#endif

/* The same as `dot` for the second habit: browsers make the one instruction of five there, two of
 * which build the constant each time. */
INLINE v128_t dot_by_pairs(v128_t weights, v128_t row, v128_t sum) {
  v128_t products = wasm_i32x4_dot_i16x8(dot_of_pairs(weights, row), wasm_i16x8_splat(1));
  return wasm_i32x4_add(sum, products);
}
