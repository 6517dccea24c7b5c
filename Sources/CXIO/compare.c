#include "xio_compare.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "xio_arguments.h"
#include "xio_signals.h"

extern char **environ;

static void connect(posix_spawn_file_actions_t *actions, int stream, int fd) {
  if (fd < 0)
    posix_spawn_file_actions_addopen(actions, stream, "/dev/null", stream ? O_WRONLY : O_RDONLY, 0);
  else
    posix_spawn_file_actions_adddup2(actions, fd, stream);
}

long xio_spawn_self(char *const arguments[], int input, int output, int error, int *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  connect(&actions, 0, input);
  connect(&actions, 1, output);
  connect(&actions, 2, error);
  sigset_t none, usual;
  sigemptyset(&none);
  sigfillset(&usual);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setpgroup(&attributes, 0);
  int failure = posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  // The child is this program until it runs another one, so the link leads to the same file there, also
  // when that has lost its name.
  if (!failure) failure = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, arguments, environ);
  if (failure == ENOENT)
    failure = posix_spawnp(pid, xio_argument(0), &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return -failure;
}

static int64_t nanoseconds(struct timeval time) { return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL; }

long xio_await(int pid, int *status, xio_usage *usage, int64_t *resident_bytes) {
  struct rusage used;
  if (wait4(pid, status, 0, &used) < 0) return -errno;
  *usage = (xio_usage){.user_ns = nanoseconds(used.ru_utime), .system_ns = nanoseconds(used.ru_stime),
                       .voluntary_switches = used.ru_nvcsw, .involuntary_switches = used.ru_nivcsw,
                       .minor_faults = used.ru_minflt, .major_faults = used.ru_majflt};
  *resident_bytes = used.ru_maxrss * 1024LL;
  return 0;
}

long xio_free_room(int fd, xio_room *room) {
  struct statfs found;
  if (fstatfs(fd, &found) < 0) return -errno;
  // File systems that make room for files as they come count none.
  *room = (xio_room){(uint64_t)found.f_bavail * (uint64_t)found.f_bsize,
                     found.f_files ? (uint64_t)found.f_ffree : UINT64_MAX, (uint32_t)found.f_type};
  return 0;
}

static uint64_t mix(uint64_t hash, uint64_t word) {
  unsigned __int128 product = (unsigned __int128)(hash ^ word ^ 0x9e3779b97f4a7c15u) * 0xd6e8feb86659fd93u;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

void xio_digest_add(xio_digest *digest, const void *bytes, size_t count) {
  const uint8_t *next = bytes;
  while (count > 0) {
    size_t held = digest->count % 8;
    uint64_t word;
    if (held == 0 && count >= 8) {
      memcpy(&word, next, 8);
      digest->hash = mix(digest->hash, word);
      next += 8, count -= 8, digest->count += 8;
      continue;
    }
    digest->rest[held] = *next++;
    count--, digest->count++;
    if (held < 7) continue;
    memcpy(&word, digest->rest, 8);
    digest->hash = mix(digest->hash, word);
  }
}

uint64_t xio_digest_value(const xio_digest *digest) {
  uint64_t word = 0;
  memcpy(&word, digest->rest, digest->count % 8);
  return mix(mix(digest->hash, word), digest->count);
}

static volatile sig_atomic_t is_multiplying, is_recorded, stays_pending;
static volatile uint64_t recorded, interrupted;

void xio_multiply(size_t order, const double *left, const double *right, double *product) {
  is_multiplying = 1;
  memset(product, 0, order * order * sizeof *product);
  for (size_t row = 0; row < order; row++)
    for (size_t inner = 0; inner < order; inner++) {
      double factor = left[row * order + inner];
      const double *from = right + inner * order;
      double *to = product + row * order;
      for (size_t column = 0; column < order; column++) to[column] += factor * from[column];
    }
  is_multiplying = 0;
}

static void on_signal(int number, siginfo_t *info, void *context) {
  int saved = errno;
  xio_note_signal();
  recorded++;
  interrupted += is_multiplying != 0;
  is_recorded = 1;
  if (stays_pending) {
    // Blocked where it has interrupted, the signal waits in the queue of this thread, as it was.
    sigaddset(&((ucontext_t *)context)->uc_sigmask, number);
    syscall(SYS_rt_tgsigqueueinfo, getpid(), (int)syscall(SYS_gettid), number, info);
  }
  errno = saved;
}

long xio_record_signal(int32_t number, bool keeps_pending) {
  stays_pending = keeps_pending;
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
  return sigaction(number, &action, NULL) < 0 ? -errno : 0;
}

long xio_let_signal_in(int32_t number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  return -pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

bool xio_take_recorded(void) {
  bool was_recorded = is_recorded;
  is_recorded = 0;
  return was_recorded;
}

uint64_t xio_recorded_signals(void) { return recorded; }
uint64_t xio_interrupted_products(void) { return interrupted; }
