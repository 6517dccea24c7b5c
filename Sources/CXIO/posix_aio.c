#include "xio_posix_aio.h"

#include <aio.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "xio_signals.h"

// How long to wait for an announcement before looking whether it got lost.
enum { SHORTEST_LOOK_NS = 100000000, LONGEST_LOOK_NS = 1000000000 };

struct xio_aio {
  size_t capacity;
  xio_aio_notify notify;
  int event;  // counts the callbacks of `thread`
  uint64_t callbacks_due, callbacks_seen;
  int64_t look_after_ns;  // how long to wait for an announcement before looking
  xio_aio_calls calls;
  struct aiocb *blocks;
  const struct aiocb **busy;  // entry `index` is NULL while request `index` is not pending
};

long xio_aio_create(size_t capacity, xio_aio_notify notify, xio_aio **out) {
  // glibc heeds this before the first request only, and otherwise stops at 20 threads.
  struct aioinit settings = {.aio_threads = capacity < 1 ? 1 : (int)capacity,
                             .aio_num = capacity < 64 ? 64 : (int)capacity, .aio_idle_time = 1};
  aio_init(&settings);
  xio_aio *aio = calloc(1, sizeof *aio);
  if (!aio) return -ENOMEM;
  *aio = (xio_aio){.capacity = capacity, .notify = notify, .event = -1, .look_after_ns = SHORTEST_LOOK_NS};
  aio->blocks = calloc(capacity, sizeof *aio->blocks);
  aio->busy = calloc(capacity, sizeof *aio->busy);
  if (!aio->blocks || !aio->busy) {
    xio_aio_destroy(aio, &(xio_aio_calls){0, 0});
    return -ENOMEM;
  }
  // Threads inherit the mask, so the signal is blocked before the first request makes one.
  long failure = notify == XIO_AIO_SIGNAL ? xio_block_signal(xio_aio_signal_number()) : 0;
  if (notify == XIO_AIO_THREAD && (aio->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
    failure = -errno;
  if (failure < 0) {
    xio_aio_destroy(aio, &(xio_aio_calls){0, 0});
    return failure;
  }
  *out = aio;
  return 0;
}

static long wait_event(xio_aio *aio, int64_t timeout_ns) {
  struct pollfd entry = {aio->event, POLLIN, 0};
  struct timespec time = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  int found = ppoll(&entry, 1, timeout_ns < 0 ? NULL : &time, NULL);
  aio->calls.ppoll++;
  if (found < 0) return -errno;
  uint64_t count = 0;
  aio->calls.read += found > 0;
  if (found > 0 && read(aio->event, &count, sizeof count) < 0 && errno != EAGAIN) return -errno;
  aio->callbacks_seen += count;
  return found;
}

// A request is done before its callback has run. One that came late would write to whatever has the
// number of the event by then, so in doubt the event stays open.
static void close_event(xio_aio *aio) {
  xio_repetition repetition = {0};
  while (aio->callbacks_seen < aio->callbacks_due) {
    long found = wait_event(aio, 1000000000);
    if (found == 0 || (found < 0 && (found != -EINTR || !xio_may_repeat(&repetition)))) return;
  }
  close(aio->event);
}

xio_aio_calls xio_aio_take_calls(xio_aio *aio) {
  xio_aio_calls calls = aio->calls;
  aio->calls = (xio_aio_calls){0, 0};
  return calls;
}

bool xio_aio_destroy(xio_aio *aio, xio_aio_calls *calls) {
  for (size_t index = 0; aio->busy && index < aio->capacity; index++)
    if (aio->busy[index]) return false;
  if (aio->event >= 0) close_event(aio);
  *calls = aio->calls;
  free(aio->blocks);
  free(aio->busy);
  free(aio);
  return true;
}

static void on_thread(union sigval value) {
  uint64_t one = 1;
  int saved = errno;
  ssize_t ignored = write(value.sival_int, &one, sizeof one);  // the counter cannot overflow
  (void)ignored;
  errno = saved;
}

long xio_aio_submit(xio_aio *aio, size_t index, int fd, xio_aio_verb verb, void *buffer, size_t count,
                    int64_t offset) {
  struct aiocb *block = &aio->blocks[index];
  *block = (struct aiocb){.aio_fildes = fd, .aio_buf = buffer, .aio_nbytes = count, .aio_offset = offset};
  block->aio_sigevent.sigev_notify = SIGEV_NONE;
  if (aio->notify == XIO_AIO_SIGNAL) {
    block->aio_sigevent.sigev_notify = SIGEV_SIGNAL;
    block->aio_sigevent.sigev_signo = xio_aio_signal_number();
    block->aio_sigevent.sigev_value.sival_ptr = (void *)index;
  } else if (aio->notify == XIO_AIO_THREAD) {
    block->aio_sigevent.sigev_notify = SIGEV_THREAD;
    block->aio_sigevent.sigev_notify_function = on_thread;
    block->aio_sigevent.sigev_value.sival_int = aio->event;
  }
  aio->busy[index] = block;
  int failed = verb == XIO_AIO_READ    ? aio_read(block)
               : verb == XIO_AIO_WRITE ? aio_write(block)
                                       : aio_fsync(O_SYNC, block);
  if (!failed) {
    aio->callbacks_due += aio->notify == XIO_AIO_THREAD;
    return 0;
  }
  aio->busy[index] = NULL;
  return -errno;
}

static bool is_announced(const xio_aio *aio) {
  return aio->notify == XIO_AIO_SIGNAL || aio->notify == XIO_AIO_THREAD;
}

// Where the C library cannot announce the end of a request, for want of room in the queue of signals or
// of a thread, it puts that error in the place of the result. The bytes have been moved, but how many is
// lost: trying again would lose or repeat them.
static bool is_result_lost(const xio_aio *aio, size_t index, int state) {
  if (state != EAGAIN || !is_announced(aio)) return false;
  struct stat status;
  if (fstat(aio->blocks[index].aio_fildes, &status) == 0 && S_ISREG(status.st_mode)) return true;
  int flags = fcntl(aio->blocks[index].aio_fildes, F_GETFL);
  return flags >= 0 && !(flags & O_NONBLOCK);
}

bool xio_aio_take(xio_aio *aio, size_t index, long *result) {
  if (!aio->busy[index]) return false;
  int state = aio_error(&aio->blocks[index]);
  if (state == EINPROGRESS) return false;
  ssize_t count = aio_return(&aio->blocks[index]);
  *result = is_result_lost(aio, index, state) ? -ENOBUFS : state ? -state : count;
  aio->busy[index] = NULL;
  aio->look_after_ns = SHORTEST_LOOK_NS;  // also after an announcement that got lost
  return true;
}

// An announcement can get lost: the queue of signals may be full, and a signal is the process's, so
// another thread that waits for one may take it. So nobody waits without looking at his requests from
// time to time, the less often the longer nothing happens.
static long wait_announcement(xio_aio *aio, int64_t timeout_ns) {
  bool is_cut = timeout_ns < 0 || timeout_ns > aio->look_after_ns;
  int64_t time = is_cut ? aio->look_after_ns : timeout_ns;
  int32_t number = xio_aio_signal_number();
  xio_signal taken;
  long found = aio->notify == XIO_AIO_SIGNAL ? xio_take_signal(number, number, time, &taken)
                                             : wait_event(aio, time);
  if (found != 0) {
    aio->look_after_ns = SHORTEST_LOOK_NS;
  } else if (is_cut && aio->look_after_ns * 2 <= LONGEST_LOOK_NS) {
    aio->look_after_ns *= 2;
  } else if (is_cut) {
    aio->look_after_ns = LONGEST_LOOK_NS;
  }
  return found;
}

long xio_aio_wait(xio_aio *aio, int64_t timeout_ns) {
  struct timespec time = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  switch (aio->notify) {
    case XIO_AIO_SUSPEND:
      if (!aio_suspend(aio->busy, (int)aio->capacity, timeout_ns < 0 ? NULL : &time)) return 1;
      return errno == EAGAIN ? 0 : -errno;
    case XIO_AIO_POLL:
      sched_yield();  // asking without end would keep the helper threads off a lone processor
      return 1;
    case XIO_AIO_SIGNAL:
    case XIO_AIO_THREAD:
      return wait_announcement(aio, timeout_ns);
  }
  return -EINVAL;
}

long xio_aio_cancel(xio_aio *aio, size_t index) {
  if (!aio->busy[index]) return 0;
  int answer = aio_cancel(aio->blocks[index].aio_fildes, &aio->blocks[index]);
  return answer < 0 ? -errno : answer == AIO_CANCELED;
}

// See proc_pid_syscall(5): a thread that runs has no number there, one that sleeps has that of its call.
static bool thread_sleeps_in_read(const char *thread, int fd) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%.20s/syscall", thread);
  FILE *file = fopen(path, "re");
  if (!file) return false;
  long number;
  unsigned long first;
  bool sleeps = fscanf(file, "%ld %lx", &number, &first) == 2 &&
                (number == SYS_read || number == SYS_pread64) && first == (unsigned long)fd;
  fclose(file);
  return sleeps;
}

long xio_sleeps_in_read(int fd) {
  if (access("/proc/self/syscall", R_OK) < 0) return -errno;
  DIR *threads = opendir("/proc/self/task");
  if (!threads) return -errno;
  bool found = false;
  for (struct dirent *entry; !found && (entry = readdir(threads));)
    found = entry->d_name[0] != '.' && thread_sleeps_in_read(entry->d_name, fd);
  closedir(threads);
  return found;
}
