// Counting and finding one byte in memory, many bytes at a time.

#ifndef XIO_SCAN_H
#define XIO_SCAN_H

#include <stddef.h>
#include <stdint.h>

// How often `byte` occurs.
size_t xio_count_byte(const void *bytes, size_t count, uint8_t byte);

// Goes from the end to the beginning, or the other way, and takes one from `left` for each `byte`, until
// that is 0. Returns the index of the last one taken, or -1 where there were too few.
int64_t xio_find_from_end(const void *bytes, size_t count, uint8_t byte, uint64_t *left);
int64_t xio_find_from_start(const void *bytes, size_t count, uint8_t byte, uint64_t *left);

#endif
