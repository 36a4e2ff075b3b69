// Resizes pictures of 8-bit RGBA as Pillow does (js/resize.mjs has the numbers and the order): sums of
// whole numbers with 22 bits behind the point, all four channels of a pixel in one vector. Alpha goes
// along and is read by nobody. Sums wrap as Pillow's do.
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(name)))

enum { BITS = 22, HALF = 1 << (BITS - 1), CHANNELS = 4, VECTOR = 16 };

static inline v128_t wide(const uint8_t *pixel) {
  return wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(pixel)));
}

static inline v128_t weighed(v128_t sum, v128_t levels, v128_t weight) {
  return wasm_i32x4_add(sum, wasm_i32x4_mul(levels, weight));
}

static inline v128_t halves(v128_t low, v128_t high) {
  return wasm_i16x8_narrow_i32x4(wasm_i32x4_shr(low, BITS), wasm_i32x4_shr(high, BITS));
}

// Rows first to last of a picture `have` pixels wide, as columns from to to of another width. Column x
// is made of counts[x] pixels from starts[x] on, which count what lies from weights + x * apart on. Rows
// of the result lie `pitch` bytes apart.
EXPORT("across")
void across(const uint8_t *pixels, int32_t have, int32_t first, int32_t last, const int32_t *starts,
            const int32_t *counts, const int32_t *weights, int32_t apart, int32_t from, int32_t to, uint8_t *out,
            int32_t pitch) {
  for (int32_t y = first; y < last; y++, out += pitch) {
    const uint8_t *row = pixels + y * have * CHANNELS;
    uint8_t *to_pixel = out;
    for (int32_t x = from; x < to; x++, to_pixel += CHANNELS) {
      const uint8_t *pixel = row + starts[x] * CHANNELS;
      const int32_t *weight = weights + x * apart;
      v128_t sum = wasm_i32x4_splat(HALF);
      for (int32_t tap = 0; tap < counts[x]; tap++)
        sum = weighed(sum, wide(pixel + tap * CHANNELS), wasm_v128_load32_splat(weight + tap));
      v128_t half = halves(sum, sum);
      wasm_v128_store32_lane(to_pixel, wasm_u8x16_narrow_i16x8(half, half), 0);
    }
  }
}

// One row of another height, made of `count` rows that lie `pitch` bytes apart, a multiple of a vector's.
EXPORT("down")
void down(const uint8_t *rows, int32_t pitch, int32_t count, const int32_t *weights, uint8_t *out) {
  for (int32_t at = 0; at < pitch; at += VECTOR) {
    v128_t sums[CHANNELS];
    for (int32_t i = 0; i < CHANNELS; i++) sums[i] = wasm_i32x4_splat(HALF);
    for (int32_t tap = 0; tap < count; tap++) {
      v128_t bytes = wasm_v128_load(rows + tap * pitch + at);
      v128_t weight = wasm_v128_load32_splat(weights + tap);
      v128_t low = wasm_u16x8_extend_low_u8x16(bytes), high = wasm_u16x8_extend_high_u8x16(bytes);
      sums[0] = weighed(sums[0], wasm_u32x4_extend_low_u16x8(low), weight);
      sums[1] = weighed(sums[1], wasm_u32x4_extend_high_u16x8(low), weight);
      sums[2] = weighed(sums[2], wasm_u32x4_extend_low_u16x8(high), weight);
      sums[3] = weighed(sums[3], wasm_u32x4_extend_high_u16x8(high), weight);
    }
    wasm_v128_store(out + at, wasm_u8x16_narrow_i16x8(halves(sums[0], sums[1]), halves(sums[2], sums[3])));
  }
}

// One channel of a row, as a table has its levels.
EXPORT("spread")
void spread(const uint8_t *row, int32_t count, const float *levels, float *out) {
  for (int32_t x = 0; x < count; x++) out[x] = levels[row[x * CHANNELS]];
}
