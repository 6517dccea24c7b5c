// What Swift's Glibc module cannot express, behind opaque types.
//
// liburing.h and libaio.h stay inside the .c files: swift-system's CSystem module declares the same
// kernel structures in another shape, and the two cannot meet in one Swift target.
//
// Every function that can fail returns a value >= 0, or -errno.

#ifndef CXIO_H
#define CXIO_H

#include "xio_arguments.h"
#include "xio_runtime.h"
#include "xio_calls.h"
#include "xio_cache.h"
#include "xio_scan.h"
#include "xio_readiness.h"
#include "xio_signals.h"
#include "xio_posix_aio.h"
#include "xio_libaio.h"
#include "xio_uring.h"
#include "xio_follow.h"
#include "xio_threads.h"
#include "xio_tree.h"
#include "xio_sockets.h"
#include "xio_lines.h"
#include "xio_times.h"
#include "xio_compare.h"

#endif
