// SPDX-License-Identifier: MIT
// Statements: preparing, binding, stepping, and copying rows out of SQLite's memory.
#include <hocket/db/database_internal.h>

#include <hocket/db/errors.h>

#include <sqlite3.h>
#include <algorithm>
#include <climits>

namespace hocket::sqlite {

namespace {

// Makes a statement of the first in `sql`, and takes that off.
int prepare(sqlite3* database, std::string_view& sql, sqlite3_stmt*& statement) {
    const char* const begin = sql.data();
    const char* end = begin;
    const int length = sql.size() > INT_MAX ? INT_MAX : static_cast<int>(sql.size());  // SQLite's own limit is lower
    const int code = sqlite3_prepare_v3(database, begin, length, SQLITE_PREPARE_PERSISTENT, &statement, &end);
    sql.remove_prefix(static_cast<std::size_t>(end - begin));
    return code;
}

}  // namespace

Statement::Statement(Database& database, Attempt attempt) : database_(database), attempt_(std::move(attempt)) {
    database_.in_use_.push_back(this);
}

Statement::Statement(Database& database, const Attempt& attempt, Parameters parameters) : Statement(database, attempt) {
    parameters_ = std::move(parameters);
    check_no_null(attempt_, database_.name());
    handle_ = database_.take_cached(attempt_.sql);
    std::string_view rest = handle_ ? std::string_view() : attempt_.sql;
    while (!handle_ && !rest.empty()) handle_ = compile(rest);
    cached_ = handle_;
    while (!rest.empty()) {  // space and comments may follow
        sqlite3_stmt* second = nullptr;
        const int code = prepare(database_.handle_, rest, second);
        sqlite3_finalize(second);
        if (code != SQLITE_OK || second) misused("this is more than one statement: executescript takes several");
    }
    bind();
}

Statement::Statement(Database& database, const char* verb, std::string_view& script)
    : Statement(database, Attempt{verb}) {
    const std::string_view before = script;
    handle_ = compile(script);
    attempt_.sql = before.substr(0, before.size() - script.size());
    bind();
}

Statement::~Statement() {
    std::erase(database_.in_use_, this);
    if (!handle_) return;
    set_half_way(false);
    sqlite3_reset(handle_);
    sqlite3_clear_bindings(handle_);
    if (!cached_ || !database_.keep(std::move(attempt_.sql), handle_)) sqlite3_finalize(handle_);
}

bool Statement::read_only() const noexcept { return !handle_ || sqlite3_stmt_readonly(handle_); }

// Null: there is nothing but space and comments up to the next semicolon. What was read is taken off `sql`.
sqlite3_stmt* Statement::compile(std::string_view& sql) {
    const std::string_view before = sql;
    sqlite3_stmt* handle = nullptr;
    database_.waited_ = 0;
    const int code = prepare(database_.handle_, sql, handle);
    if (code != SQLITE_OK) database_.fail(code, attempt_.with(before, database_.name()));
    return handle;
}

void Statement::bind() {
    const int needed = handle_ ? sqlite3_bind_parameter_count(handle_) : 0;
    if (parameters_.size() != static_cast<std::size_t>(needed)) {
        misused(std::to_string(needed) + (needed == 1 ? " parameter is" : " parameters are") + " needed, " +
                std::to_string(parameters_.size()) + (parameters_.size() == 1 ? " was" : " were") + " given");
    }
    int place = 0;
    for (const Value& v : parameters_) {
        int code = SQLITE_OK;
        ++place;
        switch (v.type()) {
            case ValueType::integer: code = sqlite3_bind_int64(handle_, place, v.integer()); break;
            case ValueType::real: code = sqlite3_bind_double(handle_, place, v.real()); break;
            case ValueType::text:
                code =
                    sqlite3_bind_text64(handle_, place, v.bytes().data(), v.bytes().size(), SQLITE_STATIC, SQLITE_UTF8);
                break;
            case ValueType::blob:
                code = sqlite3_bind_blob64(handle_, place, v.bytes().data(), v.bytes().size(), SQLITE_STATIC);
                break;
            default: code = sqlite3_bind_null(handle_, place);
        }
        if (code != SQLITE_OK) fail(code);
    }
}

void Statement::again(Parameters parameters, std::size_t row) {
    attempt_.row = row;
    sqlite3_reset(handle_);
    ended_ = false;
    parameters_ = std::move(parameters);
    bind();
}

void Statement::set_half_way(bool half_way) noexcept {
    if (half_way == half_way_) return;
    half_way_ = half_way;
    database_.half_way_ += half_way ? 1 : SIZE_MAX;
}

// False: the end.
bool Statement::step() {
    if (!handle_ || ended_) return false;
    database_.waited_ = 0;
    // What sqlite3_interrupt sets stays until nothing is half way.
    database_.runs_alone_ = !in_parts_ && database_.half_way_ == (half_way_ ? 1U : 0U);
    if (database_.interrupted()) fail(SQLITE_INTERRUPT);
    const int code = sqlite3_step(handle_);
    set_half_way(code == SQLITE_ROW);
    if (code == SQLITE_ROW) return true;
    ended_ = true;
    if (code != SQLITE_DONE) fail(code);
    return false;
}

bool Statement::read(RowSet& into, const Limit& limit) {
    while (into.rows < limit.rows && into.bytes.size() < limit.bytes) {
        if (!step()) {
            add_columns(into);
            return false;
        }
        add_row(into);
    }
    return true;
}

bool Statement::read_some(RowSet& into, const Limit& limit) {
    in_parts_ = true;
    if (failed_) std::rethrow_exception(failed_);
    try {
        while (into.rows == 0 || !database_.interrupted()) {
            if (!read(into, {.rows = into.rows + 1, .bytes = limit.bytes})) return false;
            if (into.rows >= limit.rows || into.bytes.size() >= limit.bytes) break;
        }
    } catch (const Error&) {
        if (ended_) failed_ = std::current_exception();
        if (into.rows == 0) throw;
    }
    return true;
}

void Statement::run() {
    while (step()) {
    }
}

// Before the first step the columns may still be those of a table that has been changed since.
void Statement::add_columns(RowSet& into) {
    if (!columns_) {
        Columns columns;
        const int n = handle_ ? sqlite3_column_count(handle_) : 0;
        for (int i = 0; i < n; ++i) {
            const char* name = sqlite3_column_name(handle_, i);
            columns.names.emplace_back(name ? name : "");
        }
        columns.statement = quoted(attempt_.sql, database_.name());
        columns_ = Shared<const Columns>::make(std::move(columns));
    }
    into.columns = columns_;
}

void Statement::add_row(RowSet& into) {
    if (!into.columns) add_columns(into);
    const int n = static_cast<int>(columns_->names.size());
    for (int i = 0; i < n; ++i) {
        RowSet::Cell cell;
        const void* bytes = nullptr;
        switch (sqlite3_column_type(handle_, i)) {
            case SQLITE_INTEGER:
                cell.type = ValueType::integer;
                cell.integer = sqlite3_column_int64(handle_, i);
                break;
            case SQLITE_FLOAT:
                cell.type = ValueType::real;
                cell.real = sqlite3_column_double(handle_, i);
                break;
            case SQLITE_TEXT:
                cell.type = ValueType::text;
                bytes = sqlite3_column_text(handle_, i);
                if (!bytes) throw std::bad_alloc();
                break;
            case SQLITE_BLOB:
                cell.type = ValueType::blob;
                bytes = sqlite3_column_blob(handle_, i);
                break;
            default: break;
        }
        if (cell.type >= ValueType::text) {
            cell.size = static_cast<std::uint32_t>(sqlite3_column_bytes(handle_, i));
            cell.offset = into.bytes.size();
            if (cell.size > 0) into.bytes.append(static_cast<const char*>(bytes), cell.size);
        }
        into.cells.push_back(cell);
    }
    ++into.rows;
}

void Statement::fail(int code) const {
    const std::string attempted = attempt_.on(database_.name());
    if (code == SQLITE_INTERRUPT) throw OperationalError(attempted + ": interrupted", code);
    database_.fail(code, attempted);
}

void Statement::misused(const std::string& why) const {
    throw ProgrammingError(attempt_.on(database_.name()) + ": " + why);
}

}  // namespace hocket::sqlite
