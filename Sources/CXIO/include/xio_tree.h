// Calls on entries of directories, by a name and the directory it is in (AT_FDCWD or a descriptor).

#ifndef XIO_TREE_H
#define XIO_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

// Flags of open(2), which need _GNU_SOURCE.
extern const int32_t xio_o_path, xio_o_directory, xio_o_no_follow, xio_o_nameless;

long xio_tree_open(int directory, const char *name, int flags, unsigned mode);
long xio_tree_status(int directory, const char *name, bool follow, struct stat *status);
long xio_tree_entries(int directory, void *buffer, size_t size);
long xio_tree_make_directory(int directory, const char *name, unsigned mode);
long xio_tree_make_node(int directory, const char *name, unsigned mode, uint64_t device);
long xio_tree_make_link(int source, const char *name, int target, const char *new_name, bool follow);
// Names an open file that has no name.
long xio_tree_name_file(int fd, int directory, const char *name);
long xio_tree_make_symbolic_link(const char *contents, int directory, const char *name);
long xio_tree_read_link(int directory, const char *name, char *buffer, size_t size);
long xio_tree_remove(int directory, const char *name, bool is_directory);
long xio_tree_rename(int directory, const char *name, int target, const char *new_name, bool replace);

// `name` is NULL for the open file itself; symbolic links are not followed.
typedef struct { int64_t seconds, nanoseconds; } xio_time;
long xio_tree_set_times(int directory, const char *name, xio_time accessed, xio_time modified);
long xio_tree_set_owner(int directory, const char *name, unsigned user, unsigned group);
long xio_tree_set_mode(int directory, const char *name, unsigned mode);
// Extended attributes of a name in a directory (not following links), or of an open file without one.
long xio_tree_list_attributes(int directory, const char *name, char *list, size_t size);
long xio_tree_get_attribute(int directory, const char *name, const char *key, void *value, size_t size);
long xio_tree_set_attribute(int directory, const char *name, const char *key, const void *value, size_t size);
long xio_tree_remove_attribute(int directory, const char *name, const char *key);

// Locks an open file for this process alone, or fails at once.
long xio_tree_lock(int fd);
long xio_tree_sync_file_system(int fd);
int64_t xio_tree_seek_hole(int fd, int64_t offset);
// Whether the caller may write to a name, by its effective ids.
long xio_tree_may_write(int directory, const char *name);
// The mask of modes, which stays as it is.
unsigned xio_tree_mode_mask(void);

// Runs `body` on a thread that takes no signals.
long xio_tree_start_thread(void (*body)(void *), void *context, uint64_t *thread);
long xio_tree_unshare_descriptors(void);
void xio_tree_join_thread(uint64_t thread);

#endif
