// SPDX-License-Identifier: MIT
// Transactions of a connection: one task's at a time, and those within it.
#include <hocket/db/transaction.h>

#include <hocket/db/errors.h>
#include <hocket/db/worker_internal.h>

#include <string>

namespace hocket::sqlite {

namespace {

const char* begin_of(TransactionMode mode) noexcept {
    switch (mode) {
        case TransactionMode::immediate: return "BEGIN IMMEDIATE";
        case TransactionMode::exclusive: return "BEGIN EXCLUSIVE";
        default: return "BEGIN";
    }
}

std::string name_of(unsigned savepoint) { return savepoint > 0 ? "hocket_" + std::to_string(savepoint) : ""; }

// Begun by a task, whose turn it then is on the connection: other tasks' transactions wait until this ends.
class Turn {
public:
    Turn(Worker& worker, unsigned savepoint) noexcept : worker_(worker), savepoint_(savepoint) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
        if (kept_) return;
        if (savepoint_ > 0) {
            --worker_.savepoints;
        } else {
            worker_.in_transaction = nullptr;
            worker_.transaction_turn.release();
        }
    }
    void keep() noexcept { kept_ = true; }

private:
    Worker& worker_;
    unsigned savepoint_;
    bool kept_ = false;
};

Coro<> run_on(Worker& worker, std::string sql) {
    const Attempt attempt{"execute", std::move(sql)};
    worker.check_usable(attempt);
    auto run = [&attempt](Database& database) { database.run(attempt.sql); };
    co_await on_thread(worker, attempt, run);
}

Coro<> commit_on(Worker& worker, std::string sql) {
    const Attempt attempt{"execute", std::move(sql)};
    worker.check_usable(attempt);
    auto commit = [&attempt](Database& database) { database.commit(attempt.sql); };
    co_await on_thread(worker, attempt, commit);
}

Coro<> roll_back_on(Worker& worker, std::string savepoint) {
    if (worker.closed()) co_return;  // which undoes it
    const Attempt attempt{"execute", "ROLLBACK"};
    auto roll_back = [&savepoint](Database& database) { database.roll_back(savepoint); };
    co_await on_thread(worker, attempt, roll_back, Call::Kind::shielded);
}

// Null, or what the commit threw.
Coro<std::exception_ptr> try_to_commit(Worker& worker, unsigned savepoint) {
    try {
        co_await commit_on(worker, savepoint > 0 ? "RELEASE " + name_of(savepoint) : "COMMIT");
    } catch (...) {  // thrown on when the transaction has been undone
        co_return std::current_exception();
    }
    co_return nullptr;
}

Coro<> undo(Worker& worker, unsigned savepoint) {
    try {
        co_await roll_back_on(worker, name_of(savepoint));
    } catch (const Error&) {  // what led here is what the block throws
        get_running_loop().call_exception_handler({"a transaction could not be rolled back", std::current_exception()});
    }
}

}  // namespace

Transaction::Transaction(Shared<Worker> worker, TransactionOptions options) noexcept
    : worker_(std::move(worker)), options_(options) {}
Transaction::Transaction(Transaction&& other) noexcept = default;
Transaction::~Transaction() = default;

Coro<> Transaction::aenter() {
    Worker& worker = *worker_;
    const TaskBase* const task = this_loop->current;
    std::string sql = begin_of(options_.mode);
    if (worker.in_transaction == task) {
        savepoint_ = ++worker.savepoints;
        sql = "SAVEPOINT " + name_of(savepoint_);
    } else {
        co_await worker.transaction_turn.acquire();
        worker.in_transaction = task;
    }
    Turn turn(worker, savepoint_);
    co_await run_on(worker, std::move(sql));
    turn.keep();
}

Coro<> Transaction::aexit(std::exception_ptr error) {
    const Turn turn(*worker_, savepoint_);
    const bool failed = static_cast<bool>(error);
    if (!failed) error = co_await try_to_commit(*worker_, savepoint_);
    if (error) co_await undo(*worker_, savepoint_);
    if (error && !failed) std::rethrow_exception(error);
}

}  // namespace hocket::sqlite
