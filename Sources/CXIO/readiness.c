#include "xio_readiness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

_Static_assert(XIO_SELECT_LIMIT == FD_SETSIZE, "select(2)'s limit");

static struct timespec *timespec_of(int64_t nanoseconds, struct timespec *time) {
  *time = (struct timespec){nanoseconds / 1000000000, nanoseconds % 1000000000};
  return nanoseconds < 0 ? NULL : time;
}

long xio_select(xio_interest *interests, size_t count, int64_t timeout_ns) {
  fd_set readable, writable;
  FD_ZERO(&readable);
  FD_ZERO(&writable);
  int highest = -1;
  for (size_t index = 0; index < count; index++) {
    int fd = interests[index].fd;
    if (fd < 0 || fd >= FD_SETSIZE) return -EBADF;
    if (interests[index].wants_read) FD_SET(fd, &readable);
    if (interests[index].wants_write) FD_SET(fd, &writable);
    if (fd > highest) highest = fd;
  }
  struct timespec time;
  int found = pselect(highest + 1, &readable, &writable, NULL, timespec_of(timeout_ns, &time), NULL);
  if (found < 0) return -errno;
  long ready = 0;
  for (size_t index = 0; index < count; index++) {
    xio_interest *interest = &interests[index];
    interest->ready = (interest->wants_read && FD_ISSET(interest->fd, &readable)) ||
                      (interest->wants_write && FD_ISSET(interest->fd, &writable));
    ready += interest->ready;
  }
  return ready;
}

static short events_of(const xio_interest *interest) {
  return (interest->wants_read ? POLLIN : 0) | (interest->wants_write ? POLLOUT : 0);
}

long xio_poll(xio_interest *interests, size_t count, int64_t timeout_ns) {
  struct pollfd few[16], *entries = count <= 16 ? few : malloc(count * sizeof *entries);
  if (!entries) return -ENOMEM;
  for (size_t index = 0; index < count; index++)
    entries[index] = (struct pollfd){interests[index].fd, events_of(&interests[index]), 0};
  struct timespec time;
  int found = ppoll(entries, count, timespec_of(timeout_ns, &time), NULL);
  long ready = found < 0 ? -errno : 0;
  for (size_t index = 0; found >= 0 && index < count; index++) {
    interests[index].ready = entries[index].revents != 0;
    ready += interests[index].ready;
  }
  if (entries != few) free(entries);
  return ready;
}

// What a path that cannot be opened again is made of matters to nobody: an epoll instance takes no
// permission, and no file system. O_PATH leaves nothing of it but the number.
long xio_hold_number(int number) {
  int object = epoll_create1(EPOLL_CLOEXEC);
  if (object < 0) return -errno;
  char name[32];
  snprintf(name, sizeof name, "/proc/self/fd/%d", object);
  int place = open(name, O_PATH | O_CLOEXEC);
  long result = place < 0 || dup3(place, number, O_CLOEXEC) < 0 ? -errno : 0;
  if (place >= 0) close(place);
  if (object != number || result < 0) close(object);
  return result;
}

long xio_epoll_create(void) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  return epoll < 0 ? -errno : epoll;
}

long xio_epoll_set(int epoll, int fd, bool change, bool wants_read, bool wants_write, uint64_t token) {
  struct epoll_event event = {(wants_read ? EPOLLIN : 0) | (wants_write ? EPOLLOUT : 0), {.u64 = token}};
  return epoll_ctl(epoll, change ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

long xio_epoll_remove(int epoll, int fd) {
  return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) < 0 ? -errno : 0;
}

long xio_epoll_wait(int epoll, uint64_t *tokens, size_t count, int64_t timeout_ns) {
  struct epoll_event events[64];
  int room = count < 64 ? (int)count : 64;
  // epoll_wait counts in milliseconds: rounded up, or a deadline would be polled for.
  int64_t milliseconds = timeout_ns < 0 ? -1 : (timeout_ns + 999999) / 1000000;
  int found = epoll_wait(epoll, events, room, milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds);
  if (found < 0) return -errno;
  for (int index = 0; index < found; index++) tokens[index] = events[index].data.u64;
  return found;
}

bool xio_is_epollable(int fd) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return false;
  struct epoll_event event = {EPOLLIN, {.fd = fd}};
  bool accepted = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
  close(epoll);
  return accepted;
}
