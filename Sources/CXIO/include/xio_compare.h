// What measuring takes: programs that are run, room on file systems, digests, and work that is interrupted.

#ifndef XIO_COMPARE_H
#define XIO_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xio_calls.h"

// Runs this very program with other arguments, in a process group of its own. Standard streams are the
// descriptors given, or /dev/null for -1.
long xio_spawn_self(char *const arguments[], int input, int output, int error, int *pid);
// Waits until a child has ended, and says what it has used; -EINTR after a signal.
long xio_await(int pid, int *status, xio_usage *usage, int64_t *resident_bytes);

typedef struct {
  uint64_t free_bytes;    // for somebody without privileges
  uint64_t free_files;    // UINT64_MAX where there is no limit
  uint32_t magic;         // of the file system
} xio_room;
long xio_free_room(int fd, xio_room *room);

// A digest of bytes in their order, however they are cut; it finds differences, not forgeries.
typedef struct {
  uint64_t hash, count;
  uint8_t rest[8];
} xio_digest;
void xio_digest_add(xio_digest *digest, const void *bytes, size_t count);
uint64_t xio_digest_value(const xio_digest *digest);

// Multiplies square matrices. A signal that comes meanwhile counts as an interruption.
void xio_multiply(size_t order, const double *left, const double *right, double *product);

// Takes a signal as it comes: the handler only records that it came. With `keeps_pending` the signal stays
// pending for whoever takes it from the queue, and blocked until it is let in again.
long xio_record_signal(int32_t number, bool keeps_pending);
long xio_let_signal_in(int32_t number);
// Whether a signal has been recorded since the last question.
bool xio_take_recorded(void);
// How many have been recorded, and how many of these while matrices were multiplied.
uint64_t xio_recorded_signals(void);
uint64_t xio_interrupted_products(void);

#endif
