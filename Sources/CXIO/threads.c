#include "xio_threads.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "xio_calls.h"
#include "xio_readiness.h"
#include "xio_signals.h"

// Only the owner makes a worker BUSY, idle again or end, and only the worker is DONE.
enum { IDLE, BUSY, DONE, ENDING };

// Calls of this file need little, and there may be a thread for each of many descriptors.
enum { STACK_SIZE = 64 << 10 };

typedef struct {
  xio_workers *owner;
  pthread_t thread;
  bool exists;
  _Atomic uint32_t state;  // a futex, on which the worker sleeps
  atomic_bool is_cancelled;
  xio_work work;
  xio_work_done done;
} worker;

struct xio_workers {
  size_t capacity;
  _Atomic uint32_t announced;  // a futex, on which the owner sleeps
  atomic_bool is_awaited;
  int ring;  // an eventfd that counts the calls that have returned; -1 where there is none
  worker *list;
};

static long futex(_Atomic uint32_t *word, int operation, uint32_t value, const struct timespec *timeout) {
  return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, timeout, NULL, 0) < 0 ? -errno : 0;
}

static void on_interruption(int signal) {
  (void)signal;
  xio_note_signal();
}

static int64_t call_once(const xio_work *work) {
  xio_interest interest = {.fd = work->fd, .wants_read = work->verb == XIO_WORK_WAIT_READABLE,
                           .wants_write = work->verb == XIO_WORK_WAIT_WRITABLE};
  switch (work->verb) {
    case XIO_WORK_READ:
      if (work->flags) return xio_preadv2(work->fd, work->buffer, work->count, work->offset, work->flags);
      return work->offset < 0 ? xio_read(work->fd, work->buffer, work->count)
                              : xio_pread(work->fd, work->buffer, work->count, work->offset);
    case XIO_WORK_WRITE:
      if (work->flags) return xio_pwritev2(work->fd, work->buffer, work->count, work->offset, work->flags);
      return work->offset < 0 ? xio_write(work->fd, work->buffer, work->count)
                              : xio_pwrite(work->fd, work->buffer, work->count, work->offset);
    case XIO_WORK_WAIT_READABLE:
    case XIO_WORK_WAIT_WRITABLE: {
      long found = xio_poll(&interest, 1, -1);
      return found < 0 ? found : 0;
    }
    case XIO_WORK_WAIT_FOR_ANY: {
      long found = xio_poll(work->buffer, work->count, -1);
      return found < 0 ? found : 0;
    }
    case XIO_WORK_FSYNC:
    case XIO_WORK_FDATASYNC:
      return xio_fsync(work->fd, work->verb == XIO_WORK_FDATASYNC);
  }
  return -EINVAL;
}

// A signal that was meant for the call before can be felt by this one, which then is made again.
static int64_t call(worker *self) {
  int64_t result;
  xio_repetition repetition = {0};
  do {
    if (self->is_cancelled) return -ECANCELED;
    result = call_once(&self->work);
  } while (result == -EINTR && xio_may_repeat(&repetition));
  return result;
}

static void *run(void *argument) {
  worker *self = argument;
  pthread_setname_np(pthread_self(), "xio-worker");
  while (true) {
    uint32_t state = self->state;
    if (state == ENDING) return NULL;
    if (state != BUSY) {
      futex(&self->state, FUTEX_WAIT, state, NULL);
      continue;
    }
    int64_t began = self->work.measures ? xio_thread_cpu_ns() : 0;
    self->done.result = call(self);
    self->done.cpu_ns = self->work.measures ? xio_thread_cpu_ns() - began : 0;
    xio_workers *owner = self->owner;
    self->state = DONE;
    owner->announced++;
    if (owner->ring >= 0) xio_workers_wake(owner);
    if (owner->is_awaited) futex(&owner->announced, FUTEX_WAKE, 1, NULL);
  }
}

