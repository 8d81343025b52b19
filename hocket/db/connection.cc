// SPDX-License-Identifier: MIT
// What a connection asks of its thread.
#include <hocket/db/connection.h>

#include <hocket/db/cursor_internal.h>
#include <hocket/db/errors.h>

namespace hocket::sqlite {

namespace {

// Coroutines of the worker, not of the handle, which may be moved, or gone, while they wait.

Coro<Cursor> execute(Shared<Worker> worker, Attempt attempt, Parameters parameters) {
    worker->check_usable(attempt);
    auto state = Shared<CursorState>::make(std::move(worker), std::move(attempt));
    auto begin = [&](Database& database) { state->begin(database, std::move(parameters)); };
    co_await on_thread(*state->worker, state->attempt, begin);
    state->deliver();
    co_return Cursor(std::move(state));
}

// Up to `limit` rows; a statement that changes something is run to its end.
Coro<Shared<const RowSet>> read(Shared<Worker> worker, Attempt attempt, Parameters parameters, Limit limit) {
    worker->check_usable(attempt);
    RowSet rows;
    auto read = [&](Database& database) {
        Statement statement(database, attempt, std::move(parameters));
        const bool more = statement.read(rows, limit);
        if (more && !statement.read_only()) statement.run();
    };
    co_await on_thread(*worker, attempt, read);
    co_return Shared<const RowSet>::make(std::move(rows));
}

Coro<std::vector<Row>> read_all(Shared<Worker> worker, Attempt attempt, Parameters parameters) {
    const auto set = co_await read(std::move(worker), std::move(attempt), std::move(parameters), Limit());
    std::vector<Row> rows;
    rows.reserve(set->rows);
    for (std::size_t i = 0; i < set->rows; ++i) rows.emplace_back(set, i);
    co_return rows;
}

Coro<std::optional<Row>> read_one(Shared<Worker> worker, Attempt attempt, Parameters parameters) {
    const auto set = co_await read(std::move(worker), std::move(attempt), std::move(parameters), Limit{.rows = 1});
    if (set->rows == 0) co_return std::nullopt;
    co_return Row(set, 0);
}

Coro<std::int64_t> execute_many(Shared<Worker> worker, Attempt attempt, std::vector<Parameters> rows) {
    worker->check_usable(attempt);
    std::int64_t changed = 0;
    auto execute = [&](Database& database) {
        const std::int64_t before = database.counters().total_changes;
        database.execute_many(attempt, rows);
        changed = database.counters().total_changes - before;
    };
    co_await on_thread(*worker, attempt, execute);
    co_return changed;
}

Coro<> execute_script(Shared<Worker> worker, Attempt attempt) {
    worker->check_usable(attempt);
    auto execute = [&](Database& database) { database.execute_script(attempt); };
    co_await on_thread(*worker, attempt, execute);
}

Coro<> commit_transaction(Shared<Worker> worker) {
    const Attempt attempt{"execute", "COMMIT"};
    worker->check_usable(attempt);
    auto commit = [&](Database& database) {
        if (database.counters().in_transaction) database.commit(attempt.sql);
    };
    co_await on_thread(*worker, attempt, commit);
}

Coro<> roll_back_transaction(Shared<Worker> worker) {
    const Attempt attempt{"execute", "ROLLBACK"};
    worker->check_usable(attempt);
    auto roll_back = [](Database& database) { database.roll_back(""); };
    co_await on_thread(*worker, attempt, roll_back, Call::Kind::shielded);
}

}  // namespace

Connection::Connection(Shared<Worker> worker) noexcept : worker_(std::move(worker)) {}
Connection::Connection(Connection&& other) noexcept = default;
Connection& Connection::operator=(Connection&& other) noexcept {
    std::swap(worker_, other.worker_);
    return *this;
}
Connection::~Connection() {
    if (worker_) worker_->begin_closing();
}

Coro<Cursor> Connection::execute_values(std::string sql, Parameters parameters) {
    return sqlite::execute(worker_, {"execute", std::move(sql)}, std::move(parameters));
}
Coro<std::vector<Row>> Connection::fetch_all_values(std::string sql, Parameters parameters) {
    return read_all(worker_, {"execute", std::move(sql)}, std::move(parameters));
}
Coro<std::optional<Row>> Connection::fetch_one_values(std::string sql, Parameters parameters) {
    return read_one(worker_, {"execute", std::move(sql)}, std::move(parameters));
}
Coro<std::int64_t> Connection::execute_many_values(std::string sql, std::vector<Parameters> rows) {
    return execute_many(worker_, {"executemany", std::move(sql)}, std::move(rows));
}
Coro<> Connection::executescript(std::string script) {
    return execute_script(worker_, {"executescript", std::move(script)});
}

Transaction Connection::transaction(TransactionOptions options) const { return Transaction(worker_, options); }
Coro<> Connection::commit() { return commit_transaction(worker_); }
Coro<> Connection::rollback() { return roll_back_transaction(worker_); }

std::int64_t Connection::last_insert_rowid() const noexcept { return worker_->counters().last_insert_rowid; }
std::int64_t Connection::changes() const noexcept { return worker_->counters().changes; }
std::int64_t Connection::total_changes() const noexcept { return worker_->counters().total_changes; }
bool Connection::in_transaction() const noexcept { return worker_->counters().in_transaction; }

Coro<> Connection::close() { return Worker::close(worker_); }
bool Connection::closed() const noexcept { return worker_->closed(); }
const std::string& Connection::path() const noexcept { return worker_->name(); }

Coro<Connection&> Connection::aenter() { co_return *this; }
Coro<> Connection::aexit(const std::exception_ptr&) { return close(); }

}  // namespace hocket::sqlite
