#include "xio_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(XIO_SOCKET_STREAM == SOCK_STREAM && XIO_SOCKET_DATAGRAM == SOCK_DGRAM &&
                   XIO_SOCKET_SEQPACKET == SOCK_SEQPACKET,
               "kinds of sockets");
_Static_assert(sizeof(struct sockaddr_storage) <= sizeof(((xio_address *)0)->bytes), "room for addresses");

enum { RESOLVE_FAILURE = 10000 };

static long result(long value) { return value < 0 ? -errno : value; }

static struct sockaddr *general(const xio_address *address) { return (struct sockaddr *)address->bytes; }

static void set(xio_address *address, const void *from, size_t length) {
  memcpy(address->bytes, from, length);
  address->length = (uint32_t)length;
}

static long resolve(const char *host, const char *port, int type, int flags, xio_address *list) {
  struct addrinfo hints = {.ai_socktype = type, .ai_flags = flags}, *found;
  // Without a host these are the loopback addresses.
  int failure = getaddrinfo(host, port, &hints, &found);
  if (failure == EAI_SYSTEM) return -errno;
  if (failure) return failure - RESOLVE_FAILURE;
  long count = 0;
  for (struct addrinfo *one = found; one && count < XIO_MOST_ADDRESSES; one = one->ai_next)
    set(&list[count++], one->ai_addr, one->ai_addrlen);
  freeaddrinfo(found);
  return count;
}

long xio_resolve(const char *host, const char *port, int type, xio_address *list) {
  return resolve(host, port, type, 0, list);
}

long xio_numeric_address(const char *host, const char *port, int type, xio_address *address) {
  xio_address list[XIO_MOST_ADDRESSES];
  long count = resolve(host, port, type, AI_NUMERICHOST | AI_NUMERICSERV, list);
  if (count == 1) *address = list[0];
  return count;
}

typedef struct {
  int type, pipe;
  char *host, *port;
} lookup;

typedef struct {
  long count;
  xio_address list[XIO_MOST_ADDRESSES];
} answer;

_Static_assert(sizeof(answer) <= PIPE_BUF, "an answer comes whole");

static void forget(lookup *own) {
  close(own->pipe);
  free(own->host);
  free(own->port);
  free(own);
}

static void *look_up(void *argument) {
  lookup *own = argument;
  answer found = {0};
  found.count = xio_resolve(own->host, own->port, own->type, found.list);
  // Whoever asked may have left.
  if (write(own->pipe, &found, sizeof found) < 0) errno = 0;
  forget(own);
  return NULL;
}

long xio_begin_resolving(const char *host, const char *port, int type) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  lookup *own = calloc(1, sizeof *own);
  if (own) *own = (lookup){type, ends[1], strdup(host), strdup(port)};
  if (!own || !own->host || !own->port) {
    if (own) forget(own); else close(ends[1]);
    close(ends[0]);
    return -ENOMEM;
  }
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // Signals are for the thread that runs the loop.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int failure = pthread_create(&thread, &attributes, look_up, own);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (!failure) return ends[0];
  forget(own);
  close(ends[0]);
  return -failure;
}

long xio_finish_resolving(int pipe, xio_address *list) {
  answer found;
  if (read(pipe, &found, sizeof found) != sizeof found) return -EIO;
  memcpy(list, found.list, sizeof found.list);
  return found.count;
}

const char *xio_resolve_message(long code) { return gai_strerror((int)(code + RESOLVE_FAILURE)); }

long xio_unix_address(const char *path, size_t length, xio_address *address) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  if (length >= sizeof name.sun_path) return -ENAMETOOLONG;
  memcpy(name.sun_path, path, length);
  set(address, &name, offsetof(struct sockaddr_un, sun_path) + length + 1);
  return 0;
}

int xio_address_family(const xio_address *address) { return address->length ? general(address)->sa_family : 0; }

static in_port_t *port_of(const xio_address *address) {
  switch (xio_address_family(address)) {
    case AF_INET: return &((struct sockaddr_in *)address->bytes)->sin_port;
    case AF_INET6: return &((struct sockaddr_in6 *)address->bytes)->sin6_port;
    default: return NULL;
  }
}

uint32_t xio_address_port(const xio_address *address) {
  in_port_t *port = port_of(address);
  return port ? ntohs(*port) : 0;
}

void xio_set_address_port(xio_address *address, uint32_t number) {
  in_port_t *port = port_of(address);
  if (port) *port = htons((uint16_t)number);
}

