#include "xio_follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "xio_signals.h"

static long result(long value) { return value < 0 ? -errno : value; }

long xio_inotify_create(bool blocking) {
  return result(inotify_init1(IN_CLOEXEC | (blocking ? 0 : IN_NONBLOCK)));
}

long xio_inotify_watch(int inotify, const char *path, uint32_t mask) {
  return result(inotify_add_watch(inotify, path, mask));
}

long xio_inotify_unwatch(int inotify, int watch) { return result(inotify_rm_watch(inotify, watch)); }

long xio_readable_bytes(int fd) {
  int count = 0;
  return ioctl(fd, FIONREAD, &count) < 0 ? -errno : count;
}

static void fill(xio_name_status *status, const struct stat *found) {
  *status = (xio_name_status){
      .device = found->st_dev,
      .inode = found->st_ino,
      .size = found->st_size,
      .modified_ns = found->st_mtim.tv_sec * 1000000000LL + found->st_mtim.tv_nsec,
      .changed_ns = found->st_ctim.tv_sec * 1000000000LL + found->st_ctim.tv_nsec,
      .mode = found->st_mode,
      .links = (uint32_t)found->st_nlink,
  };
}

long xio_status_at(int directory, const char *name, xio_name_status *status) {
  struct stat found;
  if (fstatat(directory < 0 ? AT_FDCWD : directory, name, &found, 0) < 0) return -errno;
  fill(status, &found);
  return 0;
}

long xio_status_of(int fd, xio_name_status *status) {
  struct stat found;
  if (fstat(fd, &found) < 0) return -errno;
  fill(status, &found);
  return 0;
}

long xio_open_directory(const char *path) {
  return result(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

long xio_open_at(int directory, const char *name, int flags) {
  return result(openat(directory < 0 ? AT_FDCWD : directory, name, flags | O_CLOEXEC));
}

long xio_readlink(const char *path, char *target, size_t size) {
  return result(readlink(path, target, size));
}

long xio_file_handle(int fd, void *bytes, size_t size) {
  struct { struct file_handle head; unsigned char room[128]; } handle = {.head.handle_bytes = 128};
  int mount;
  if (name_to_handle_at(fd, "", &handle.head, &mount, AT_EMPTY_PATH) < 0) return -errno;
  if (handle.head.handle_bytes > size) return -EOVERFLOW;
  memcpy(bytes, handle.head.f_handle, handle.head.handle_bytes);
  return handle.head.handle_bytes;
}

long xio_birth_time(int fd, int64_t *nanoseconds) {
  struct statx found;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &found) < 0) return -errno;
  if (!(found.stx_mask & STATX_BTIME)) return -ENODATA;
  *nanoseconds = found.stx_btime.tv_sec * 1000000000LL + found.stx_btime.tv_nsec;
  return 0;
}

int64_t xio_seek_data(int fd, int64_t offset) {
  off_t found = lseek(fd, offset, SEEK_DATA);
  return found < 0 ? -errno : found;
}

long xio_has_writers(int fd) {
  if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return 0;
  }
  return errno == EAGAIN ? 1 : -errno;
}

long xio_open_process(int pid) { return result(syscall(SYS_pidfd_open, pid, 0)); }

long xio_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) limit.rlim_cur = before;
  return limit.rlim_cur > 1 << 30 ? 1 << 30 : (long)limit.rlim_cur;
}

typedef struct {
  int wake;
  size_t count;
  struct pollfd polled[];
} sentinel;

static void tell(int wake, char message) {
  xio_repetition repetition = {0};
  while (write(wake, &message, 1) < 0 && errno == EINTR && xio_may_repeat(&repetition)) {
  }
}

static void *watch_over(void *argument) {
  sentinel *own = argument;
  size_t running = own->count;
  xio_repetition repetition = {0};
  while (true) {
    if (ppoll(own->polled, own->count + 1, NULL, NULL) < 0) {
      if (errno != EINTR || !xio_may_repeat(&repetition)) return NULL;
      continue;
    }
    if (own->polled[0].revents) {
      tell(own->wake, XIO_WAKE_OUTPUT_GONE);
      return NULL;
    }
    for (size_t index = 1; index <= own->count; index++) {
      if (!own->polled[index].revents) continue;
      own->polled[index] = (struct pollfd){.fd = -1};
      if (--running == 0) tell(own->wake, XIO_WAKE_PROCESSES_GONE);
    }
  }
}

long xio_start_sentinel(int output, const int *processes, size_t count, int wake) {
  sentinel *own = calloc(1, sizeof *own + (count + 1) * sizeof own->polled[0]);
  if (!own) return -ENOMEM;
  own->wake = wake;
  own->count = count;
  // Without events poll(2) still tells of errors and of the other end having hung up.
  own->polled[0].fd = output;
  for (size_t index = 0; index < count; index++)
    own->polled[index + 1] = (struct pollfd){.fd = processes[index], .events = POLLIN};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 << 10);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // Signals are for the thread that runs the loop.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int failure = pthread_create(&thread, &attributes, watch_over, own);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (failure) free(own);
  return -failure;
}

static volatile int report_wake = -1;

static void on_report(int signal) {
  (void)signal;
  int saved = errno;
  xio_note_signal();
  char message = XIO_WAKE_REPORT;
  // A full pipe holds a wish for a report already.
  if (write(report_wake, &message, 1) < 0) errno = saved;
  errno = saved;
}

void xio_catch_report(int wake) {
  report_wake = wake;
  struct sigaction action = {.sa_handler = on_report, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
}

void xio_ignore_sigio(void) { signal(SIGIO, SIG_IGN); }

// The kernel's structure, which the C library lacks.
typedef struct {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
} scheduling;

long xio_request_short_turns(void) {
  scheduling own = {.size = sizeof own};
  if (syscall(SYS_sched_getattr, 0, &own, sizeof own, 0) < 0) return -errno;
  if (own.policy != 0) return -EINVAL;  // somebody has chosen a policy for us
  own.size = sizeof own;
  own.runtime = 100000;
  return result(syscall(SYS_sched_setattr, 0, &own, 0));
}
