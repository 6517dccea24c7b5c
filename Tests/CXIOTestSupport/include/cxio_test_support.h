#ifndef CXIO_TEST_SUPPORT_H
#define CXIO_TEST_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What the tests need from the system and Swift cannot call: system calls without a wrapper in
// the C library, functions that take a callback, and functions that its module hides. No header
// with the types of the C library is included here, as Swift would then take them for types of
// this module.

/// Page counts of one file, as the kernel's struct cachestat lays them out.
struct xio_test_cachestat {
  uint64_t cached;
  uint64_t dirty;
  uint64_t writeback;
  uint64_t evicted;
  uint64_t recently_evicted;
};

/// Counts the pages of a whole file in the page cache with cachestat(2).
/// Returns 0, or -1 with errno set.
int xio_test_cachestat(int descriptor, struct xio_test_cachestat *result);

/// Opens a descriptor for a process with pidfd_open(2), close-on-exec.
int xio_test_pidfd_open(int process);

/// Asks statfs(2) for the magic number of the file system that a path is on.
/// Returns it, or -1 with errno set.
long xio_test_file_system_type(const char *path);

/// Sends a signal to the process of such a descriptor with pidfd_send_signal(2).
/// Returns 0, or -1 with errno set.
int xio_test_pidfd_send_signal(int descriptor, int number);

/// Makes a pipe whose ends are close-on-exec.
/// Returns 0, or -1 with errno set.
int xio_test_pipe(int ends[2]);

/// Opens the controlling side of a pseudo-terminal, close-on-exec, and tells the other's name.
/// Returns a descriptor, or -1 with errno set.
int xio_test_open_terminal(char *name, size_t size);

/// Makes a process that is spawned start in a directory; actions is a posix_spawn_file_actions_t.
/// Returns 0 or an error number.
int xio_test_spawn_in_directory(void *actions, const char *path);

/// Makes a process that is spawned close all descriptors from a number on.
/// Returns 0 or an error number.
int xio_test_spawn_closing_from(void *actions, int first);

/// Removes a file or a directory with all below it; it does not cross into mounts.
/// Returns 0, or -1 with errno set.
int xio_test_remove_tree(const char *path);

/// Fills a buffer with pseudo-random bytes, 64 at a time. The state must not be zero; it is left
/// where the next call goes on.
void xio_test_random_fill(void *buffer, size_t size, uint64_t state[8]);

/// Says that the calling thread waits for the signals of POSIX AIO, or that nobody does any more.
void xio_test_expect_aio_signals(bool begins);

/// Gives the calling thread the turns on a processor that threads have which ask for none.
void xio_test_request_default_turns(void);

/// A file in memory that has no name, and an epoll instance: a descriptor, or -1 with errno set.
int xio_test_memory_file(void);
int xio_test_epoll(void);

// Extended attributes of a name, symbolic links not followed.
long xio_test_list_attributes(const char *path, char *list, size_t size);
long xio_test_get_attribute(const char *path, const char *name, void *value, size_t size);
int xio_test_set_attribute(const char *path, const char *name, const void *value, size_t size);

#endif
