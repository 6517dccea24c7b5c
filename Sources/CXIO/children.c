#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xio_sockets.h"

extern char **environ;

// The child gets the signals as a shell expects them, whatever this program does with its own.
static int set_attributes(posix_spawnattr_t *attributes) {
  sigset_t none, usual;
  sigemptyset(&none);
  sigfillset(&usual);
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setsigdefault(attributes, &usual);
  posix_spawnattr_setpgroup(attributes, 0);
  return posix_spawnattr_setflags(attributes,
                                  POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

long xio_spawn_shell(const char *command, int *pid, int *output) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  char *arguments[] = {"sh", "-c", (char *)command, NULL};
  int failure = set_attributes(&attributes);
  if (!failure) failure = posix_spawn(pid, "/bin/sh", &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(ends[1]);
  if (failure) close(ends[0]);
  *output = ends[0];
  return -failure;
}

long xio_reap(int pid, int *status) {
  pid_t ended = waitpid(pid, status, WNOHANG);
  if (ended < 0) return -errno;
  return ended == 0 ? -EAGAIN : 0;
}

long xio_signal_group(int pid, int signal) { return kill(-pid, signal) < 0 ? -errno : 0; }