long xio_workers_create(size_t capacity, xio_workers **out) {
  // No SA_RESTART: the call that blocks must return.
  struct sigaction action = {.sa_handler = on_interruption};
  if (sigaction(xio_worker_signal_number(), &action, NULL) < 0) return -errno;
  xio_workers *workers = calloc(1, sizeof *workers);
  if (!workers) return -ENOMEM;
  workers->capacity = capacity;
  workers->ring = -1;
  workers->list = calloc(capacity, sizeof *workers->list);
  if (!workers->list) {
    free(workers);
    return -ENOMEM;
  }
  *out = workers;
  return 0;
}

// Signals of the process are for the thread that waits: workers feel the one that interrupts them alone.
static long start(worker *self) {
  pthread_attr_t attributes;
  int failure = pthread_attr_init(&attributes);
  if (failure) return -failure;
  sigset_t blocked;
  sigfillset(&blocked);
  sigdelset(&blocked, xio_worker_signal_number());
  failure = pthread_attr_setsigmask_np(&attributes, &blocked);
  if (!failure) failure = pthread_attr_setstacksize(&attributes, STACK_SIZE);
  if (!failure) failure = pthread_create(&self->thread, &attributes, run, self);
  pthread_attr_destroy(&attributes);
  self->exists = !failure;
  return -failure;
}

long xio_workers_submit(xio_workers *workers, size_t index, const xio_work *work) {
  worker *self = &workers->list[index];
  self->owner = workers;
  self->work = *work;
  self->is_cancelled = false;
  self->state = BUSY;
  if (self->exists) return futex(&self->state, FUTEX_WAKE, 1, NULL);
  long failure = start(self);
  if (failure) self->state = IDLE;
  return failure;
}

bool xio_workers_take(xio_workers *workers, size_t index, xio_work_done *done) {
  worker *self = &workers->list[index];
  if (self->state != DONE) return false;
  *done = self->done;
  self->state = IDLE;
  return true;
}

long xio_workers_make_ring(xio_workers *workers) {
  workers->ring = eventfd(0, EFD_CLOEXEC);
  return workers->ring < 0 ? -errno : workers->ring;
}

void xio_workers_wake(xio_workers *workers) {
  uint64_t one = 1;
  ssize_t ignored = write(workers->ring, &one, sizeof one);  // the counter cannot overflow
  (void)ignored;
}

uint32_t xio_workers_announced(xio_workers *workers) { return workers->announced; }

long xio_workers_wait(xio_workers *workers, uint32_t announced, int64_t timeout_ns) {
  // With a limit, however far, a signal ends the wait also where its handler has SA_RESTART.
  if (timeout_ns < 0) timeout_ns = INT64_MAX / 4;
  struct timespec time = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  // A worker that does not see this yet has announced its call before the kernel compares.
  workers->is_awaited = true;
  long answer = futex(&workers->announced, FUTEX_WAIT, announced, &time);
  workers->is_awaited = false;
  return answer;
}

void xio_workers_interrupt(xio_workers *workers, size_t index) {
  worker *self = &workers->list[index];
  if (self->state != BUSY) return;
  self->is_cancelled = true;
  pthread_kill(self->thread, xio_worker_signal_number());
}

void xio_workers_end(xio_workers *workers) {
  for (size_t index = 0; index < workers->capacity; index++) {
    worker *self = &workers->list[index];
    if (!self->exists) continue;
    while (self->state == BUSY) {
      uint32_t announced = workers->announced;
      xio_workers_interrupt(workers, index);
      if (self->state == BUSY) xio_workers_wait(workers, announced, 1000000);
    }
    self->state = ENDING;
    futex(&self->state, FUTEX_WAKE, 1, NULL);
  }
  for (size_t index = 0; index < workers->capacity; index++) {
    worker *self = &workers->list[index];
    if (!self->exists) continue;
    pthread_join(self->thread, NULL);
    self->exists = false;
  }
}

void xio_workers_destroy(xio_workers *workers) {
  xio_workers_end(workers);
  if (workers->ring >= 0) close(workers->ring);
  free(workers->list);
  free(workers);
}
