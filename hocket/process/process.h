// SPDX-License-Identifier: MIT
// A child process that was started: its streams, its end, signals to it.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/net/stream_reader.h>
#include <hocket/net/stream_writer.h>

#include <optional>
#include <string>
#include <utility>

namespace hocket {

class Child;

/// A child process (`asyncio.subprocess.Process`), made by `create_subprocess_exec` and `create_subprocess_shell`. Copies stand for the same
/// process. Belongs to one loop; not thread-safe.
///
/// A process whose last handle is gone goes on, and is waited for by the loop when it ends, so that it never stays behind as a zombie; but the
/// streams that nobody has any more are closed. When the loop closes, it kills the children that live, and waits until they are gone.
///
/// In debug mode, what is called on a wrong thread throws RuntimeError. A child that something else in this process has waited for, or
/// that nobody can wait for since SIGCHLD is ignored, has the returncode 255, and that is reported.
class HOCKET_EXPORT Process {
public:
    int pid() const noexcept;
    /// How it ended: its exit status, or minus the number of the signal that ended it; nothing as long as that is not known.
    std::optional<int> returncode() const noexcept;

    // Its standard streams, of those that are pipes; of others, RuntimeError.

    StreamWriter stdin() const;
    StreamReader stdout() const;
    StreamReader stderr() const;

    /// Waits until it has ended; its `returncode`. Any number of tasks may wait, and it may have ended already, which does not suspend. A
    /// cancel ends the waiting only.
    ///
    /// A process that writes more than a pipe holds does not end before somebody reads that: see `communicate`.
    Coro<int> wait() const;

    /// Writes `input` to its standard input and closes that, reads its standard output and standard error to their ends, and waits until it
    /// has ended; gives both outputs, `auto [out, err] = co_await process.communicate("text")`. What is no pipe gives an empty string
    /// (Python: None).
    ///
    /// That the process does not read its input is no error. Throws ValueError where there is input, and no pipe for it. A cancel leaves what has
    /// come in the streams, and the rest of the input is still written: the next `communicate`, without input, gives all.
    Coro<std::pair<std::string, std::string>> communicate(std::string input = {}) const;

    /// Throws OSError (ESRCH, Python's ProcessLookupError) when its end is known, and for what the system refuses: `send signal 15 to process
    /// 4711 (cat): Operation not permitted`. One that has just ended is passed over. Never reaches another process that got the same number.
    void send_signal(int signal_number) const;
    /// SIGTERM.
    void terminate() const;
    /// SIGKILL.
    void kill() const;
    /// Closes its streams and kills it, if it still lives (`SubprocessTransport.close`). Does not wait: `wait` does.
    void close() const;

private:
    friend struct ProcessStart;
    explicit Process(Shared<Child> child) noexcept : child_(std::move(child)) {}

    Shared<Child> child_;
    TransportHandle streams_[3];
};

}  // namespace hocket
