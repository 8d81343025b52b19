// SPDX-License-Identifier: MIT
// The rows of a statement, read while the statement runs.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/db/row.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hocket::sqlite {

struct CursorState;

/// What `execute` gives (`aiosqlite.Cursor`): the statement has run up to its first rows, and runs on as they are asked for.
///
///     auto cursor = co_await db.execute("SELECT id, name FROM users");
///     while (auto row = co_await cursor.next()) use(row->get<int>("id"));
///
/// Rows come from the connection's thread in batches, so that most of the time `next` does not suspend. A statement that changes something has
/// always run to its end. One that reads holds a read lock on the database until its last row was read, or the cursor is closed or destroyed.
///
/// Movable. One task reads at a time: a second one that would have to wait gets RuntimeError. Belongs to the connection's loop.
class HOCKET_EXPORT Cursor {
public:
    explicit Cursor(Shared<CursorState> state) noexcept;
    Cursor(Cursor&& other) noexcept;
    Cursor& operator=(Cursor&& other) noexcept;
    /// Does not wait for the thread.
    ~Cursor();

    /// The next row, or nothing after the last (`async for row in cursor`, `cursor.fetchone()`). Throws what the statement meets;
    /// ProgrammingError when the cursor is closed, or the connection and rows are left. A cancel loses no row, but ends a statement that is
    /// on the way to its next one: then this throws OperationalError from there on.
    Coro<std::optional<Row>> next();
    /// The next `n`, fewer at the end. An exception takes those with it that have been read; so it does in `fetchall`.
    Coro<std::vector<Row>> fetchmany(std::size_t n);
    /// All that are left.
    Coro<std::vector<Row>> fetchall();

    /// The names of the columns (`description`); none for a statement that gives no rows.
    const std::vector<std::string>& columns() const noexcept;
    /// How many rows the statement changed; -1 for one that only reads.
    std::int64_t rowcount() const noexcept;
    /// The rowid of the last row that was inserted by the time the statement had run; 0 if none was.
    std::int64_t lastrowid() const noexcept;

    /// Ends the statement. Does not suspend; rows that are left are gone.
    void close() noexcept;

private:
    Shared<CursorState> state_;
};

}  // namespace hocket::sqlite
