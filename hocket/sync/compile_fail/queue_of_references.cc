// SPDX-License-Identifier: MIT
// A queue holds values.
#include <hocket/sync/queue.h>

// error: .*hocket: a queue holds values
#ifdef HOCKET_FIXED
hocket::Queue<int*> queue;
#else
hocket::Queue<int&> queue;
#endif
