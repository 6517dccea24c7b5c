#include "xio_uring.h"

#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

struct xio_ring {
  struct io_uring ring;
  unsigned flags;
};

// From what newer kernels offer down to what every kernel has.
static const unsigned ladder[] = {
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL,
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL,
    0,
};

long xio_ring_create(unsigned entries, xio_ring **out, unsigned *setups) {
  xio_ring *ring = calloc(1, sizeof *ring);
  if (!ring) return -ENOMEM;
  int failure = -EINVAL;
  *setups = 0;
  for (size_t rung = 0; rung < sizeof ladder / sizeof *ladder && failure == -EINVAL; rung++) {
    ring->flags = ladder[rung];
    failure = io_uring_queue_init(entries, &ring->ring, ring->flags);
    ++*setups;
    // liburing 2.3 answers -1 where a filter or the sysctl makes the call fail with EPERM.
  }
  if (failure < 0) {
    free(ring);
    return failure;
  }
  *out = ring;
  return 0;
}

void xio_ring_destroy(xio_ring *ring) {
  io_uring_queue_exit(&ring->ring);
  free(ring);
}

unsigned xio_ring_flags(const xio_ring *ring) {
  return (ring->flags & IORING_SETUP_SINGLE_ISSUER ? XIO_RING_SINGLE_ISSUER : 0) |
         (ring->flags & IORING_SETUP_DEFER_TASKRUN ? XIO_RING_DEFER_TASKRUN : 0) |
         (ring->flags & IORING_SETUP_COOP_TASKRUN ? XIO_RING_COOP_TASKRUN : 0);
}

unsigned xio_ring_room(const xio_ring *ring) { return io_uring_sq_space_left(&ring->ring); }

long xio_ring_register_buffers(xio_ring *ring, void *base, size_t size, unsigned count) {
  struct iovec *vectors = calloc(count, sizeof *vectors);
  if (!vectors) return -ENOMEM;
  for (unsigned index = 0; index < count; index++)
    vectors[index] = (struct iovec){(char *)base + index * size, size};
  int failure = io_uring_register_buffers(&ring->ring, vectors, count);
  free(vectors);
  return failure;
}

// The entry keeps what its last user left in it, so all of it is set anew.
static struct io_uring_sqe *next(xio_ring *ring, uint64_t token) {
  struct io_uring_sqe *entry = io_uring_get_sqe(&ring->ring);
  memset(entry, 0, sizeof *entry);
  entry->user_data = token;
  return entry;
}

static void transfer(xio_ring *ring, int opcode, int fixed_opcode, int fd, const void *buffer, unsigned count,
                     int64_t offset, int flags, int buffer_index, uint64_t token) {
  struct io_uring_sqe *entry = next(ring, token);
  entry->opcode = (uint8_t)(buffer_index < 0 ? opcode : fixed_opcode);
  entry->fd = fd;
  entry->addr = (uint64_t)(uintptr_t)buffer;
  entry->len = count;
  entry->off = (uint64_t)offset;
  entry->rw_flags = flags;
  if (buffer_index >= 0) entry->buf_index = (uint16_t)buffer_index;
}

void xio_ring_read(xio_ring *ring, int fd, void *buffer, unsigned count, int64_t offset, int flags,
                   int buffer_index, uint64_t token) {
  transfer(ring, IORING_OP_READ, IORING_OP_READ_FIXED, fd, buffer, count, offset, flags, buffer_index, token);
}

void xio_ring_write(xio_ring *ring, int fd, const void *buffer, unsigned count, int64_t offset, int flags,
                    int buffer_index, uint64_t token) {
  transfer(ring, IORING_OP_WRITE, IORING_OP_WRITE_FIXED, fd, buffer, count, offset, flags, buffer_index, token);
}

void xio_ring_poll(xio_ring *ring, int fd, bool for_read, bool linked, uint64_t token) {
  struct io_uring_sqe *entry = next(ring, token);
  io_uring_prep_poll_add(entry, fd, for_read ? POLLIN : POLLOUT);
  entry->user_data = token;
  if (linked) entry->flags |= IOSQE_IO_LINK;
}

void xio_ring_fsync(xio_ring *ring, int fd, bool data_only, uint64_t token) {
  struct io_uring_sqe *entry = next(ring, token);
  io_uring_prep_fsync(entry, fd, data_only ? IORING_FSYNC_DATASYNC : 0);
  entry->user_data = token;
}

void xio_ring_cancel(xio_ring *ring, uint64_t target, uint64_t token) {
  struct io_uring_sqe *entry = next(ring, token);
  io_uring_prep_cancel64(entry, target, 0);
  entry->user_data = token;
}

void xio_ring_nop(xio_ring *ring, uint64_t token) {
  struct io_uring_sqe *entry = next(ring, token);
  io_uring_prep_nop(entry);
  entry->user_data = token;
}

unsigned xio_ring_unsubmitted(const xio_ring *ring) { return io_uring_sq_ready(&ring->ring); }

long xio_ring_submit(xio_ring *ring, unsigned at_least) {
  return io_uring_submit_and_wait(&ring->ring, at_least);
}

long xio_ring_submit_until(xio_ring *ring, unsigned at_least, int64_t timeout_ns) {
  struct __kernel_timespec time = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  struct io_uring_cqe *first;
  return io_uring_submit_and_wait_timeout(&ring->ring, &first, at_least, &time, NULL);
}

bool xio_ring_has_completions(const xio_ring *ring) { return io_uring_cq_ready(&ring->ring) > 0; }

long xio_ring_wait(xio_ring *ring, unsigned at_least, int64_t timeout_ns) {
  struct __kernel_timespec time = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  struct io_uring_getevents_arg argument = {.ts = timeout_ns < 0 ? 0 : (uint64_t)(uintptr_t)&time,
                                            .sigmask_sz = _NSIG / 8};
  return io_uring_enter2((unsigned)ring->ring.ring_fd, 0, at_least,
                         IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, (void *)&argument, sizeof argument);
}

size_t xio_ring_take(xio_ring *ring, xio_ring_completion *completions, size_t count) {
  struct io_uring_cqe *entries[64];
  size_t taken = 0;
  while (taken < count) {
    size_t room = count - taken < 64 ? count - taken : 64;
    unsigned found = io_uring_peek_batch_cqe(&ring->ring, entries, (unsigned)room);
    if (!found) break;
    for (unsigned index = 0; index < found; index++)
      completions[taken++] = (xio_ring_completion){entries[index]->user_data, entries[index]->res, entries[index]->flags};
    io_uring_cq_advance(&ring->ring, found);
  }
  return taken;
}

#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)

const char *xio_ring_library_version(void) {
#ifdef IO_URING_VERSION_MAJOR
  return TEXT(IO_URING_VERSION_MAJOR) "." TEXT(IO_URING_VERSION_MINOR);
#else
  return "2.3 or earlier";
#endif
}
