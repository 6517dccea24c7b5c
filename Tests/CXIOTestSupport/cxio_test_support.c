#include "cxio_test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

int xio_test_cachestat(int descriptor, struct xio_test_cachestat *result) {
  struct {
    uint64_t offset;
    uint64_t length;
  } whole = {0, 0};
  return (int)syscall(SYS_cachestat, descriptor, &whole, result, 0);
}

int xio_test_pidfd_open(int process) {
  return (int)syscall(SYS_pidfd_open, process, 0);
}

long xio_test_file_system_type(const char *path) {
  struct statfs status;
  return statfs(path, &status) == 0 ? (long)status.f_type : -1;
}

int xio_test_pidfd_send_signal(int descriptor, int number) {
  return (int)syscall(SYS_pidfd_send_signal, descriptor, number, NULL, 0);
}

int xio_test_memory_file(void) { return memfd_create("file", MFD_CLOEXEC); }

int xio_test_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }

int xio_test_pipe(int ends[2]) {
  return pipe2(ends, O_CLOEXEC);
}

int xio_test_open_terminal(char *name, size_t size) {
  int descriptor = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0) return -1;
  if (grantpt(descriptor) == 0 && unlockpt(descriptor) == 0) {
    int error = ptsname_r(descriptor, name, size);
    if (error == 0) return descriptor;
    errno = error;
  }
  int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

int xio_test_spawn_in_directory(void *actions, const char *path) {
  return posix_spawn_file_actions_addchdir_np(actions, path);
}

int xio_test_spawn_closing_from(void *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place) {
  (void)status;
  (void)type;
  (void)place;
  return remove(path);
}

int xio_test_remove_tree(const char *path) {
  return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

// A vector of eight generators: tests are built without optimisation, where one 64-bit word per
// turn of the loop would take longer than writing the file.
typedef uint64_t generators __attribute__((vector_size(64), aligned(8)));

void xio_test_random_fill(void *buffer, size_t size, uint64_t state[8]) {
  generators current;
  memcpy(&current, state, sizeof current);
  unsigned char *next = buffer;
  while (size > 0) {
    current ^= current << 13;
    current ^= current >> 7;
    current ^= current << 17;
    size_t count = size < sizeof current ? size : sizeof current;
    memcpy(next, &current, count);
    next += count;
    size -= count;
  }
  memcpy(state, &current, sizeof current);
}

#include <sys/xattr.h>

long xio_test_list_attributes(const char *path, char *list, size_t size) {
  return llistxattr(path, list, size);
}

long xio_test_get_attribute(const char *path, const char *name, void *value, size_t size) {
  return lgetxattr(path, name, value, size);
}

int xio_test_set_attribute(const char *path, const char *name, const void *value, size_t size) {
  return lsetxattr(path, name, value, size, 0);
}
