// Times as text.

#ifndef XIO_TIMES_H
#define XIO_TIMES_H

#include <stddef.h>

// strptime(3) into a struct tm: the offset behind what was understood, 0 when that is nothing.
size_t xio_parse_time(const char *text, const char *format, void *parts);

#endif
