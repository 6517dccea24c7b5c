// The arguments of the process, its name first.

#ifndef XIO_ARGUMENTS_H
#define XIO_ARGUMENTS_H

int xio_argument_count(void);
// NULL where there is none.
char *xio_argument(int index);

#endif
