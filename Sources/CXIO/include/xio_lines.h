// Lines: finding their ends, and copying them behind labels.

#ifndef XIO_LINES_H
#define XIO_LINES_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  const uint8_t *delimiter;
  size_t delimiter_size;
  const uint8_t *label;
  size_t label_size;
  size_t longest;     // lines with more bytes before their delimiter are left to the caller
  uint64_t most;      // copy no more lines than this
} xio_labelling;

enum { XIO_LINES_ALL, XIO_LINES_NO_ROOM, XIO_LINES_TOO_LONG, XIO_LINES_ENOUGH };

typedef struct {
  size_t consumed, produced;
  uint64_t lines;
  int stop;
} xio_labelled;

// Copies whole lines, each behind the label, as long as there is room.
xio_labelled xio_label_lines(const xio_labelling *how, const void *lines, size_t count, void *out, size_t room);

// The offset behind the first, or the last, delimiter; 0 where there is none.
size_t xio_first_line_end(const void *bytes, size_t count, const uint8_t *delimiter, size_t size);
size_t xio_last_line_end(const void *bytes, size_t count, const uint8_t *delimiter, size_t size);
// How many lines end.
uint64_t xio_count_lines(const void *bytes, size_t count, const uint8_t *delimiter, size_t size);

#endif
