// SPDX-License-Identifier: MIT
// The exceptions of asyncio that every room may throw, and what can be asked of an exception that is kept.
#pragma once

#include <hocket/base/config.h>
#include <hocket/base/owners.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace hocket {

/// Thrown at the await of a task that was cancelled (`asyncio.CancelledError`).
///
/// Outside the ordinary hierarchy, so that `catch (const std::exception&)` lets it pass. Catch it to clean up, then throw it on.
class HOCKET_EXPORT CancelledError final {
public:
    CancelledError() noexcept = default;
    explicit CancelledError(Shared<const std::string> message) noexcept : message_(std::move(message)) {}
    explicit CancelledError(std::string_view message) : message_(Shared<const std::string>::make(message)) {}
    /// What was given to `Task::cancel`, or nothing.
    std::string_view message() const noexcept { return message_ ? std::string_view(*message_) : std::string_view(); }
    const Shared<const std::string>& shared_message() const noexcept { return message_; }

private:
    Shared<const std::string> message_;
};

/// What leaves the loop at once. That one was made is remembered: in a program that makes none, `ends_the_loop` need not look.
class HOCKET_EXPORT LoopEnd {
protected:
    LoopEnd() noexcept;
};

/// SIGINT arrived, and the main task did not turn its cancellation into something else. Like CancelledError outside the ordinary
/// hierarchy; leaves the loop at once.
struct HOCKET_EXPORT KeyboardInterrupt final : LoopEnd {};

/// Asks the program to end with `code`. Leaves the loop at once.
struct HOCKET_EXPORT SystemExit final : LoopEnd {
    explicit SystemExit(int exit_code = 0) noexcept : code(exit_code) {}
    int code;
};

/// Something is used in a way that it cannot be: no running loop, a coroutine awaited twice, a future of another loop.
class HOCKET_EXPORT RuntimeError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
    ~RuntimeError() override;
};

/// A result was asked for before there is one, or given twice.
class HOCKET_EXPORT InvalidStateError : public std::logic_error {
public:
    using std::logic_error::logic_error;
    ~InvalidStateError() override;
};

/// An argument that no caller may give.
class HOCKET_EXPORT ValueError : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
    ~ValueError() override;
};

/// A time limit passed.
class HOCKET_EXPORT TimeoutError : public std::runtime_error {
public:
    TimeoutError() : std::runtime_error("timed out") {}
    using std::runtime_error::runtime_error;
    ~TimeoutError() override;
};

/// The operating system refused something. `what()` says what was attempted, on what, and why:
/// `connect to 127.0.0.1:81: Connection refused`.
class HOCKET_EXPORT OSError : public std::system_error {
public:
    OSError(int error_number, const std::string& attempted)
        : std::system_error(error_number, std::generic_category(), attempted) {}
    /// What a library on top of the system refused, in numbers of its own.
    OSError(std::error_code code, const std::string& attempted) : std::system_error(code, attempted) {}
    ~OSError() override;
    int error_number() const noexcept { return code().value(); }
};

/// `std::runtime_error: no such page`: the exception's type and what it says; of an ExceptionGroup also a line for each member.
HOCKET_EXPORT std::string describe(const std::exception_ptr& e);

/// Whether `e` is a CancelledError. Does not throw, as a catch would.
HOCKET_EXPORT bool is_cancelled(const std::exception_ptr& e) noexcept;
/// The CancelledError in `e`, or null.
HOCKET_EXPORT const CancelledError* cancelled_error(const std::exception_ptr& e) noexcept;
/// Whether `e` must leave the loop at once: KeyboardInterrupt or SystemExit.
HOCKET_EXPORT bool ends_the_loop(const std::exception_ptr& e) noexcept;

}  // namespace hocket
