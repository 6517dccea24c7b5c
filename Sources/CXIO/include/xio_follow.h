// What following files takes: inotify, identities, holes, writers, processes.

#ifndef XIO_FOLLOW_H
#define XIO_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

long xio_inotify_create(bool blocking);
// Adds to what is watched already; returns the watch descriptor.
long xio_inotify_watch(int inotify, const char *path, uint32_t mask);
long xio_inotify_unwatch(int inotify, int watch);
// Bytes that can be read at once.
long xio_readable_bytes(int fd);

typedef struct {
  uint64_t device, inode;
  int64_t size, modified_ns, changed_ns;
  uint32_t mode, links;
} xio_name_status;
// fstatat(2), symbolic links followed; `directory` is -1 for the working directory.
long xio_status_at(int directory, const char *name, xio_name_status *status);
long xio_status_of(int fd, xio_name_status *status);
// Opens a directory as a place to look names up in (O_PATH).
long xio_open_directory(const char *path);
long xio_open_at(int directory, const char *name, int flags);
long xio_readlink(const char *path, char *target, size_t size);

// The handle of an open file, which differs when an inode is used again; its length, or -EOVERFLOW.
long xio_file_handle(int fd, void *bytes, size_t size);
// When a file was made, in nanoseconds since 1970; -ENODATA where the file system does not tell.
long xio_birth_time(int fd, int64_t *nanoseconds);
// The first offset from `offset` on that is not in a hole; -ENXIO beyond the end.
int64_t xio_seek_data(int fd, int64_t offset);
// Whether somebody has the file open for writing, found out by asking for a lease.
long xio_has_writers(int fd);

long xio_open_process(int pid);
// Raises the limit on descriptors as far as it goes, and returns it.
long xio_raise_descriptor_limit(void);

// Messages that arrive on a pipe by which a loop is woken.
enum { XIO_WAKE_OUTPUT_GONE = 'O', XIO_WAKE_PROCESSES_GONE = 'P', XIO_WAKE_REPORT = 'R' };
// Starts a thread that waits until nobody reads `output` any more, and until all processes have ended.
long xio_start_sentinel(int output, const int *processes, size_t count, int wake);
// Has SIGUSR1 write to the pipe.
void xio_catch_report(int wake);
// Asks for short turns of the processor, which come sooner, for the calling thread.
long xio_request_short_turns(void);
// Has leases that are broken while they are tried not end the process.
void xio_ignore_sigio(void);

#endif
