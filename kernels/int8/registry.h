/* Which matrices of weights keep their panels, and since when.
 *
 * onnxruntime says nothing of a matrix but its address. That of a constant stays what it is while its
 * session lives, but that of a result (attention scores, a batched product) is used again and again
 * for other numbers. So JavaScript tells the digests of a graph's constants beforehand (weights.mjs),
 * and a matrix is kept if what lies at its address has one of these. Before a session ends everything
 * is forgotten (forget_all): its addresses are then anybody's.
 *
 * Several threads look things up at once while they run; `know` and `forget_all` are called between
 * runs.
 */
#pragma once
#include "pack.h"

void *allocate(u32 size) __attribute__((import_module("env"), import_name("malloc")));
void release(void *block) __attribute__((import_module("env"), import_name("free")));

#define PRIME 0x9e3779b97f4a7c15ull

INLINE u64 stir(u64 state, u64 value) {
  state = (state ^ value) * PRIME;
  return state ^ (state >> 29);
}

#define DIGESTED (1 << 20) /* bytes at a time, so that JavaScript need not copy more into the heap */

/* The digest, never 0, of what `state` stands for and these bytes. Four lanes, since a multiplication
 * takes a while. */
static u64 digest_more(u64 state, const u8 *bytes, u32 size) {
  u64 a = state, b = size, c = 2, d = 3;
  u32 i = 0;
  for (; i + 32 <= size; i += 32) {
    const u64 *p = (const u64 *)(bytes + i);
    a = stir(a, p[0]), b = stir(b, p[1]), c = stir(c, p[2]), d = stir(d, p[3]);
  }
  for (; i < size; i++) a = stir(a, bytes[i]);
  return stir(stir(stir(a, b), c), d) | 1;
}

static u64 digest_of(const u8 *bytes, u32 size) {
  u64 state = 0;
  for (u32 at = 0; at < size; at += DIGESTED)
    state = digest_more(state, bytes + at, size - at < DIGESTED ? size - at : DIGESTED);
  return state;
}

/* Where a known digest stands, or the free place for it; null when it would be the last free one. */
INLINE u64 *known_place(Registry *all, u64 digest) {
  for (u32 i = 0; i < MOST_KNOWN; i++) {
    u64 *place = &all->known[(digest + i) % MOST_KNOWN];
    if (*place == digest || !*place) return place;
  }
  return 0;
}

INLINE Weights *weights_place(Registry *all, u32 address) {
  for (u32 i = 0; i < MOST_WEIGHTS; i++) {
    Weights *place = &all->weights[((address >> 4) + i) % MOST_WEIGHTS];
    u32 found = __atomic_load_n(&place->address, __ATOMIC_ACQUIRE);
    if (found == address || !found) return place;
  }
  return 0;
}

static void lock(Registry *all) {
  while (__atomic_exchange_n(&all->lock, 1, __ATOMIC_ACQUIRE)) {
  }
}

static void unlock(Registry *all) { __atomic_store_n(&all->lock, 0, __ATOMIC_RELEASE); }

/* Panels of a matrix that is kept: null where there is no memory. */
static u32 *empty_panels(u32 n) {
  u32 count = (n + COLUMNS - 1) / COLUMNS, *panels = allocate(count * sizeof(u32));
  for (u32 i = 0; panels && i < count; i++) panels[i] = 0;
  return panels;
}

/* Enter a matrix that was not seen before; one that is no constant is entered too, without panels,
 * so that it is not read again at each call. */
static Weights *enter(Registry *all, const Shape *shape, const Data *data) {
  u64 digest = digest_of(data->b, shape->k * shape->n);
  int constant = *known_place(all, digest) == digest;
  lock(all);
  Weights *place = weights_place(all, (u32)data->b);
  if (place && !place->address && all->count < MOST_WEIGHTS / 2) {
    place->k = shape->k, place->n = shape->n, place->b_is_signed = shape->b_is_signed;
    place->panels = constant ? empty_panels(shape->n) : 0;
    all->count++;
    __atomic_store_n(&place->address, (u32)data->b, __ATOMIC_RELEASE);
  }
  unlock(all);
  return place;
}

/* The kept weights of this product, null if they are not to be kept. */
static Weights *weights_of(Registry *all, const Shape *shape, const Data *data) {
  if (!all->known_count || data->ldb != shape->n || !shape->k) return 0;
  Weights *found = weights_place(all, (u32)data->b);
  if (found && !found->address) {
    if (all->count >= MOST_WEIGHTS / 2) return 0;
    found = enter(all, shape, data);
  }
  if (!found || found->address != (u32)data->b || !found->panels) return 0;
  int same = found->k == shape->k && found->n == shape->n &&
             found->b_is_signed == shape->b_is_signed;
  return same ? found : 0;
}

/* The panel of `columns` 16 * index and on: the kept one, or the one just packed in `scratch`. */
static Panel *kept_panel(Weights *weights, u32 index, const Data *data, Panel *scratch, u32 limit) {
  Panel *found = (Panel *)__atomic_load_n(&weights->panels[index], __ATOMIC_ACQUIRE);
  if (found) return found;
  u32 first = index * COLUMNS, left = weights->n - first;
  pack_panel(scratch, data->b + first, data->ldb, weights->k, left, weights->b_is_signed, limit);
  void *block = allocate(scratch->size + 16);
  if (!block) return scratch;
  Panel *made = (Panel *)(((u32)block + 15) & ~15u);
  __builtin_memcpy(made, scratch, scratch->size);
  made->block = block;
  u32 none = 0;
  if (__atomic_compare_exchange_n(&weights->panels[index], &none, (u32)made, 0, __ATOMIC_ACQ_REL,
                                  __ATOMIC_ACQUIRE))
    return made;
  release(block); /* another thread was faster */
  return (Panel *)none;
}

INLINE void forget_weights(Weights *weights) {
  u32 count = weights->panels ? (weights->n + COLUMNS - 1) / COLUMNS : 0;
  for (u32 i = 0; i < count; i++)
    if (weights->panels[i]) release(((Panel *)weights->panels[i])->block);
  if (weights->panels) release(weights->panels);
  weights->address = 0, weights->panels = 0;
}
