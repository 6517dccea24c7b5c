// What the kernel says about a file's pages and its direct I/O.

#ifndef XIO_CACHE_H
#define XIO_CACHE_H

#include <stdbool.h>
#include <stdint.h>

// Counts of pages, as cachestat(2) defines them.
typedef struct {
  uint64_t cached, dirty, writeback, evicted, recently_evicted;
} xio_cache_counts;

long xio_cachestat(int fd, int64_t offset, int64_t size, xio_cache_counts *counts);
// Resident pages of `size` bytes by mincore(2), from an offset that is a multiple of the page size;
// -EPERM where the kernel would invent them.
long xio_mincore(int fd, int64_t offset, int64_t size, uint64_t *resident);
// Drops a range of a file's clean pages, posix_fadvise(2).
long xio_drop_cache(int fd, int64_t offset, int64_t size);

// Alignments of O_DIRECT from statx(2); `known` is false where the file system names none.
typedef struct {
  bool known;
  uint32_t memory, offset, read_offset;
} xio_direct_alignment;
long xio_statx_direct(int fd, xio_direct_alignment *alignment);

typedef struct {
  uint64_t magic;
  bool in_memory;        // its files have no device below them: tmpfs, ramfs
  bool reads_one_size;  // a read ends where the file did when it began
} xio_file_system;
long xio_fstatfs(int fd, xio_file_system *file_system);

// read_bytes and write_bytes of /proc/self/io.
long xio_device_bytes(uint64_t *read_bytes, uint64_t *write_bytes);
// Time that the calling thread was ready to run and had no processor, schedstat's second field.
long xio_run_queue_ns(int64_t *nanoseconds);

#endif
