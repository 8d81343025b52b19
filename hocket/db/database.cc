// SPDX-License-Identifier: MIT
// Opening and closing a database, transactions, waiting for locks, and SQLite's errors.
#include <hocket/db/database_internal.h>

#include <hocket/base/errors.h>
#include <hocket/db/errors.h>

#include <sqlite3.h>
#include <algorithm>
#include <chrono>
#include <new>

namespace hocket::sqlite {

namespace {

constexpr std::size_t longest_quote = 120;
constexpr int steps_between_looks = 1000;  // of SQLite's virtual machine: some 10 us

// `5 s`, `0.25 s`
std::string seconds(std::int64_t nanoseconds) {
    std::string text = std::to_string(nanoseconds / 1'000'000'000);
    if (const std::int64_t ms = nanoseconds / 1'000'000 % 1000) {
        text += "." + std::to_string(1000 + ms).substr(1);
        text.erase(text.find_last_not_of('0') + 1);
    }
    return text + " s";
}

}  // namespace

std::string quoted(std::string_view sql, const std::string& database) {
    std::string text = "\"";
    bool space = false;
    for (const char c : sql) {
        const bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\0';
        if (!is_space) {
            if (space && text.size() > 1) text += ' ';
            text += c;
            if (text.size() > longest_quote && (static_cast<unsigned char>(c) & 0xc0) != 0xc0) {
                text += "...";
                break;
            }
        }
        space = is_space;
    }
    return text + "\" on " + database;
}

std::string Attempt::with(std::string_view part, const std::string& database) const {
    std::string text = verb + (sql.empty() && part.empty() ? " on " + database : " " + quoted(part, database));
    if (row > 0) text += ", row " + std::to_string(row);
    return text;
}

void check_no_null(const Attempt& attempt, const std::string& database) {
    if (attempt.sql.find('\0') == std::string::npos) return;
    throw ProgrammingError(attempt.on(database) + ": there is a null character in the SQL");
}

// ---- Opening and closing

Database::Database(std::string path, const ConnectOptions& options, LockWait& lock_wait)
    : path_(std::move(path)),
      name_(options.mode == Mode::memory && path_.empty() ? ":memory:" : path_),
      options_(options),
      lock_wait_(lock_wait) {}

int Database::open_flags() const noexcept {
    // One thread at a time uses it.
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (options_.uri) flags |= SQLITE_OPEN_URI;
    switch (options_.mode) {
        case Mode::read_only: return flags | SQLITE_OPEN_READONLY;
        case Mode::read_write: return flags | SQLITE_OPEN_READWRITE;
        case Mode::memory: return flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY;
        default: return flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    }
}

void Database::open() {
    const int code = sqlite3_open_v2(path_.c_str(), &handle_, open_flags(), nullptr);
    if (code != SQLITE_OK) {
        const std::string attempted = "connect to " + name_;
        if (!handle_) throw std::bad_alloc();
        try {
            fail(code, attempted);
        } catch (...) {
            close();
            throw;
        }
    }
    sqlite3_busy_handler(handle_, on_busy, this);
    sqlite3_progress_handler(handle_, steps_between_looks, on_progress, this);
}

void Database::close() noexcept {
    for (Statement* s : in_use_) s->handle_ = nullptr;
    in_use_.clear();
    cache_.clear();
    while (sqlite3_stmt* s = handle_ ? sqlite3_next_stmt(handle_, nullptr) : nullptr) sqlite3_finalize(s);
    sqlite3_close(std::exchange(handle_, nullptr));
}

Counters Database::counters() const noexcept {
    if (!handle_) return {};
    return {.last_insert_rowid = sqlite3_last_insert_rowid(handle_),
            .changes = sqlite3_changes64(handle_),
            .total_changes = sqlite3_total_changes64(handle_),
            .in_transaction = !sqlite3_get_autocommit(handle_)};
}

// ---- Transactions

void Database::run(const std::string& sql) { Statement(*this, {"execute", sql}, Parameters()).run(); }

void Database::commit(const std::string& sql) {
    if (sqlite3_get_autocommit(handle_)) {
        throw OperationalError(
            Attempt{"execute", sql}.on(name_) +
            ": the transaction is not open any more: a statement that failed or was cancelled undid it");
    }
    run(sql);
}

void Database::roll_back(const std::string& savepoint) {
    const Shield shield(*this);
    if (sqlite3_get_autocommit(handle_)) return;  // an error or an interrupt has done it
    if (savepoint.empty()) return run("ROLLBACK");
    run("ROLLBACK TO " + savepoint);
    run("RELEASE " + savepoint);
}

void Database::execute_many(const Attempt& attempt, std::vector<Parameters>& rows) {
    if (rows.empty()) return;
    // All of them or none: without a transaction around, in one of its own.
    const std::string savepoint = sqlite3_get_autocommit(handle_) ? "" : "hocket_executemany";
    Statement statement(*this, {attempt.verb, attempt.sql, 1}, std::move(rows.front()));
    if (statement.read_only()) {
        throw ProgrammingError(attempt.on(name_) + ": executemany is for statements that change something");
    }
    run(savepoint.empty() ? "BEGIN" : "SAVEPOINT " + savepoint);
    try {
        statement.run();
        for (std::size_t i = 1; i < rows.size(); ++i) {
            statement.again(std::move(rows[i]), i + 1);
            statement.run();
        }
        commit(savepoint.empty() ? "COMMIT" : "RELEASE " + savepoint);
    } catch (...) {
        roll_back(savepoint);
        throw;
    }
}

void Database::execute_script(const Attempt& attempt) {
    check_no_null(attempt, name_);
    std::string_view rest = attempt.sql;
    while (!rest.empty()) Statement(*this, attempt.verb, rest).run();
}

// ---- Interrupts and locks

void Database::begin_job() noexcept {
    runs_alone_ = false;
    interrupted_ = false;
}

void Database::interrupt() noexcept {
    {
        const std::lock_guard lock(interrupt_mutex_);
        interrupted_ = true;
        // The progress handler sees the flag, but some of SQLite's loops look only at what this sets.
        if (runs_alone_ && !shielded_) sqlite3_interrupt(handle_);
    }
    interrupt_came_.notify_all();
}

Database::Shield::Shield(Database& database) noexcept : database_(database) {
    const std::lock_guard lock(database.interrupt_mutex_);
    database.shielded_ = true;
}

int Database::on_progress(void* self) { return static_cast<Database*>(self)->interrupted(); }

int Database::on_busy(void* self, int tries) { return static_cast<Database*>(self)->wait_for_lock(tries); }

// Another connection holds a lock that is needed here: whether to try once more. Nobody tells when it is free, so the pauses grow.
int Database::wait_for_lock(int tries) noexcept {
    static constexpr std::int64_t pauses_in_ms[] = {1, 2, 5, 10, 15, 20, 25};
    if (tries == 0) waited_ = 0;
    const auto longer = std::min<std::size_t>(static_cast<std::size_t>(tries), std::size(pauses_in_ms) - 1);
    const std::int64_t pause = std::min(pauses_in_ms[longer] * 1'000'000, options_.timeout.count() - waited_);
    if (pause <= 0) return 0;
    lock_wait_.lock_wait(true);
    std::unique_lock lock(interrupt_mutex_);
    const bool stop = interrupt_came_.wait_for(lock, std::chrono::nanoseconds(pause), [this] { return interrupted(); });
    lock.unlock();
    lock_wait_.lock_wait(false);
    waited_ += pause;
    return !stop;
}

// ---- Errors

void Database::fail(int code, const std::string& attempted) const {
    std::string what = attempted + ": " + (handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code));
    switch (code & 0xff) {
        case SQLITE_NOMEM: throw std::bad_alloc();
        case SQLITE_BUSY:
            if (waited_ > 0) what += " (waited " + seconds(waited_) + ")";
            throw OperationalError(what, code);
        case SQLITE_CANTOPEN:
            if (const int error = sqlite3_system_errno(handle_)) what += ": " + std::generic_category().message(error);
            throw OperationalError(what, code);
        case SQLITE_ERROR:
        case SQLITE_PERM:
        case SQLITE_ABORT:
        case SQLITE_LOCKED:
        case SQLITE_READONLY:
        case SQLITE_INTERRUPT:
        case SQLITE_IOERR:
        case SQLITE_FULL:
        case SQLITE_PROTOCOL:
        case SQLITE_EMPTY:
        case SQLITE_SCHEMA: throw OperationalError(what, code);
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH: throw IntegrityError(what, code);
        case SQLITE_MISUSE:
        case SQLITE_RANGE: throw ProgrammingError(what, code);
        default: throw Error(what, code);
    }
}

// ---- The cache

sqlite3_stmt* Database::take_cached(std::string_view sql) {
    const auto found = std::find_if(cache_.rbegin(), cache_.rend(), [&](const Cached& c) { return c.sql == sql; });
    if (found == cache_.rend()) return nullptr;
    sqlite3_stmt* handle = found->handle;
    cache_.erase(std::next(found).base());
    return handle;
}

bool Database::keep(std::string sql, sqlite3_stmt* handle) noexcept {
    if (options_.cached_statements == 0) return false;
    try {
        cache_.push_back({std::move(sql), handle});
    } catch (const std::bad_alloc&) {
        return false;
    }
    if (cache_.size() > options_.cached_statements) {
        sqlite3_finalize(cache_.front().handle);
        cache_.erase(cache_.begin());
    }
    return true;
}

}  // namespace hocket::sqlite
