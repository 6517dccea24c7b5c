// Signals: those that end the program, and those by which the kernel announces I/O.

#ifndef XIO_SIGNALS_H
#define XIO_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

// Termination. The handler records the first signal; a second one ends the process at once.
void xio_catch_termination(void);
int32_t xio_termination_signal(void);  // 0 until one came
// Puts the wish off: xio_postponed_signal still knows it, and another signal is a new wish.
void xio_postpone_termination(void);
int32_t xio_postponed_signal(void);
void xio_raise_default(int32_t signal);
// Calls that are made again, after EINTR or after a wait that EAGAIN asked for. Says whether to make one once
// more: not when it has been so thousands of times in a row, within seconds, and no handler has run meanwhile.
typedef struct {
  uint32_t count, signals;
  int64_t began_ms;
} xio_repetition;
bool xio_may_repeat(xio_repetition *repetition);  // all zero before the first error
void xio_note_signal(void);  // for handlers of signals that may come often
// Ignores SIGPIPE; says whether it was ignored before.
bool xio_ignore_sigpipe(void);

// Signal-driven I/O. A signal that is blocked in the caller stays queued until it is taken.
int32_t xio_sigio_number(void);  // the real-time signal that carries the descriptor
int32_t xio_aio_signal_number(void);
int32_t xio_worker_signal_number(void);  // interrupts a call of a worker thread
long xio_block_signal(int32_t signal);
// Makes the kernel queue the real-time signal to the calling thread when fd becomes ready, and says
// whether it will: F_SETFL accepts O_ASYNC everywhere but it sticks only where signals are sent.
long xio_arm_sigio(int fd, bool *sticks);
long xio_disarm_sigio(int fd);

typedef struct {
  int32_t signal;   // the number that came
  int32_t fd;       // for the real-time signal of SIGIO
  bool is_room;     // whether it says that there is room to write
} xio_signal;
// Takes one of the two signals, waiting at most timeout_ns (-1: for ever); 0 when none came.
long xio_take_signal(int32_t first, int32_t second, int64_t timeout_ns, xio_signal *taken);

#endif
