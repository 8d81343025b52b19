// SPDX-License-Identifier: MIT
// What a cursor holds: the statement, which is the thread's, and rows that came from there.
#pragma once

#include <hocket/db/cursor.h>
#include <hocket/db/worker_internal.h>

namespace hocket::sqlite {

struct CursorState {
    Shared<Worker> worker;
    const Attempt attempt;
    Unique<Statement> statement;  // null once it has ended
    RowSet coming;                // the thread fills it
    Shared<const RowSet> rows;
    std::size_t next_row = 0;
    std::int64_t rowcount = -1;
    std::int64_t lastrowid = 0;
    std::size_t batch = 64;  // rows; grows with each, so that little is read where little is wanted
    bool fetching = false;
    bool closed = false;

    CursorState(Shared<Worker> w, Attempt a) : worker(std::move(w)), attempt(std::move(a)) {}
    CursorState(const CursorState&) = delete;
    CursorState& operator=(const CursorState&) = delete;
    ~CursorState() { end(); }

    /// The statement begins; on the thread.
    void begin(Database& database, Parameters parameters);
    /// Some more rows; on the thread.
    void fetch();
    /// What the thread has read is there to be taken.
    void deliver();
    bool has_row() const noexcept { return rows && next_row < rows->rows; }
    Row take_row() noexcept { return Row(rows, next_row++); }
    void end() noexcept;
    void close() noexcept;

    /// Makes a row come, unless there is one; false at the end.
    static Coro<bool> wait_for_row(Shared<CursorState> state);
};

}  // namespace hocket::sqlite
