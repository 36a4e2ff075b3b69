/* What onnxruntime hands to its int8 GEMM, and what this kernel keeps of its own.
 *
 * Shape and Data are MLAS_GEMM_QUANT_SHAPE_PARAMS and MLAS_GEMM_QUANT_DATA_PARAMS with 4-byte
 * pointers (onnxruntime/core/mlas/inc/mlas.h, the same from 1.20 to 1.32).
 *
 * Nothing here is static: the module has no memory of its own, so it must not own an address.
 * Each thread's instance is given a Context; all share one Registry.
 */
#pragma once
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef int8_t i8;

typedef struct {
  u32 m, n, k;
  u8 a_is_signed, b_is_signed, accumulate;
} Shape;

typedef struct {
  const u8 *a;
  u32 lda;
  u8 zero_a;
  const u8 *b;
  u32 ldb;
  const u8 *zero_b;
  u8 b_is_packed, zero_b_per_column;
  i32 *c;
  u32 ldc;
  const u32 *output; /* an MLAS_QGEMM_OUTPUT_PROCESSOR, or null */
} Data;

#define COLUMNS 16 /* of a panel */
#define QUAD 4     /* rows of weights that one dot product takes */

#define VECTORS 4  /* of 4 columns each, in a panel */

/* 16 columns of weights: `quads` blocks of 4 rows x 16 columns follow, each of 4 vectors of 4 columns.
 * Then come, vector by vector, the weights that these had to leave out (pack.h): extra[v] of them, and
 * then where in a row each begins. */
typedef struct {
  i32 sums[COLUMNS];
  u32 quads, size, extra[VECTORS];
  void *block; /* as malloc gave it */
  u32 unused;
} Panel;

/* A matrix of weights whose panels are kept; `panels` is null for one that must not be. */
typedef struct {
  u32 address; /* 0: this place is free */
  u32 k, n, b_is_signed;
  u32 *panels;
} Weights;

#define MOST_WEIGHTS 4096 /* powers of two */
#define MOST_KNOWN 4096

typedef struct {
  u32 lock, count, known_count, limit;
  u64 known[MOST_KNOWN];        /* digests of constants, 0: free */
  Weights weights[MOST_WEIGHTS]; /* by address */
} Registry;

#define PAIRS_SATURATE 128 /* the limit of the second habit (dot.h) */

/* `row_flip` makes a byte of an unsigned row what the instruction reads as such: 0 or 0x80.
 * `pair_limit`: the most that two neighbouring weights of one sign may add up to. */
typedef struct {
  Registry *registry;
  u8 *scratch;
  u32 scratch_size;
  u32 row_flip, pair_limit;
} Context;
