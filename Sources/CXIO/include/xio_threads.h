// Threads that block in system calls on behalf of one that must not.

#ifndef XIO_THREADS_H
#define XIO_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct xio_workers xio_workers;
typedef enum {
  XIO_WORK_READ, XIO_WORK_WRITE, XIO_WORK_WAIT_READABLE, XIO_WORK_WAIT_WRITABLE,
  XIO_WORK_WAIT_FOR_ANY, XIO_WORK_FSYNC, XIO_WORK_FDATASYNC
} xio_work_verb;

// One call. An offset of -1 means the descriptor's own position; with flags it is preadv2 or pwritev2. To wait for any
// of some descriptors takes `count` of xio_interest in the buffer.
typedef struct {
  xio_work_verb verb;
  int32_t fd, flags;
  void *buffer;
  size_t count;
  int64_t offset;
  bool measures;  // whether the processor time is wanted
} xio_work;

// A call that has returned: a count or -errno, and the processor time that it took.
typedef struct { int64_t result, cpu_ns; } xio_work_done;

long xio_workers_create(size_t capacity, xio_workers **workers);
// Interrupts what still blocks, and waits until all threads have ended.
void xio_workers_end(xio_workers *workers);
void xio_workers_destroy(xio_workers *workers);
// Hands a call to thread `index`, which must have none, and starts the thread if there is none yet.
long xio_workers_submit(xio_workers *workers, size_t index, const xio_work *work);
// Whether the call of thread `index` has returned, and then with what, once.
bool xio_workers_take(xio_workers *workers, size_t index, xio_work_done *done);
// Makes an eventfd, once and before the first call, that from then on counts the calls that have returned.
long xio_workers_make_ring(xio_workers *workers);
// Adds one to it.
void xio_workers_wake(xio_workers *workers);
// How many calls have returned so far, to be asked for before looking at results.
uint32_t xio_workers_announced(xio_workers *workers);
// Waits until more calls have returned than `announced`: 0, -EAGAIN when they have, -ETIMEDOUT or -EINTR.
long xio_workers_wait(xio_workers *workers, uint32_t announced, int64_t timeout_ns);
// Interrupts the call of thread `index`, which ends with -ECANCELED unless it has moved something. The
// signal can come too early to be felt: to be repeated until the call has returned.
void xio_workers_interrupt(xio_workers *workers, size_t index);

#endif
