#include "xio_lines.h"

#include <string.h>

#include "xio_scan.h"

static const uint8_t *find(const uint8_t *bytes, size_t count, const uint8_t *delimiter, size_t size) {
  return size == 1 ? memchr(bytes, *delimiter, count) : memmem(bytes, count, delimiter, size);
}

xio_labelled xio_label_lines(const xio_labelling *how, const void *lines, size_t count, void *out, size_t room) {
  const uint8_t *at = lines, *end = at + count;
  uint8_t *to = out, *limit = to + room;
  xio_labelled done = {.stop = XIO_LINES_ALL};
  while (at < end) {
    if (done.lines == how->most) {
      done.stop = XIO_LINES_ENOUGH;
      break;
    }
    const uint8_t *found = find(at, end - at, how->delimiter, how->delimiter_size);
    if (!found) break;
    size_t length = found - at + how->delimiter_size;
    if (length - how->delimiter_size > how->longest) {
      done.stop = XIO_LINES_TOO_LONG;
      break;
    }
    if ((size_t)(limit - to) < how->label_size + length) {
      done.stop = XIO_LINES_NO_ROOM;
      break;
    }
    memcpy(to, how->label, how->label_size);
    memcpy(to + how->label_size, at, length);
    to += how->label_size + length;
    at += length;
    done.lines++;
  }
  done.consumed = at - (const uint8_t *)lines;
  done.produced = to - (uint8_t *)out;
  return done;
}

size_t xio_first_line_end(const void *bytes, size_t count, const uint8_t *delimiter, size_t size) {
  const uint8_t *found = find(bytes, count, delimiter, size);
  return found ? found - (const uint8_t *)bytes + size : 0;
}

size_t xio_last_line_end(const void *bytes, size_t count, const uint8_t *delimiter, size_t size) {
  const uint8_t *start = bytes;
  while (count >= size) {
    const uint8_t *last = memrchr(start, delimiter[size - 1], count);
    if (!last) return 0;
    size_t end = last - start + 1;
    if (end >= size && memcmp(start + end - size, delimiter, size) == 0) return end;
    count = end - 1;
  }
  return 0;
}

uint64_t xio_count_lines(const void *bytes, size_t count, const uint8_t *delimiter, size_t size) {
  if (size == 1) return xio_count_byte(bytes, count, *delimiter);
  const uint8_t *at = bytes, *end = at + count;
  uint64_t lines = 0;
  for (const uint8_t *found; at < end && (found = memmem(at, end - at, delimiter, size)); lines++) at = found + size;
  return lines;
}
