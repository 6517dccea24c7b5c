#include "xio_runtime.h"

#include <stdlib.h>
#include <unistd.h>

static const char *const root = "SWIFT_ROOT";
static int is_ours;

// The Swift runtime looks for its own files when it starts, and aborts where /proc is not mounted,
// as in a chroot or an initial RAM disk, unless it is told where they are. We need none of them.
// The priority is one before the runtime's.
__attribute__((constructor(101))) static void tell_the_root(void) {
  char first;
  if (readlink("/proc/self/exe", &first, 1) >= 0 || getenv(root)) return;
  is_ours = setenv(root, "/", 0) == 0;
}

void xio_runtime_has_started(void) {
  if (is_ours) unsetenv(root);
}
