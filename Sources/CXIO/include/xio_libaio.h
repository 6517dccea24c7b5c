// Linux native AIO (io_setup and friends).

#ifndef XIO_LIBAIO_H
#define XIO_LIBAIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct xio_native_aio xio_native_aio;
typedef enum { XIO_NATIVE_READ, XIO_NATIVE_WRITE, XIO_NATIVE_FSYNC, XIO_NATIVE_FDSYNC, XIO_NATIVE_POLL } xio_native_verb;
typedef struct { uint64_t index; long result; } xio_native_event;

long xio_native_create(size_t capacity, xio_native_aio **aio);
void xio_native_destroy(xio_native_aio *aio);
// Prepares request `index`; for XIO_NATIVE_POLL `count` holds the poll(2) events.
void xio_native_prepare(xio_native_aio *aio, size_t index, xio_native_verb verb, int fd, void *buffer,
                        size_t count, int64_t offset, int flags);
size_t xio_native_prepared(const xio_native_aio *aio);
// One io_submit(2) of what is prepared. Returns how many were taken, which may be fewer; -errno is
// that of the first one left, which is then dropped and named in `failed`.
long xio_native_submit(xio_native_aio *aio, uint64_t *failed);
// One io_getevents(2).
long xio_native_wait(xio_native_aio *aio, size_t at_least, xio_native_event *events, size_t count,
                     int64_t timeout_ns);
// One io_cancel(2): -EINPROGRESS when the event will follow.
long xio_native_cancel(xio_native_aio *aio, size_t index);

#endif
