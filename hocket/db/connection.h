// SPDX-License-Identifier: MIT
// A connection to a database: statements, and what they give.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/db/cursor.h>
#include <hocket/db/row.h>
#include <hocket/db/transaction.h>
#include <hocket/db/value.h>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hocket::sqlite {

/// An open database (`aiosqlite.Connection`); `connect` opens it.
///
/// Each connection has a thread, on which every call of SQLite's for it runs, in the order in which it was asked for; the loop never waits for the
/// disk. Tasks may share a connection, but then share its transaction, too: a connection for each is the rule where they write.
///
/// All that is awaited here throws Error and what derives from it, ProgrammingError when the connection is closed. A cancel takes back what has not
/// begun, and interrupts the statement that runs: when the thread has let go, CancelledError is thrown, and the statement had no effect. What took
/// effect all the same is delivered, and the cancellation comes at the task's next wait.
///
/// Without a transaction around it, each statement is one of its own, and there is nothing to commit (in Python: `isolation_level=None`).
/// Parameters, `?` in the SQL, are integers, floating-point numbers, bool, texts, `nullptr`, bytes (`Blob` or any other consecutive ones), and
/// std::optional of these; they are copied or moved before anything suspends. Movable. Belongs to the loop that opened it.
class HOCKET_EXPORT Connection {
public:
    explicit Connection(Shared<Worker> worker) noexcept;
    Connection(Connection&& other) noexcept;
    Connection& operator=(Connection&& other) noexcept;
    /// Closes without waiting: the thread does what it was given, and ends; the loop ends after it.
    ~Connection();

    /// Runs one statement up to its first rows; one that changes something, to its end (`db.execute(sql, (a, b))`):
    /// `co_await db.execute("INSERT INTO users VALUES (?, ?)", 1, "Anna")`.
    template <class... P>
    HOCKET_CORO_WRAPPER Coro<Cursor> execute(std::string sql, P&&... parameters) {
        return execute_values(std::move(sql), parameters_of(std::forward<P>(parameters)...));
    }
    /// All rows of a statement, in one go (`db.execute_fetchall`).
    template <class... P>
    HOCKET_CORO_WRAPPER Coro<std::vector<Row>> fetch_all(std::string sql, P&&... parameters) {
        return fetch_all_values(std::move(sql), parameters_of(std::forward<P>(parameters)...));
    }
    /// The first row, if there is one. A statement that only reads is not run further.
    template <class... P>
    HOCKET_CORO_WRAPPER Coro<std::optional<Row>> fetch_one(std::string sql, P&&... parameters) {
        return fetch_one_values(std::move(sql), parameters_of(std::forward<P>(parameters)...));
    }
    /// Runs a statement once for each element of a range: a tuple, a pair, an array, a single value, `Parameters`. Gives the number of rows that it
    /// changed. All of them or none: what fails or is cancelled leaves no trace.
    template <class Rows>
    HOCKET_CORO_WRAPPER Coro<std::int64_t> executemany(std::string sql, const Rows& rows) {
        std::vector<Parameters> values;
        for (const auto& row : rows) values.push_back(row_of_parameters(row));
        return execute_many_values(std::move(sql), std::move(values));
    }
    /// Runs statements, one after the other, which take and give nothing. What went before one that fails, or is cancelled, has had its effect,
    /// unless the script itself begins a transaction.
    Coro<> executescript(std::string script);

    /// The same with the parameters in a list, for SQL that the program puts together.
    Coro<Cursor> execute_values(std::string sql, Parameters parameters);
    Coro<std::vector<Row>> fetch_all_values(std::string sql, Parameters parameters);
    Coro<std::optional<Row>> fetch_one_values(std::string sql, Parameters parameters);
    Coro<std::int64_t> execute_many_values(std::string sql, std::vector<Parameters> rows);

    /// A transaction around a block: committed at its end, rolled back when it throws or is cancelled, which cannot be interrupted:
    ///
    ///     co_await with(db.transaction(), [&]() -> Coro<> {
    ///         co_await db.execute("UPDATE accounts SET amount = amount - ? WHERE id = ?", 10, 1);
    ///         co_await db.execute("UPDATE accounts SET amount = amount + ? WHERE id = ?", 10, 2);
    ///     });
    ///
    /// Transactions of several tasks on one connection take turns. One within another of the same task is undone alone (a savepoint). Statements
    /// of other tasks on this connection belong to it while it is open. Throws what BEGIN or COMMIT meet.
    Transaction transaction(TransactionOptions options = {}) const;
    /// Ends a transaction that was begun by `execute("BEGIN")`; without one, nothing happens.
    Coro<> commit();
    Coro<> rollback();

    // As the last statement that a task awaited left it.

    std::int64_t last_insert_rowid() const noexcept;
    /// How many rows the last statement changed that could change some.
    std::int64_t changes() const noexcept;
    /// How many rows were changed since the connection was opened.
    std::int64_t total_changes() const noexcept;
    bool in_transaction() const noexcept;

    /// Closes the database, after what was asked for before, and waits until the thread has ended. Once more, it does nothing. A cancel comes when it is
    /// done. A transaction that is open is rolled back.
    Coro<> close();
    bool closed() const noexcept;
    /// As it was given to `connect`.
    const std::string& path() const noexcept;

    Coro<Connection&> aenter();
    Coro<> aexit(const std::exception_ptr& error);

private:
    Shared<Worker> worker_;
};

}  // namespace hocket::sqlite
