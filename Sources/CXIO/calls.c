#include "xio_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

const int32_t xio_o_direct = O_DIRECT;
_Thread_local uint64_t xio_system_calls[XIO_SYSTEM_CALL_LIMIT];

static inline long result(long value) { return value < 0 ? -errno : value; }

long xio_open(const char *path, int flags, unsigned mode) {
  return result(open(path, flags | O_CLOEXEC, mode));
}

long xio_openat_parent_tmpfile(const char *path) {
  char directory[PATH_MAX];
  const char *slash = strrchr(path, '/');
  size_t length = slash ? (size_t)(slash - path) : 0;
  if (length >= sizeof directory) return -ENAMETOOLONG;
  memcpy(directory, path, length);
  directory[length] = 0;
  const char *parent = length ? directory : slash ? "/" : ".";
  return result(open(parent, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

long xio_close(int fd) { return result(close(fd)); }
long xio_read(int fd, void *buffer, size_t count) { return result(read(fd, buffer, count)); }
long xio_write(int fd, const void *buffer, size_t count) { return result(write(fd, buffer, count)); }

long xio_pread(int fd, void *buffer, size_t count, int64_t offset) {
  return result(pread(fd, buffer, count, offset));
}

long xio_pwrite(int fd, const void *buffer, size_t count, int64_t offset) {
  return result(pwrite(fd, buffer, count, offset));
}

long xio_preadv2(int fd, void *buffer, size_t count, int64_t offset, int flags) {
  struct iovec vector = {buffer, count};
  return result(preadv2(fd, &vector, 1, offset, flags));
}

long xio_pwritev2(int fd, const void *buffer, size_t count, int64_t offset, int flags) {
  struct iovec vector = {(void *)buffer, count};
  return result(pwritev2(fd, &vector, 1, offset, flags));
}

long xio_ficlone(int target, int source) { return result(ioctl(target, FICLONE, source)); }

static inline off64_t *position(off64_t *at) { return *at < 0 ? NULL : at; }

long xio_copy_file_range(int source, int64_t source_at, int target, int64_t target_at, size_t count) {
  off64_t from = source_at, to = target_at;
  return result(copy_file_range(source, position(&from), target, position(&to), count, 0));
}

long xio_sendfile(int target, int source, int64_t source_at, size_t count) {
  off_t from = source_at;
  return result(sendfile(target, source, source_at < 0 ? NULL : &from, count));
}

long xio_splice(int source, int64_t source_at, int target, int64_t target_at, size_t count) {
  off64_t from = source_at, to = target_at;
  return result(splice(source, position(&from), target, position(&to), count, 0));
}

long xio_pipe(int ends[2]) { return result(pipe2(ends, O_CLOEXEC)); }
long xio_set_pipe_size(int fd, int size) { return result(fcntl(fd, F_SETPIPE_SZ, size)); }
long xio_get_pipe_size(int fd) { return result(fcntl(fd, F_GETPIPE_SZ)); }
long xio_fstat(int fd, struct stat *status) { return result(fstat(fd, status)); }
long xio_stat(const char *path, struct stat *status) { return result(stat(path, status)); }
long xio_lstat(const char *path, struct stat *status) { return result(lstat(path, status)); }
long xio_lseek(int fd, int64_t offset, int whence) { return result(lseek(fd, offset, whence)); }
long xio_ftruncate(int fd, int64_t size) { return result(ftruncate(fd, size)); }

long xio_fallocate(int fd, int64_t offset, int64_t size, bool keep_size) {
  return result(fallocate(fd, keep_size ? FALLOC_FL_KEEP_SIZE : 0, offset, size));
}

long xio_punch_hole(int fd, int64_t offset, int64_t size) {
  return result(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size));
}

long xio_fsync(int fd, bool data_only) { return result(data_only ? fdatasync(fd) : fsync(fd)); }

long xio_begin_write_back(int fd, int64_t offset, int64_t count) {
  return result(sync_file_range(fd, offset, count, SYNC_FILE_RANGE_WRITE));
}

long xio_write_back(int fd, int64_t offset, int64_t size) {
  return result(sync_file_range(fd, offset, size, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                                      SYNC_FILE_RANGE_WAIT_AFTER));
}

long xio_unlink(const char *path) { return result(unlink(path)); }
long xio_rename(const char *path, const char *target) { return rename(path, target) < 0 ? -errno : 0; }
long xio_dup(int fd) { return result(fcntl(fd, F_DUPFD_CLOEXEC, 3)); }
long xio_get_status_flags(int fd) { return result(fcntl(fd, F_GETFL)); }
long xio_set_status_flags(int fd, int flags) { return result(fcntl(fd, F_SETFL, flags)); }
long xio_isatty(int fd) { return isatty(fd); }

long xio_terminal_columns(int fd) {
  struct winsize size;
  return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

long xio_is_foreground(int fd) {
  pid_t group = tcgetpgrp(fd);
  // A terminal that controls nobody has no jobs.
  return group < 0 || group == getpgrp();
}

long xio_nanosleep(int64_t nanoseconds) {
  struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  return result(nanosleep(&time, NULL));
}

long xio_sched_yield(void) { return result(sched_yield()); }

long xio_map_memory(size_t count, bool huge, void **memory) {
  size_t spare = huge ? XIO_HUGE_PAGE : 0;
  char *start = mmap(NULL, count + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return -errno;
  *memory = start;
  if (!huge) return 0;
  size_t skip = -(uintptr_t)start & (XIO_HUGE_PAGE - 1);
  if (skip) munmap(start, skip);
  if (spare - skip) munmap(start + skip + count, spare - skip);
  *memory = start + skip;
  madvise(*memory, count, MADV_HUGEPAGE);  // where there are none, small pages serve as well
  return 0;
}

int64_t xio_physical_memory(void) { return (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE); }

int xio_processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : CPU_COUNT(&set);
}

long xio_kernel_release(char *text, size_t size) {
  struct utsname name;
  if (uname(&name) < 0) return -errno;
  snprintf(text, size, "%s", name.release);
  return 0;
}

void xio_unmap_memory(void *memory, size_t count) { munmap(memory, count); }

static int64_t nanoseconds(struct timeval time) {
  return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL;
}

long xio_process_usage(xio_usage *usage) {
  struct rusage all;
  if (getrusage(RUSAGE_SELF, &all) < 0) return -errno;
  *usage = (xio_usage){nanoseconds(all.ru_utime), nanoseconds(all.ru_stime), all.ru_nvcsw,
                       all.ru_nivcsw, all.ru_minflt, all.ru_majflt};
  return 0;
}

static int64_t now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int64_t xio_monotonic_ns(void) { return now(CLOCK_MONOTONIC); }
int64_t xio_thread_cpu_ns(void) { return now(CLOCK_THREAD_CPUTIME_ID); }
