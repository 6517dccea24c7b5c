#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cxio_test_support.h"

// Settings of the test process, made before it has a second thread: programs have one engine and one
// thread, and a test has more of both.

static atomic_int receiver;

void xio_test_expect_aio_signals(bool begins) { receiver = begins ? gettid() : 0; }

// The main thread of a process with an event loop, and threads that the C library makes for
// callbacks, block no signal. One that takes what another waits for hands it to that thread, not to
// the process, or it might get it again; what nobody expects any more is left over.
static void pass_on(int number, siginfo_t *info, void *context) {
  (void)context;
  int saved = errno;
  if (receiver != 0) syscall(SYS_rt_tgsigqueueinfo, getpid(), receiver, number, info);
  errno = saved;
}

static void block_io_signals(void) {
  // The numbers of XIOSystem, whose engines block them in their own threads alone.
  struct sigaction action = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigset_t set;
  sigemptyset(&set);
  for (int number = SIGRTMIN + 4; number <= SIGRTMIN + 5; number++) sigaddset(&set, number);
  sigaddset(&set, SIGIO);
  sigaction(SIGRTMIN + 5, &action, NULL);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
}

// The first request of a process fixes how many helper threads glibc may ever start.
static void reserve_aio_threads(void) {
  static char byte;
  static struct aiocb request = {.aio_buf = &byte, .aio_nbytes = 1};
  struct aioinit settings = {.aio_threads = 256, .aio_num = 1024, .aio_idle_time = 1};
  aio_init(&settings);
  request.aio_fildes = open("/dev/null", O_RDONLY | O_CLOEXEC);
  request.aio_sigevent.sigev_notify = SIGEV_NONE;
  const struct aiocb *list[] = {&request};
  if (aio_read(&request) == 0) {
    while (aio_error(&request) == EINPROGRESS) aio_suspend(list, 1, NULL);
    aio_return(&request);
  }
  close(request.aio_fildes);
}

void xio_test_request_default_turns(void) {
  // The kernel's structure, which the C library lacks.
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } own = {.size = sizeof own};
  if (syscall(SYS_sched_getattr, 0, &own, sizeof own, 0) < 0) return;
  own.size = sizeof own;
  own.runtime = 0;
  syscall(SYS_sched_setattr, 0, &own, 0);
}

__attribute__((constructor)) static void prepare_process(void) {
  signal(SIGPIPE, SIG_IGN);
  block_io_signals();
  reserve_aio_threads();
}
