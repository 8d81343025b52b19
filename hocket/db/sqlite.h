// SPDX-License-Identifier: MIT
// SQLite for coroutines (`aiosqlite`): opening a database. This header brings all that a program needs.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/db/connection.h>
#include <hocket/db/errors.h>
#include <hocket/db/options.h>

#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace hocket::sqlite {

/// A connection that is to be opened: awaited, it gives the Connection; in `with`, it is closed at the end of the block.
class [[nodiscard("nothing is opened until this is awaited, or given to with")]] HOCKET_EXPORT Connecting {
public:
    Connecting(std::string path, const ConnectOptions& options) noexcept : path_(std::move(path)), options_(options) {}

    HOCKET_CORO_WRAPPER Coro<Connection> operator co_await() && { return open(std::move(path_), options_); }
    Coro<Connection&> aenter();
    Coro<> aexit(const std::exception_ptr& error);

private:
    static Coro<Connection> open(std::string path, ConnectOptions options);

    std::string path_;
    ConnectOptions options_;
    std::optional<Connection> connection_;
};

/// Opens the database in the file `path` (`aiosqlite.connect`); `:memory:` is one that is no file, an empty path one in a file of its own that is
/// removed at its end.
///
///     co_await with(sqlite::connect("app.db"), [](sqlite::Connection& db) -> Coro<> {...});
///     auto db = co_await sqlite::connect("app.db", {.mode = sqlite::Mode::read_only});
///
/// Throws OperationalError (`connect to app.db: unable to open database file: No such file or directory`), OSError when no thread can be had, ValueError
/// for a path with a null character or a negative time-out. What is no database is found by the first statement. A cancel waits for the system; what
/// was opened all the same is delivered.
inline Connecting connect(std::string path, ConnectOptions options = {}) {
    return Connecting(std::move(path), options);
}

}  // namespace hocket::sqlite
