// What the Swift runtime needs before the program starts.

#ifndef XIO_RUNTIME_H
#define XIO_RUNTIME_H

// Takes back what was put into the environment for the runtime: children are to have ours as it was.
void xio_runtime_has_started(void);

#endif
