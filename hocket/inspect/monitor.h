// SPDX-License-Identifier: MIT
// The door through which others look at this process: a UNIX socket that a thread of its own answers on.
#pragma once

#include <hocket/base/config.h>

#include <string>

namespace hocket::inspect {

/// From here on `hocket ps`, `pstree`, `where`, `top` and `trace` see this process, also when its loops are blocked. Only the same user and root may
/// look. HOCKET_INSPECT=1 in the environment does it as soon as a `Runner` makes its loop. Harmless when it is done already. Throws OSError
/// where the socket cannot be made. Any thread.
///
/// Whoever asks has the loops stand still between two steps while the process is forked, less than 10 ms for 100,000 tasks; the child
/// writes down what it sees. So a program that handles SIGCHLD gets one then.
HOCKET_EXPORT void start_monitor();
/// Harmless when none runs.
HOCKET_EXPORT void stop_monitor() noexcept;
/// What HOCKET_INSPECT asks for; what goes wrong is reported.
HOCKET_EXPORT void start_monitor_if_asked() noexcept;

/// The socket of process `pid` of the user `uid`: `/run/user/1000/hocket/4711`, or in /tmp where that folder is missing.
HOCKET_EXPORT std::string monitor_path(int pid, unsigned uid);

}  // namespace hocket::inspect
