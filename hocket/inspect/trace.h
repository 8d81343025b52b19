// SPDX-License-Identifier: MIT
// What tasks did, and when: the last events of each loop, for Perfetto and Chrome.
#pragma once

#include <hocket/base/config.h>

#include <cstddef>
#include <string>

namespace hocket {
class EventLoop;
}

namespace hocket::inspect {

struct TraceOptions {
    std::size_t events =
        65536;  ///< how many a loop keeps, each 24 bytes; a power of two, else the next one; at least 64
};

/// From the next iteration on the loop keeps its last events: steps of tasks and callbacks, who wakes whom, what begins and ends, when it
/// waits. It counts (`start_counting`) meanwhile; an event takes no lock and no memory. A creation or a wake is known when the step that did it ends,
/// or when another begins inside. Harmless where it is traced already: then the options are not looked at. The loop's thread.
HOCKET_EXPORT void start_tracing(EventLoop& loop, const TraceOptions& options = {});
/// It keeps no more, unless HOCKET_TRACE or `hocket trace` want it. Events of loops that were stopped, or have closed, are still written; of more
/// than 8 such loops, those of the last. Harmless where it is not traced. The loop's thread.
HOCKET_EXPORT void stop_tracing(EventLoop& loop) noexcept;

/// Writes the events of all loops of the process, in the Trace Event format (https://ui.perfetto.dev and chrome://tracing open it). The file appears
/// when it is whole, in place of one that is there. Throws OSError. Any thread, also while loops run, or are blocked: what they overwrite
/// meanwhile is left out. Functions, files and lines are looked up, which takes 10 ms and more.
HOCKET_EXPORT void write_trace(const std::string& path);
/// The same as text.
HOCKET_EXPORT std::string format_trace();

/// What HOCKET_TRACE=PATH in the environment asks for, as a `Runner` does it for each loop that it makes: the loop is traced, and the
/// process writes to PATH when it crashes (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT; what the signal did before follows) or ends, and to PATH.1,
/// PATH.2 and so on whenever it gets SIGUSR2, unless the program handles that, and at `write_trace_if_asked`. %p in PATH is the process's number. What goes
/// wrong is reported.
HOCKET_EXPORT void start_tracing_if_asked(EventLoop& loop) noexcept;
/// Where HOCKET_TRACE has asked for it: writes to the next of PATH.1, PATH.2, as detectors do when they find a blocked loop. `reason` stands in the
/// file. What goes wrong is reported. Any thread.
HOCKET_EXPORT void write_trace_if_asked(const char* reason) noexcept;

}  // namespace hocket::inspect
