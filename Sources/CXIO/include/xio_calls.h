// Data transfer and file calls: thin, with -errno for failure.

#ifndef XIO_CALLS_H
#define XIO_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

// Flags of preadv2(2), pwritev2(2) and submission entries.
enum { XIO_RWF_NOWAIT = 0x8, XIO_RWF_DONTCACHE = 0x80 };

// O_DIRECT, which needs _GNU_SOURCE.
extern const int32_t xio_o_direct;

long xio_open(const char *path, int flags, unsigned mode);
long xio_openat_parent_tmpfile(const char *path);
long xio_close(int fd);
long xio_read(int fd, void *buffer, size_t count);
long xio_write(int fd, const void *buffer, size_t count);
long xio_pread(int fd, void *buffer, size_t count, int64_t offset);
long xio_pwrite(int fd, const void *buffer, size_t count, int64_t offset);
long xio_preadv2(int fd, void *buffer, size_t count, int64_t offset, int flags);
long xio_pwritev2(int fd, const void *buffer, size_t count, int64_t offset, int flags);

long xio_ficlone(int target, int source);
// Offsets of -1 mean the descriptor's own position.
long xio_copy_file_range(int source, int64_t source_at, int target, int64_t target_at, size_t count);
long xio_sendfile(int target, int source, int64_t source_at, size_t count);
long xio_splice(int source, int64_t source_at, int target, int64_t target_at, size_t count);
long xio_pipe(int ends[2]);
long xio_set_pipe_size(int fd, int size);
long xio_get_pipe_size(int fd);

long xio_fstat(int fd, struct stat *status);
long xio_stat(const char *path, struct stat *status);
long xio_lstat(const char *path, struct stat *status);
long xio_lseek(int fd, int64_t offset, int whence);
long xio_ftruncate(int fd, int64_t size);
long xio_fallocate(int fd, int64_t offset, int64_t size, bool keep_size);
long xio_punch_hole(int fd, int64_t offset, int64_t size);
long xio_fsync(int fd, bool data_only);
// Starts writing a range's dirty pages to the device and waits for them, without a flush of the device.
long xio_write_back(int fd, int64_t offset, int64_t size);
// Begins to, and does not wait.
long xio_begin_write_back(int fd, int64_t offset, int64_t size);
long xio_unlink(const char *path);
long xio_rename(const char *path, const char *target);
long xio_dup(int fd);
long xio_get_status_flags(int fd);
long xio_set_status_flags(int fd, int flags);
long xio_isatty(int fd);
/* How wide a terminal is; 0 when it does not say. */
long xio_terminal_columns(int fd);
/* Whether the process may write to a terminal without disturbing another job. */
long xio_is_foreground(int fd);
long xio_nanosleep(int64_t nanoseconds);
long xio_sched_yield(void);
// With `huge` the memory is aligned to XIO_HUGE_PAGE, and huge pages are asked for.
enum { XIO_HUGE_PAGE = 2 << 20 };
long xio_map_memory(size_t count, bool huge, void **memory);
int64_t xio_physical_memory(void);
int xio_processors(void);
long xio_kernel_release(char *text, size_t size);
void xio_unmap_memory(void *memory, size_t count);

// Process accounting.
typedef struct {
  int64_t user_ns, system_ns, voluntary_switches, involuntary_switches, minor_faults, major_faults;
} xio_usage;
long xio_process_usage(xio_usage *usage);
int64_t xio_monotonic_ns(void);
int64_t xio_thread_cpu_ns(void);

// How often the calling thread has made each system call; indexed by SystemCall.
enum { XIO_SYSTEM_CALL_LIMIT = 128 };
extern _Thread_local uint64_t xio_system_calls[XIO_SYSTEM_CALL_LIMIT];
static inline void xio_count_system_call(int32_t index, uint64_t times) {
  xio_system_calls[index] += times;
}
static inline uint64_t xio_system_call_count(int32_t index) { return xio_system_calls[index]; }

#endif
