#include "xio_libaio.h"

#include <errno.h>
#include <libaio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct xio_native_aio {
  io_context_t context;
  size_t capacity, prepared;
  struct iocb *blocks, **queue;
  struct io_event *events;
};

long xio_native_create(size_t capacity, xio_native_aio **out) {
  xio_native_aio *aio = calloc(1, sizeof *aio);
  if (!aio) return -ENOMEM;
  aio->capacity = capacity;
  aio->blocks = calloc(capacity, sizeof *aio->blocks);
  aio->queue = calloc(capacity, sizeof *aio->queue);
  aio->events = calloc(capacity, sizeof *aio->events);
  long failure = aio->blocks && aio->queue && aio->events ? io_setup((int)capacity, &aio->context) : -ENOMEM;
  if (failure) {
    xio_native_destroy(aio);
    return failure;
  }
  *out = aio;
  return 0;
}

void xio_native_destroy(xio_native_aio *aio) {
  if (aio->context) io_destroy(aio->context);
  free(aio->blocks);
  free(aio->queue);
  free(aio->events);
  free(aio);
}

void xio_native_prepare(xio_native_aio *aio, size_t index, xio_native_verb verb, int fd, void *buffer,
                        size_t count, int64_t offset, int flags) {
  struct iocb *block = &aio->blocks[index];
  memset(block, 0, sizeof *block);
  block->data = (void *)index;
  block->aio_fildes = fd;
  switch (verb) {
    case XIO_NATIVE_POLL:
      block->aio_lio_opcode = IO_CMD_POLL;
      block->u.poll.events = (int)count;
      break;
    case XIO_NATIVE_FSYNC:
    case XIO_NATIVE_FDSYNC:
      block->aio_lio_opcode = verb == XIO_NATIVE_FSYNC ? IO_CMD_FSYNC : IO_CMD_FDSYNC;
      break;
    case XIO_NATIVE_READ:
    case XIO_NATIVE_WRITE:
      block->aio_lio_opcode = verb == XIO_NATIVE_READ ? IO_CMD_PREAD : IO_CMD_PWRITE;
      block->u.c.buf = buffer;
      block->u.c.nbytes = count;
      block->u.c.offset = offset;
      block->aio_rw_flags = flags;
  }
  aio->queue[aio->prepared++] = block;
}

size_t xio_native_prepared(const xio_native_aio *aio) { return aio->prepared; }

long xio_native_submit(xio_native_aio *aio, uint64_t *failed) {
  long taken = io_submit(aio->context, (long)aio->prepared, aio->queue);
  size_t gone = taken > 0 ? (size_t)taken : 0;
  if (taken < 0 && taken != -EAGAIN && taken != -EINTR) {
    *failed = (uint64_t)(uintptr_t)aio->queue[0]->data;
    gone = 1;
  }
  aio->prepared -= gone;
  memmove(aio->queue, aio->queue + gone, aio->prepared * sizeof *aio->queue);
  return taken;
}

long xio_native_wait(xio_native_aio *aio, size_t at_least, xio_native_event *events, size_t count,
                     int64_t timeout_ns) {
  struct timespec time = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  if (count > aio->capacity) count = aio->capacity;
  int found = io_getevents(aio->context, (long)at_least, (long)count, aio->events, timeout_ns < 0 ? NULL : &time);
  for (int index = 0; index < found; index++)
    events[index] = (xio_native_event){(uint64_t)(uintptr_t)aio->events[index].data, (long)aio->events[index].res};
  return found;
}

long xio_native_cancel(xio_native_aio *aio, size_t index) {
  struct io_event event;
  return io_cancel(aio->context, &aio->blocks[index], &event);
}
