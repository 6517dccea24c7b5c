#include "xio_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

const int32_t xio_o_path = O_PATH, xio_o_directory = O_DIRECTORY, xio_o_no_follow = O_NOFOLLOW,
              xio_o_nameless = O_TMPFILE;

static inline long result(long value) { return value < 0 ? -errno : value; }

long xio_tree_open(int directory, const char *name, int flags, unsigned mode) {
  return result(openat(directory, name, flags | O_CLOEXEC, mode));
}

long xio_tree_status(int directory, const char *name, bool follow, struct stat *status) {
  return result(fstatat(directory, name, status, follow ? 0 : AT_SYMLINK_NOFOLLOW));
}

long xio_tree_entries(int directory, void *buffer, size_t size) {
  return result(syscall(SYS_getdents64, directory, buffer, size));
}

long xio_tree_make_directory(int directory, const char *name, unsigned mode) {
  return result(mkdirat(directory, name, mode));
}

long xio_tree_make_node(int directory, const char *name, unsigned mode, uint64_t device) {
  return result(mknodat(directory, name, mode, device));
}

long xio_tree_make_link(int source, const char *name, int target, const char *new_name, bool follow) {
  return result(linkat(source, name, target, new_name, follow ? AT_SYMLINK_FOLLOW : 0));
}

long xio_tree_name_file(int fd, int directory, const char *name) {
  // Without a privilege, or Linux 6.10, the file has to be found by a path.
  if (linkat(fd, "", directory, name, AT_EMPTY_PATH) == 0) return 0;
  if (errno != ENOENT && errno != EINVAL) return -errno;
  char path[32];
  snprintf(path, sizeof path, "/proc/thread-self/fd/%d", fd);
  return result(linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW));
}

long xio_tree_make_symbolic_link(const char *contents, int directory, const char *name) {
  return result(symlinkat(contents, directory, name));
}

long xio_tree_read_link(int directory, const char *name, char *buffer, size_t size) {
  return result(readlinkat(directory, name, buffer, size));
}

long xio_tree_remove(int directory, const char *name, bool is_directory) {
  return result(unlinkat(directory, name, is_directory ? AT_REMOVEDIR : 0));
}

long xio_tree_rename(int directory, const char *name, int target, const char *new_name, bool replace) {
  return result(renameat2(directory, name, target, new_name, replace ? 0 : RENAME_NOREPLACE));
}

long xio_tree_set_times(int directory, const char *name, xio_time accessed, xio_time modified) {
  struct timespec both[2] = {{accessed.seconds, accessed.nanoseconds}, {modified.seconds, modified.nanoseconds}};
  return result(name ? utimensat(directory, name, both, AT_SYMLINK_NOFOLLOW) : futimens(directory, both));
}

long xio_tree_set_owner(int directory, const char *name, unsigned user, unsigned group) {
  return result(name ? fchownat(directory, name, user, group, AT_SYMLINK_NOFOLLOW) : fchown(directory, user, group));
}

long xio_tree_set_mode(int directory, const char *name, unsigned mode) {
  return result(name ? fchmodat(directory, name, mode, 0) : fchmod(directory, mode));
}

// There is no call that takes a directory before Linux 6.13, but there is a path that does. It goes through the
// thread, which may have descriptors of its own.
enum { ROOM = 40 + 256 };
static bool path_of(int directory, const char *name, char path[ROOM], const char **where) {
  *where = name;
  if (directory == AT_FDCWD || name[0] == '/') return true;
  *where = path;
  return snprintf(path, ROOM, "/proc/thread-self/fd/%d/%s", directory, name) < ROOM;
}

long xio_tree_list_attributes(int directory, const char *name, char *list, size_t size) {
  if (!name) return result(flistxattr(directory, list, size));
  char path[ROOM];
  const char *where;
  if (!path_of(directory, name, path, &where)) return -ENAMETOOLONG;
  return result(llistxattr(where, list, size));
}

long xio_tree_get_attribute(int directory, const char *name, const char *key, void *value, size_t size) {
  if (!name) return result(fgetxattr(directory, key, value, size));
  char path[ROOM];
  const char *where;
  if (!path_of(directory, name, path, &where)) return -ENAMETOOLONG;
  return result(lgetxattr(where, key, value, size));
}

long xio_tree_set_attribute(int directory, const char *name, const char *key, const void *value, size_t size) {
  if (!name) return result(fsetxattr(directory, key, value, size, 0));
  char path[ROOM];
  const char *where;
  if (!path_of(directory, name, path, &where)) return -ENAMETOOLONG;
  return result(lsetxattr(where, key, value, size, 0));
}

long xio_tree_remove_attribute(int directory, const char *name, const char *key) {
  if (!name) return result(fremovexattr(directory, key));
  char path[ROOM];
  const char *where;
  if (!path_of(directory, name, path, &where)) return -ENAMETOOLONG;
  return result(lremovexattr(where, key));
}

long xio_tree_lock(int fd) { return result(flock(fd, LOCK_EX | LOCK_NB)); }
long xio_tree_sync_file_system(int fd) { return result(syncfs(fd)); }
int64_t xio_tree_seek_hole(int fd, int64_t offset) { return result(lseek(fd, offset, SEEK_HOLE)); }

long xio_tree_may_write(int directory, const char *name) {
  return result(faccessat(directory, name, W_OK, AT_EACCESS));
}

unsigned xio_tree_mode_mask(void) {
  mode_t mask = umask(0);
  umask(mask);
  return mask;
}

typedef struct {
  void (*body)(void *);
  void *context;
} start;

static void *run(void *argument) {
  start it = *(start *)argument;
  free(argument);
  it.body(it.context);
  return NULL;
}

long xio_tree_start_thread(void (*body)(void *), void *context, uint64_t *thread) {
  start *it = malloc(sizeof *it);
  if (!it) return -ENOMEM;
  *it = (start){body, context};
  pthread_attr_t attributes;
  int failure = pthread_attr_init(&attributes);
  if (failure) goto failed;
  sigset_t blocked;
  sigfillset(&blocked);
  pthread_attr_setsigmask_np(&attributes, &blocked);
  pthread_t made;
  failure = pthread_create(&made, &attributes, run, it);
  pthread_attr_destroy(&attributes);
  if (failure) goto failed;
  *thread = (uint64_t)made;
  return 0;
failed:
  free(it);
  return -failure;
}

long xio_tree_unshare_descriptors(void) { return result(unshare(CLONE_FILES)); }

void xio_tree_join_thread(uint64_t thread) { pthread_join((pthread_t)thread, NULL); }
