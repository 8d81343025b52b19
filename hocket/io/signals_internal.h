// SPDX-License-Identifier: MIT
// What the Runner asks of signals beyond what users may.
#pragma once

#include <hocket/io/signals.h>

namespace hocket {

/// As `add_signal_handler` for SIGINT; but a third SIGINT while the loop has not seen the first has its default effect, which ends the
/// process: a coroutine that computes for ever keeps the loop from seeing any.
void add_interrupt_handler(EventLoop& loop, Function<void()> callback);

/// Removes that one, if the program has not put its own in its place.
void remove_interrupt_handler(EventLoop& loop) noexcept;

/// Whether `loop` has a handler for it.
bool handles_signal(EventLoop& loop, int signal_number) noexcept;

}  // namespace hocket