long xio_address_text(const xio_address *address, char *text, size_t size) {
  char host[INET6_ADDRSTRLEN];
  int length = 0;
  switch (xio_address_family(address)) {
    case AF_INET:
      inet_ntop(AF_INET, &((struct sockaddr_in *)address->bytes)->sin_addr, host, sizeof host);
      length = snprintf(text, size, "%s:%u", host, xio_address_port(address));
      break;
    case AF_INET6:
      inet_ntop(AF_INET6, &((struct sockaddr_in6 *)address->bytes)->sin6_addr, host, sizeof host);
      length = snprintf(text, size, "[%s]:%u", host, xio_address_port(address));
      break;
    case AF_UNIX: {
      const struct sockaddr_un *name = (const struct sockaddr_un *)address->bytes;
      size_t head = offsetof(struct sockaddr_un, sun_path);
      // Names that the kernel made up belong to no directory and tell nobody anything.
      if (address->length <= head || name->sun_path[0] == 0) return 0;
      length = snprintf(text, size, "%.*s", (int)(address->length - head), name->sun_path);
      break;
    }
  }
  return length < (int)size ? length : (long)size - 1;
}

long xio_socket(const xio_address *address, int type) {
  return result(socket(general(address)->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

long xio_set_socket_mode(int fd, uint32_t mode) { return result(fchmod(fd, mode)); }

long xio_share_address(int fd, const xio_address *address) {
  int yes = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0) return -errno;
  if (general(address)->sa_family != AF_INET6) return 0;
  return result(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes));
}

long xio_bind(int fd, const xio_address *address) { return result(bind(fd, general(address), address->length)); }

long xio_bind_anonymous(int fd) {
  struct sockaddr_un none = {.sun_family = AF_UNIX};
  return result(bind(fd, (struct sockaddr *)&none, sizeof none.sun_family));
}

long xio_listen(int fd, int backlog) { return result(listen(fd, backlog)); }

long xio_connect(int fd, const xio_address *address) {
  return result(connect(fd, general(address), address->length));
}

long xio_socket_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return -errno;
  return -error;
}

long xio_keep_alive(int fd) {
  int yes = 1, idle = 60, pause = 10, count = 6;
  // Only connections of TCP have these; whoever is on this machine cannot leave without a word.
  if (setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle) < 0) return -errno;
  if (setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &pause, sizeof pause) < 0) return -errno;
  if (setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count) < 0) return -errno;
  return result(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes));
}

long xio_accept(int fd, bool blocking, xio_address *peer) {
  socklen_t size = sizeof peer->bytes;
  int accepted = accept4(fd, general(peer), &size, SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK));
  peer->length = accepted < 0 ? 0 : size;
  return result(accepted);
}

long xio_own_address(int fd, xio_address *address) {
  socklen_t size = sizeof address->bytes;
  if (getsockname(fd, general(address), &size) < 0) return -errno;
  address->length = size;
  return 0;
}

long xio_send_nothing(int fd) { return result(send(fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL)); }

long xio_peer_credentials(int fd, xio_credentials *peer) {
  struct ucred found;
  socklen_t size = sizeof found;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &found, &size) < 0) return -errno;
  *peer = (xio_credentials){found.pid, found.uid, found.gid};
  return 0;
}

long xio_count_drops(int fd) {
  int yes = 1;
  return result(setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &yes, sizeof yes));
}

long xio_dropped_records(int fd) {
  uint32_t info[SK_MEMINFO_VARS] = {0};
  socklen_t size = sizeof info;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size) < 0) return -errno;
  return size > SK_MEMINFO_DROPS * sizeof *info ? (long)info[SK_MEMINFO_DROPS] : -ENODATA;
}

long xio_pass_credentials(int fd) {
  int yes = 1;
  return result(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes));
}

static void take(const struct cmsghdr *header, xio_message *message) {
  if (header->cmsg_level != SOL_SOCKET) return;
  if (header->cmsg_type == SO_RXQ_OVFL) {
    memcpy(&message->drops, CMSG_DATA(header), sizeof message->drops);
    message->has_drops = true;
  } else if (header->cmsg_type == SCM_CREDENTIALS) {
    struct ucred sender;
    memcpy(&sender, CMSG_DATA(header), sizeof sender);
    message->credentials = (xio_credentials){sender.pid, sender.uid, sender.gid};
  } else if (header->cmsg_type == SCM_RIGHTS) {
    // Nobody asked for descriptors; those that came would stay open for ever.
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < count; index++) {
      int fd;
      memcpy(&fd, CMSG_DATA(header) + index * sizeof fd, sizeof fd);
      close(fd);
    }
  }
}

long xio_receive(int fd, void *buffer, size_t size, xio_message *message) {
  _Alignas(struct cmsghdr) char control[2048];
  struct iovec vector = {buffer, size};
  struct msghdr head = {message->sender.bytes, sizeof message->sender.bytes, &vector, 1, control, sizeof control, 0};
  ssize_t count = recvmsg(fd, &head, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
  if (count < 0) return -errno;
  message->sender.length = head.msg_namelen;
  message->credentials = (xio_credentials){0};
  message->has_drops = false;
  message->size = (size_t)count;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&head); header; header = CMSG_NXTHDR(&head, header))
    take(header, message);
  return count < (ssize_t)size ? count : (long)size;
}
