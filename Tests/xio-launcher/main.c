#define _GNU_SOURCE
// Applies restrictions to itself and then becomes the command it was given, so that a test can
// run the program where io_uring is denied, a limit is low or a descriptor is missing.

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The statuses of env(1) and nohup(1), so that a failure here is not taken for one of the command.
enum { status_failed = 125, status_not_executable = 126, status_not_found = 127 };

static void fail(const char *what, const char *value) {
  fprintf(stderr, "xio-launcher: %s %s: %s\n", what, value, strerror(errno));
  exit(status_failed);
}

static void usage(const char *problem) {
  fprintf(stderr, "xio-launcher: %s\n", problem);
  exit(status_failed);
}

static long number(const char *text) {
  char *end;
  errno = 0;
  long value = strtol(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || value < 0) usage("a number is expected");
  return value;
}

static void deny_io_uring(const char *name) {
  int code = strcmp(name, "EPERM") == 0 ? EPERM : strcmp(name, "ENOSYS") == 0 ? ENOSYS : 0;
  if (code == 0) usage("--deny-io-uring takes EPERM or ENOSYS");
  // io_uring_setup, io_uring_enter and io_uring_register have the numbers 425 to 427 on every
  // architecture, so the filter need not look at the architecture.
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SYS_io_uring_setup, 0, 2),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYS_io_uring_register, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)code),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("--deny-io-uring", name);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) fail("--deny-io-uring", name);
}

static void limit(const char *assignment) {
  static const struct {
    const char *name;
    int resource;
  } resources[] = {
      {"as", RLIMIT_AS},           {"fsize", RLIMIT_FSIZE}, {"memlock", RLIMIT_MEMLOCK},
      {"nofile", RLIMIT_NOFILE},   {"nproc", RLIMIT_NPROC}, {"stack", RLIMIT_STACK},
      {"sigpending", RLIMIT_SIGPENDING},
  };
  const char *equals = strchr(assignment, '=');
  if (equals == NULL) usage("--rlimit takes NAME=VALUE");
  size_t length = (size_t)(equals - assignment);
  for (size_t index = 0; index < sizeof resources / sizeof resources[0]; index++) {
    const char *name = resources[index].name;
    if (strlen(name) != length || strncmp(name, assignment, length) != 0) continue;
    rlim_t value = (rlim_t)number(equals + 1);
    struct rlimit both = {value, value};
    if (setrlimit(resources[index].resource, &both) != 0) fail("--rlimit", assignment);
    return;
  }
  usage("--rlimit knows as, fsize, memlock, nofile, nproc, sigpending and stack");
}

static void raise_descriptors(const char *text) {
  long lowest = number(text);
  for (;;) {
    int descriptor = open("/dev/null", O_RDWR);
    if (descriptor < 0) fail("--raise-descriptors", text);
    if (descriptor >= lowest) {
      close(descriptor);
      return;
    }
  }
}

static void set_nonblocking(const char *text) {
  int descriptor = (int)number(text);
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) fail("--nonblock", text);
}

static void become(const char *text) {
  long user = number(text);
  if (setgid((gid_t)user) != 0 || setuid((uid_t)user) != 0) fail("--uid", text);
}

static void write_file(const char *path, const char *text) {
  int file = open(path, O_WRONLY);
  if (file < 0 || write(file, text, strlen(text)) < 0 || close(file) != 0) fail("--user-limit", path);
}

// Sets a limit of what a user may have, below /proc/sys/user, in a namespace of users of its own: the
// machine's limits stay.
static void limit_user(const char *assignment) {
  const char *equals = strchr(assignment, '=');
  if (equals == NULL) usage("--user-limit takes NAME=VALUE");
  char map[64], path[256];
  uid_t user = geteuid();
  gid_t group = getegid();
  if (unshare(CLONE_NEWUSER) != 0) fail("--user-limit", assignment);
  snprintf(map, sizeof map, "%u %u 1", user, user);
  write_file("/proc/self/uid_map", map);
  write_file("/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "%u %u 1", group, group);
  write_file("/proc/self/gid_map", map);
  snprintf(path, sizeof path, "/proc/sys/user/%.*s", (int)(equals - assignment), assignment);
  write_file(path, equals + 1);
}

// Runs the command as a child and writes the largest resident set it had, in kibibytes, to a file.
// The usage of a process that was spawned begins with the resident set of its parent, and that of
// this program is small.
static void measure_memory(const char *path) {
  pid_t child = fork();
  if (child < 0) fail("--peak-memory", path);
  if (child == 0) {
    // Huge pages would count memory that the program has not touched.
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    return;
  }
  int status;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) < 0) fail("--peak-memory", path);
  FILE *file = fopen(path, "w");
  if (file == NULL || fprintf(file, "%ld\n", usage.ru_maxrss) < 0 || fclose(file) != 0)
    fail("--peak-memory", path);
  exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static int apply(const char *option, const char *value) {
  if (strcmp(option, "--ignore-sigpipe") == 0) {
    signal(SIGPIPE, SIG_IGN);
    return 1;
  }
  if (value == NULL) usage("an option is unknown or its value is missing");
  if (strcmp(option, "--deny-io-uring") == 0) deny_io_uring(value);
  else if (strcmp(option, "--rlimit") == 0) limit(value);
  else if (strcmp(option, "--close") == 0) close((int)number(value));
  else if (strcmp(option, "--raise-descriptors") == 0) raise_descriptors(value);
  else if (strcmp(option, "--nonblock") == 0) set_nonblocking(value);
  else if (strcmp(option, "--uid") == 0) become(value);
  else if (strcmp(option, "--user-limit") == 0) limit_user(value);
  else if (strcmp(option, "--peak-memory") == 0) measure_memory(value);
  else usage("an option is unknown");
  return 2;
}

int main(int count, char **arguments) {
  const char *name = NULL;
  int index = 1;
  while (index < count && strcmp(arguments[index], "--") != 0) {
    if (strcmp(arguments[index], "--argv0") == 0) {
      if (index + 1 >= count) usage("--argv0 needs a name");
      name = arguments[index + 1];
      index += 2;
    } else {
      index += apply(arguments[index], index + 1 < count ? arguments[index + 1] : NULL);
    }
  }
  if (index + 1 >= count) usage("a command is expected after --");
  char **command = arguments + index + 1;
  char *path = command[0];
  if (name != NULL) command[0] = (char *)name;
  execvp(path, command);
  fprintf(stderr, "xio-launcher: cannot execute %s: %s\n", path, strerror(errno));
  return errno == ENOENT ? status_not_found : status_not_executable;
}
