// SPDX-License-Identifier: MIT
// A database as the connection's thread sees it: every call of SQLite's is here.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/db/options.h>
#include <hocket/db/row.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace hocket::sqlite {

class Database;

/// What is attempted, for errors and for the await graph: `execute "SELECT 1" on app.db`.
struct Attempt {
    const char* verb;
    std::string sql = {};  // may be empty
    std::size_t row = 0;   // of executemany, from 1; 0: none

    std::string on(const std::string& database) const { return with(sql, database); }
    /// The same with other SQL.
    std::string with(std::string_view part, const std::string& database) const;
};

/// `"SELECT 1" on app.db`: on one line, and not longer than can be read.
std::string quoted(std::string_view sql, const std::string& database);

/// SQLite reads up to a null character, and would not do what comes after: throws ProgrammingError.
void check_no_null(const Attempt& attempt, const std::string& database);

/// How far a statement is run at a time.
struct Limit {
    std::size_t rows = SIZE_MAX;
    std::size_t bytes = SIZE_MAX;
};

/// What the last statement left.
struct Counters {
    std::int64_t last_insert_rowid = 0;
    std::int64_t changes = 0;
    std::int64_t total_changes = 0;
    bool in_transaction = false;
};

/// A prepared statement while it is in use. Made, used and destroyed on the connection's thread; once the database is closed, it may be
/// destroyed anywhere.
class Statement {
public:
    /// Takes it from the cache, or prepares it, and binds the parameters, which it keeps. Throws for more than one statement, and for a
    /// wrong number of parameters.
    Statement(Database& database, const Attempt& attempt, Parameters parameters);
    /// Prepares the first statement of `script`, and takes it off.
    Statement(Database& database, const char* verb, std::string_view& script);
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement();  // back into the cache

    /// Neither changes the database nor can.
    bool read_only() const noexcept;
    /// Runs on, and adds rows to `into` up to the limit. False: that was the end.
    bool read(RowSet& into, const Limit& limit = {});
    /// The same for who comes again: an interrupt between two rows only ends the reading; an error that ends the statement is thrown again each
    /// time, and the first time only if no row was read.
    bool read_some(RowSet& into, const Limit& limit);
    /// Runs it to its end; rows are dropped.
    void run();
    /// Ready to run once more, with other parameters, as row number `row`.
    void again(Parameters parameters, std::size_t row);

private:
    friend class Database;
    Statement(Database& database, Attempt attempt);
    sqlite3_stmt* compile(std::string_view& sql);
    void bind();
    bool step();
    void add_row(RowSet& into);
    void add_columns(RowSet& into);
    void set_half_way(bool half_way) noexcept;
    [[noreturn]] void fail(int code) const;
    [[noreturn]] void misused(const std::string& why) const;

    Database& database_;
    Attempt attempt_;
    bool cached_ = false;             // goes back there
    sqlite3_stmt* handle_ = nullptr;  // null where there is nothing to run, only space and comments
    Parameters parameters_;           // SQLite reads them where they are
    Shared<const Columns> columns_;
    std::exception_ptr failed_;  // of one that is read in parts
    bool in_parts_ = false;
    bool half_way_ = false;  // stepped, and not at its end
    bool ended_ = false;
};

/// One open database. Belongs to the connection's thread, but for `interrupt`.
class Database {
public:
    /// Learns that a statement begins and ends to wait for a lock of another connection's. On the thread.
    struct LockWait {
        virtual void lock_wait(bool begins) noexcept = 0;

    protected:
        ~LockWait() = default;
    };

    Database(std::string path, const ConnectOptions& options, LockWait& lock_wait);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database() { close(); }

    const std::string& name() const noexcept { return name_; }
    void open();
    void close() noexcept;
    Counters counters() const noexcept;

    /// Before each job: an interrupt of an earlier one does not count.
    void begin_job() noexcept;
    /// Ends what runs now, soon, and no other statement. Any thread, while a job runs.
    void interrupt() noexcept;

    /// While it lives, nothing is interrupted: what undoes has to be done. On the thread.
    class Shield {
    public:
        explicit Shield(Database& database) noexcept;
        Shield(const Shield&) = delete;
        Shield& operator=(const Shield&) = delete;
        ~Shield() { database_.shielded_ = false; }

    private:
        Database& database_;
    };

    void execute_many(const Attempt& attempt, std::vector<Parameters>& rows);
    void execute_script(const Attempt& attempt);
    /// Executes one statement that takes and gives nothing.
    void run(const std::string& sql);
    /// The same of one that ends a transaction; throws when none is open.
    void commit(const std::string& sql);
    /// Back to before the savepoint or, where that is empty, the transaction. Does nothing when no transaction is open.
    void roll_back(const std::string& savepoint);

    /// Throws what SQLite said last, as an answer to `attempted`.
    [[noreturn]] void fail(int code, const std::string& attempted) const;

private:
    friend class Statement;
    bool interrupted() const noexcept { return interrupted_ && !shielded_; }
    struct Cached {
        std::string sql;
        sqlite3_stmt* handle;
    };
    sqlite3_stmt* take_cached(std::string_view sql);
    /// False: there is no room.
    bool keep(std::string sql, sqlite3_stmt* handle) noexcept;
    int wait_for_lock(int tries) noexcept;
    static int on_busy(void* self, int tries);
    static int on_progress(void* self);
    int open_flags() const noexcept;

    const std::string path_;
    const std::string name_;
    const ConnectOptions options_;
    LockWait& lock_wait_;
    sqlite3* handle_ = nullptr;
    std::vector<Cached> cache_;       // the one used last is last
    std::vector<Statement*> in_use_;  // to part them from the database when it closes
    std::size_t half_way_ = 0;        // how many of these are
    std::int64_t waited_ = 0;         // nanoseconds, for the lock that was last waited for

    std::mutex interrupt_mutex_;
    std::atomic<bool> interrupted_ = false;
    std::atomic<bool> shielded_ = false;
    std::atomic<bool> runs_alone_ = false;  // nothing else is half way, which sqlite3_interrupt would end, too
    std::condition_variable interrupt_came_;
};

}  // namespace hocket::sqlite
