#include "xio_arguments.h"

#include <stddef.h>

static int count;
static char **words;

// The C library passes to constructors what it passes to main. The Swift runtime looks for it in
// /proc/self/maps, and has no arguments where that cannot be read.
__attribute__((constructor)) static void keep(int argc, char **argv) {
  count = argc;
  words = argv;
}

int xio_argument_count(void) { return count; }
char *xio_argument(int index) { return index >= 0 && index < count ? words[index] : NULL; }
