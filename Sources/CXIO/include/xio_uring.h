// io_uring, through liburing.

#ifndef XIO_URING_H
#define XIO_URING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct xio_ring xio_ring;
typedef struct { uint64_t token; int32_t result; uint32_t flags; } xio_ring_completion;

// Setup flags that the kernel accepted.
enum { XIO_RING_SINGLE_ISSUER = 1, XIO_RING_DEFER_TASKRUN = 2, XIO_RING_COOP_TASKRUN = 4 };

// `setups` counts the io_uring_setup(2) calls that the ladder of flags took.
long xio_ring_create(unsigned entries, xio_ring **ring, unsigned *setups);
void xio_ring_destroy(xio_ring *ring);
unsigned xio_ring_flags(const xio_ring *ring);
// Room for that many submissions more.
unsigned xio_ring_room(const xio_ring *ring);
// Registers `count` buffers of `size` bytes that follow each other from `base`.
long xio_ring_register_buffers(xio_ring *ring, void *base, size_t size, unsigned count);

// One submission each; there must be room. `buffer_index` is -1 for memory that is not registered,
// an offset of -1 the descriptor's own position. `linked` makes the next one wait for this one.
void xio_ring_read(xio_ring *ring, int fd, void *buffer, unsigned count, int64_t offset, int flags,
                   int buffer_index, uint64_t token);
void xio_ring_write(xio_ring *ring, int fd, const void *buffer, unsigned count, int64_t offset, int flags,
                    int buffer_index, uint64_t token);
void xio_ring_poll(xio_ring *ring, int fd, bool for_read, bool linked, uint64_t token);
void xio_ring_fsync(xio_ring *ring, int fd, bool data_only, uint64_t token);
void xio_ring_cancel(xio_ring *ring, uint64_t target, uint64_t token);
void xio_ring_nop(xio_ring *ring, uint64_t token);

unsigned xio_ring_unsubmitted(const xio_ring *ring);
// One io_uring_enter(2): submits, and waits for `at_least` completions.
long xio_ring_submit(xio_ring *ring, unsigned at_least);
// The same, with a timeout; without anything to submit there must be no completions yet.
long xio_ring_submit_until(xio_ring *ring, unsigned at_least, int64_t timeout_ns);
bool xio_ring_has_completions(const xio_ring *ring);
// One io_uring_enter(2) that waits for `at_least` completions or until the timeout (-ETIME).
long xio_ring_wait(xio_ring *ring, unsigned at_least, int64_t timeout_ns);
size_t xio_ring_take(xio_ring *ring, xio_ring_completion *completions, size_t count);

// The version of the library, which has told it only since 2.4.
const char *xio_ring_library_version(void);

#endif
