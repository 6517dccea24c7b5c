// Sockets and child processes: thin, with -errno for failure.

#ifndef XIO_SOCKETS_H
#define XIO_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { XIO_SOCKET_STREAM = 1, XIO_SOCKET_DATAGRAM = 2, XIO_SOCKET_SEQPACKET = 5 };

typedef struct {
  uint8_t bytes[128];
  uint32_t length;
} xio_address;

enum { XIO_MOST_ADDRESSES = 16 };
// Addresses of a host, or with NULL those of this machine alone. Returns how many; a failure to find
// one is its negated EAI_ code minus 10000.
long xio_resolve(const char *host, const char *port, int type, xio_address *list);
// Returns 1 when host and port are in figures.
long xio_numeric_address(const char *host, const char *port, int type, xio_address *address);
// The same on a thread of its own: a pipe that can be read from, and what to take from it.
long xio_begin_resolving(const char *host, const char *port, int type);
long xio_finish_resolving(int pipe, xio_address *list);
const char *xio_resolve_message(long code);
// -ENAMETOOLONG when the path does not fit.
long xio_unix_address(const char *path, size_t length, xio_address *address);
// Host and port in figures, or a path; returns the length, 0 when there is no name.
long xio_address_text(const xio_address *address, char *text, size_t size);
int xio_address_family(const xio_address *address);
uint32_t xio_address_port(const xio_address *address);
// Sets the port of an address of the Internet.
void xio_set_address_port(xio_address *address, uint32_t port);

// A socket, close-on-exec and non-blocking.
long xio_socket(const xio_address *address, int type);
// Sets the permissions that binding a Unix socket will make the file with.
long xio_set_socket_mode(int fd, uint32_t mode);
// With SO_REUSEADDR, and IPv6 alone for an address of IPv6.
long xio_share_address(int fd, const xio_address *address);
long xio_bind(int fd, const xio_address *address);
// Gives a Unix socket a name that nobody has, in no directory.
long xio_bind_anonymous(int fd);
long xio_listen(int fd, int backlog);
long xio_connect(int fd, const xio_address *address);
// The error of a connection that was begun; 0 when it was made.
long xio_socket_error(int fd);
// Asks for the end of connections whose other end is gone.
long xio_keep_alive(int fd);
long xio_accept(int fd, bool blocking, xio_address *peer);
long xio_own_address(int fd, xio_address *address);
long xio_send_nothing(int fd);

typedef struct {
  int32_t pid;
  uint32_t uid, gid;
} xio_credentials;
long xio_peer_credentials(int fd, xio_credentials *peer);

// Asks for the count of datagrams that the kernel dropped, and for who sent each.
long xio_count_drops(int fd);
long xio_pass_credentials(int fd);
// How many datagrams the kernel has dropped so far.
long xio_dropped_records(int fd);

typedef struct {
  xio_address sender;
  xio_credentials credentials;  // pid 0 when not known
  uint32_t drops;               // the kernel's count so far
  bool has_drops;
  size_t size;  // of the whole record, which may be more than was received
} xio_message;
// One record, without waiting; the count of bytes received.
long xio_receive(int fd, void *buffer, size_t size, xio_message *message);

// Runs a command of the shell in a process group of its own, with a pipe for its standard output.
long xio_spawn_shell(const char *command, int *pid, int *output);
// The status of wait(2) when the process has ended; -EAGAIN while it runs.
long xio_reap(int pid, int *status);
long xio_signal_group(int pid, int signal);

#endif
