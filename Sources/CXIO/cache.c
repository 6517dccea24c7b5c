#include "xio_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

// Newer than Debian 12's kernel headers.
enum { SYSCALL_CACHESTAT = 451, MASK_DIOALIGN = 0x2000, MASK_DIO_READ_ALIGN = 0x20000 };

long xio_cachestat(int fd, int64_t offset, int64_t size, xio_cache_counts *counts) {
  struct { uint64_t offset, size; } range = {(uint64_t)offset, (uint64_t)size};
  return syscall(SYSCALL_CACHESTAT, fd, &range, counts, 0) < 0 ? -errno : 0;
}

long xio_mincore(int fd, int64_t offset, int64_t size, uint64_t *resident) {
  // Since Linux 5.2 mincore says "resident" for every page of a file that the caller could not write.
  char link[32];
  snprintf(link, sizeof link, "/proc/thread-self/fd/%d", fd);
  if (faccessat(AT_FDCWD, link, W_OK, AT_EACCESS) < 0) return -EPERM;
  enum { WINDOW = 1 << 30 };
  long page = sysconf(_SC_PAGESIZE);
  unsigned char *vector = malloc(WINDOW / page);
  if (!vector) return -ENOMEM;
  *resident = 0;
  long failure = 0;
  int64_t end = offset + size;
  for (int64_t at = offset; at < end && !failure; at += WINDOW) {
    size_t length = end - at < WINDOW ? (size_t)(end - at) : WINDOW;
    void *map = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, at);
    if (map == MAP_FAILED) { failure = -errno; break; }
    if (mincore(map, length, vector) < 0) failure = -errno;
    for (size_t index = 0; !failure && index < (length + page - 1) / page; index++)
      *resident += vector[index] & 1;
    munmap(map, length);
  }
  free(vector);
  return failure;
}

long xio_drop_cache(int fd, int64_t offset, int64_t size) {
  return -posix_fadvise(fd, offset, size, POSIX_FADV_DONTNEED);
}

long xio_statx_direct(int fd, xio_direct_alignment *alignment) {
  // Read by offset: struct statx of these headers ends before the fields.
  union { struct statx status; unsigned char bytes[256]; } answer;
  memset(&answer, 0, sizeof answer);
  if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, MASK_DIOALIGN | MASK_DIO_READ_ALIGN, &answer) < 0)
    return -errno;
  uint32_t fields[3];
  memcpy(fields, answer.bytes + 0x98, 8);
  memcpy(fields + 2, answer.bytes + 0xb4, 4);
  alignment->known = (answer.status.stx_mask & MASK_DIOALIGN) != 0;
  alignment->memory = fields[0];
  alignment->offset = fields[1];
  alignment->read_offset = answer.status.stx_mask & MASK_DIO_READ_ALIGN ? fields[2] : fields[1];
  return 0;
}

long xio_fstatfs(int fd, xio_file_system *file_system) {
  struct statfs status;
  if (fstatfs(fd, &status) < 0) return -errno;
  file_system->magic = (uint64_t)status.f_type;
  file_system->in_memory = status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
  // tmpfs looks at the size again once it has come to the end, so that one read can meet two states
  // of a file; of what is not named here nothing is known.
  file_system->reads_one_size = status.f_type == EXT4_SUPER_MAGIC ||
                                status.f_type == XFS_SUPER_MAGIC ||
                                status.f_type == BTRFS_SUPER_MAGIC;
  return 0;
}

// Reads a small file of /proc into a string.
static long slurp(const char *path, char *text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  ssize_t count = read(fd, text, size - 1);
  long failure = count < 0 ? -errno : 0;
  close(fd);
  text[count < 0 ? 0 : count] = 0;
  return failure;
}

static uint64_t field(const char *text, const char *name) {
  const char *found = strstr(text, name);
  return found ? strtoull(found + strlen(name), NULL, 10) : 0;
}

long xio_device_bytes(uint64_t *read_bytes, uint64_t *write_bytes) {
  char text[512];
  long failure = slurp("/proc/self/io", text, sizeof text);
  if (failure) return failure;
  if (!strstr(text, "\nread_bytes: ")) return -ENODATA;
  *read_bytes = field(text, "\nread_bytes: ");
  *write_bytes = field(text, "\nwrite_bytes: ");
  return 0;
}

long xio_run_queue_ns(int64_t *nanoseconds) {
  char text[128];
  long failure = slurp("/proc/thread-self/schedstat", text, sizeof text);
  if (failure) return failure;
  long long running, waiting;
  if (sscanf(text, "%lld %lld", &running, &waiting) != 2) return -ENODATA;
  *nanoseconds = waiting;
  return 0;
}
