// POSIX asynchronous I/O: a fixed table of control blocks, which glibc needs at stable addresses.

#ifndef XIO_POSIX_AIO_H
#define XIO_POSIX_AIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct xio_aio xio_aio;
typedef enum { XIO_AIO_SUSPEND, XIO_AIO_POLL, XIO_AIO_SIGNAL, XIO_AIO_THREAD } xio_aio_notify;
typedef enum { XIO_AIO_READ, XIO_AIO_WRITE, XIO_AIO_FSYNC } xio_aio_verb;

// System calls made to wait for callbacks.
typedef struct { uint64_t ppoll, read; } xio_aio_calls;

long xio_aio_create(size_t capacity, xio_aio_notify notify, xio_aio **aio);
// Those made since they were last asked for.
xio_aio_calls xio_aio_take_calls(xio_aio *aio);
// Frees the table; requests must be done. One that cannot be cancelled keeps the table: see the return.
// `calls` are those made since they were last taken.
bool xio_aio_destroy(xio_aio *aio, xio_aio_calls *calls);
long xio_aio_submit(xio_aio *aio, size_t index, int fd, xio_aio_verb verb, void *buffer, size_t count,
                    int64_t offset);
// Whether request `index` is done, and then its result (a count or -errno), once; -ENOBUFS when the
// result was lost because its announcement failed.
bool xio_aio_take(xio_aio *aio, size_t index, long *result);
// Waits, in the way chosen, until some request may be done; 0 after the timeout or, where a
// notification can get lost, after a while.
long xio_aio_wait(xio_aio *aio, int64_t timeout_ns);
// 1 cancelled (the result is -ECANCELED), 0 running and not to be stopped.
long xio_aio_cancel(xio_aio *aio, size_t index);

// Whether a thread of this process sleeps in a read of `fd`, and so has taken nothing from it; -errno where that
// cannot be known.
long xio_sleeps_in_read(int fd);

#endif
