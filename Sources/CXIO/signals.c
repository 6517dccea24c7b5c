#include "xio_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t termination, postponed;

// A signal may come between the look at the flag and a call that blocks. The alarm repeats until the
// process is gone, so the call is interrupted in the end.
static void on_alarm(int signal) {
  (void)signal;
  alarm(1);
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static atomic_uint handled;

void xio_note_signal(void) { atomic_fetch_add_explicit(&handled, 1, memory_order_relaxed); }

// Stopping and continuing a process interrupts calls as well, without a handler: tools that slow processes down
// do so ten times in a second. A call that fails for another reason gets to this number at once.
enum { MOST_REPETITIONS = 2048, REPETITION_WINDOW_MS = 10000 };

bool xio_may_repeat(xio_repetition *repetition) {
  uint32_t signals = atomic_load_explicit(&handled, memory_order_relaxed);
  int64_t now = now_ms();
  if (repetition->count == 0 || repetition->signals != signals ||
      now - repetition->began_ms > REPETITION_WINDOW_MS)
    *repetition = (xio_repetition){0, signals, now};
  return ++repetition->count < MOST_REPETITIONS;
}

// timeout(1) signals the process and then its group, which is one wish and not two.
static const int64_t echo_ms = 100;

static void on_termination(int number) {
  static volatile sig_atomic_t first;
  static volatile int64_t first_ms;
  if (number == first && now_ms() - first_ms < echo_ms) return;
  if (termination) {
    signal(number, SIG_DFL);
    raise(number);
    return;
  }
  first = number;
  first_ms = now_ms();
  termination = number;
  alarm(1);
}

void xio_catch_termination(void) {
  static const int signals[] = {SIGHUP, SIGINT, SIGTERM};
  // No SA_RESTART: the call that waits must return.
  struct sigaction action = {.sa_handler = on_termination}, old;
  for (int index = 0; index < 3; index++) {
    sigaction(signals[index], NULL, &old);
    if (old.sa_handler != SIG_IGN) sigaction(signals[index], &action, NULL);
  }
  struct sigaction again = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &again, NULL);
}

int32_t xio_termination_signal(void) { return termination; }

void xio_postpone_termination(void) {
  postponed = termination;
  termination = 0;
}

int32_t xio_postponed_signal(void) { return postponed; }

void xio_raise_default(int32_t number) {
  signal(number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  raise(number);
}

bool xio_ignore_sigpipe(void) { return signal(SIGPIPE, SIG_IGN) == SIG_IGN; }

int32_t xio_sigio_number(void) { return SIGRTMIN + 4; }
int32_t xio_aio_signal_number(void) { return SIGRTMIN + 5; }
int32_t xio_worker_signal_number(void) { return SIGRTMIN + 6; }

long xio_block_signal(int32_t signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

long xio_arm_sigio(int fd, bool *sticks) {
  struct f_owner_ex owner = {F_OWNER_TID, (int)syscall(SYS_gettid)};
  if (fcntl(fd, F_SETOWN_EX, &owner) < 0 || fcntl(fd, F_SETSIG, xio_sigio_number()) < 0) return -errno;
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_ASYNC) < 0) return -errno;
  *sticks = (fcntl(fd, F_GETFL) & O_ASYNC) != 0;
  return 0;
}

long xio_disarm_sigio(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_ASYNC) < 0) return -errno;
  return fcntl(fd, F_SETSIG, 0) < 0 ? -errno : 0;
}

long xio_take_signal(int32_t first, int32_t second, int64_t timeout_ns, xio_signal *taken) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, first);
  sigaddset(&set, second);
  siginfo_t info;
  struct timespec time = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  int number = sigtimedwait(&set, &info, timeout_ns < 0 ? NULL : &time);
  if (number < 0) return errno == EAGAIN ? 0 : -errno;
  *taken = (xio_signal){number, info.si_fd, info.si_code == POLL_OUT};
  return number;
}
