// SPDX-License-Identifier: MIT
// The size of a queue is a whole number, not one that would be cut off.
#include <hocket/sync/queue.h>

// error: .*a queue has room for a whole number of items
#ifdef HOCKET_FIXED
hocket::Queue<int> queue(2);
#else
hocket::Queue<int> queue(1.3);
#endif
