#include "xio_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t termination;

// A signal may come between the look at the flag and a call that blocks. The alarm repeats until the
// process is gone, so the call is interrupted in the end.
static void on_alarm(int signal) {
  (void)signal;
  alarm(1);
}

static void on_termination(int number) {
  if (termination) {
    signal(number, SIG_DFL);
    raise(number);
    return;
  }
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
  *taken = (xio_signal){number, info.si_fd};
  return number;
}
