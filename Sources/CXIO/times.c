#include "xio_times.h"

#include <time.h>

size_t xio_parse_time(const char *text, const char *format, void *parts) {
  const char *end = strptime(text, format, parts);
  return end ? (size_t)(end - text) : 0;
}
