// SPDX-License-Identifier: MIT
// Reading on: batches from the thread, rows out of them.
#include <hocket/db/cursor_internal.h>

#include <hocket/db/errors.h>

#include <algorithm>

namespace hocket::sqlite {

namespace {

constexpr std::size_t largest_batch = 1024;             // rows
constexpr std::size_t largest_batch_bytes = 256 << 10;  // of texts and blobs, and one row more

Coro<std::optional<Row>> next_row(Shared<CursorState> state) {
    if (!state->has_row()) {
        const bool there = co_await CursorState::wait_for_row(state);
        if (!there) co_return std::nullopt;
    }
    co_return state->take_row();
}

Coro<std::vector<Row>> next_rows(Shared<CursorState> state, std::size_t n) {
    std::vector<Row> rows;
    while (rows.size() < n) {
        if (!state->has_row()) {
            const bool there = co_await CursorState::wait_for_row(state);
            if (!there) break;
        }
        while (state->has_row() && rows.size() < n) rows.push_back(state->take_row());
    }
    co_return rows;
}

}  // namespace

// ---- On the thread

void CursorState::begin(Database& database, Parameters parameters) {
    const std::int64_t before = database.counters().total_changes;
    statement = Unique<Statement>::make(database, attempt, std::move(parameters));
    const bool reads = statement->read_only();
    if (reads) {
        fetch();
    } else {
        statement->read(coming);
        statement.reset();
        const Counters after = database.counters();
        rowcount = after.total_changes == before ? 0 : after.changes;
    }
    lastrowid = database.counters().last_insert_rowid;
}

void CursorState::fetch() {
    if (!statement->read_some(coming, {.rows = batch, .bytes = largest_batch_bytes})) statement.reset();
    batch = std::min(2 * batch, largest_batch);
}

// ---- On the loop

void CursorState::deliver() {
    rows = Shared<const RowSet>::make(std::exchange(coming, RowSet()));
    next_row = closed ? rows->rows : 0;
}

void CursorState::end() noexcept { worker->destroy(std::move(statement)); }

void CursorState::close() noexcept {
    closed = true;
    if (rows) next_row = rows->rows;
    if (!fetching) end();
}

Coro<bool> CursorState::wait_for_row(Shared<CursorState> state) {
    if (state->closed) throw ProgrammingError(state->attempt.on(state->worker->name()) + ": the cursor is closed");
    if (state->fetching)
        throw RuntimeError(state->attempt.on(state->worker->name()) + ": another task reads this cursor");
    if (!state->statement) co_return false;
    state->worker->check_usable(state->attempt);
    struct Fetching {
        CursorState& state;
        explicit Fetching(CursorState& s) noexcept : state(s) { state.fetching = true; }
        Fetching(const Fetching&) = delete;
        Fetching& operator=(const Fetching&) = delete;
        ~Fetching() {
            state.fetching = false;
            if (state.closed) state.end();
        }
    } const fetching(*state);
    auto fetch = [&state](Database&) { state->fetch(); };
    co_await on_thread(*state->worker, state->attempt, fetch);
    state->deliver();
    co_return state->has_row();
}

Cursor::Cursor(Shared<CursorState> state) noexcept : state_(std::move(state)) {}
Cursor::Cursor(Cursor&& other) noexcept = default;
Cursor& Cursor::operator=(Cursor&& other) noexcept = default;
Cursor::~Cursor() {
    if (state_) state_->close();
}

Coro<std::optional<Row>> Cursor::next() { return next_row(state_); }
Coro<std::vector<Row>> Cursor::fetchmany(std::size_t n) { return next_rows(state_, n); }
Coro<std::vector<Row>> Cursor::fetchall() { return next_rows(state_, SIZE_MAX); }

const std::vector<std::string>& Cursor::columns() const noexcept { return state_->rows->columns->names; }
std::int64_t Cursor::rowcount() const noexcept { return state_->rowcount; }
std::int64_t Cursor::lastrowid() const noexcept { return state_->lastrowid; }
void Cursor::close() noexcept { state_->close(); }

}  // namespace hocket::sqlite
