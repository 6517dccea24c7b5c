// select, poll and epoll.

#ifndef XIO_READINESS_H
#define XIO_READINESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One descriptor somebody waits for.
typedef struct {
  int32_t fd;
  bool wants_read, wants_write;
  bool ready;  // for what was wanted, or in error or hung up, where the next call says which
} xio_interest;

// Timeouts are nanoseconds, -1 for none. Each returns how many became ready.
enum { XIO_SELECT_LIMIT = 1024 };
long xio_select(xio_interest *interests, size_t count, int64_t timeout_ns);
long xio_poll(xio_interest *interests, size_t count, int64_t timeout_ns);

/// Gives a free number to what can neither be read nor written, nor opened by the number's name.
long xio_hold_number(int number);
long xio_epoll_create(void);
// Adds (or with `change` replaces) what is wanted of fd; the token comes back with the event.
long xio_epoll_set(int epoll, int fd, bool change, bool wants_read, bool wants_write, uint64_t token);
long xio_epoll_remove(int epoll, int fd);
long xio_epoll_wait(int epoll, uint64_t *tokens, size_t count, int64_t timeout_ns);

// Whether poll(2) reports an event although nothing can have happened: on regular files it always does.
bool xio_is_epollable(int fd);

#endif
