#include "include/xio_scan.h"

#include <string.h>

// The compiler makes of these whatever the processor has.
typedef uint8_t lanes __attribute__((vector_size(32), aligned(1), may_alias));

enum {
  WIDTH = sizeof(lanes),
  // A lane counts to 255.
  RUN = WIDTH * 255,
  // So much is counted before it is searched: it stays in the processor's nearest cache.
  CHUNK = 8 << 10,
};

// Where a vector is equal, its lanes are -1.
static size_t count_run(const uint8_t *bytes, size_t count, uint8_t byte) {
  lanes wanted = (lanes){} + byte, sums[4] = {};
  size_t at = 0;
  for (; at + 4 * WIDTH <= count; at += 4 * WIDTH)
    for (int part = 0; part < 4; part++)
      sums[part] -= (lanes)(*(const lanes *)(bytes + at + part * WIDTH) == wanted);
  size_t total = 0;
  for (int part = 0; part < 4; part++)
    for (int lane = 0; lane < WIDTH; lane++) total += sums[part][lane];
  for (; at < count; at++) total += bytes[at] == byte;
  return total;
}

size_t xio_count_byte(const void *start, size_t count, uint8_t byte) {
  const uint8_t *bytes = start;
  size_t total = 0;
  while (count > 0) {
    size_t run = count < 4 * (size_t)RUN ? count : 4 * (size_t)RUN;
    total += count_run(bytes, run, byte);
    bytes += run;
    count -= run;
  }
  return total;
}

int64_t xio_find_from_end(const void *start, size_t count, uint8_t byte, uint64_t *left) {
  const uint8_t *bytes = start;
  while (count > 0 && *left > 0) {
    size_t chunk = count < CHUNK ? count : CHUNK;
    size_t first = count - chunk;
    size_t here = xio_count_byte(bytes + first, chunk, byte);
    if (here < *left) {
      *left -= here;
      count = first;
      continue;
    }
    for (const uint8_t *found; *left > 0; (*left)--) {
      found = memrchr(bytes + first, byte, count - first);
      count = found - bytes;
    }
    return count;
  }
  return -1;
}

int64_t xio_find_from_start(const void *start, size_t count, uint8_t byte, uint64_t *left) {
  const uint8_t *bytes = start;
  size_t at = 0;
  while (at < count && *left > 0) {
    size_t chunk = count - at < CHUNK ? count - at : CHUNK;
    size_t here = xio_count_byte(bytes + at, chunk, byte);
    if (here < *left) {
      *left -= here;
      at += chunk;
      continue;
    }
    for (; *left > 0; (*left)--) at = (const uint8_t *)memchr(bytes + at, byte, count - at) - bytes + 1;
    return at - 1;
  }
  return -1;
}
