// SPDX-License-Identifier: MIT
// The exceptions of databases, as Python's sqlite3 has them.
#pragma once

#include <hocket/base/config.h>

#include <stdexcept>
#include <string>

namespace hocket::sqlite {

/// Something that a database refused, or that was asked of it in a wrong way (`sqlite3.Error`). `what()` says what was attempted, on which
/// database, and why: `execute "SELEC 1" on app.db: near "SELEC": syntax error`. This class itself is for what fits none of those below, such
/// as a file that is no database.
class HOCKET_EXPORT Error : public std::runtime_error {
public:
    explicit Error(const std::string& what, int errorcode = 0) : std::runtime_error(what), errorcode_(errorcode) {}
    ~Error() override;
    /// SQLite's extended result code; its last byte is the primary one. 0 for what SQLite was not asked.
    int sqlite_errorcode() const noexcept { return errorcode_; }

private:
    int errorcode_;
};

/// A constraint would not hold any more: a key that is there already, NULL where that is forbidden (`sqlite3.IntegrityError`).
class HOCKET_EXPORT IntegrityError : public Error {
public:
    using Error::Error;
    ~IntegrityError() override;
};

/// The database cannot do it, or not now: no such table, a syntax error, a lock, a full disk (`sqlite3.OperationalError`).
class HOCKET_EXPORT OperationalError : public Error {
public:
    using Error::Error;
    ~OperationalError() override;
};

/// The program asks in a wrong way: a closed connection, a wrong number of parameters, a column that is not there
/// (`sqlite3.ProgrammingError`).
class HOCKET_EXPORT ProgrammingError : public Error {
public:
    using Error::Error;
    ~ProgrammingError() override;
};

}  // namespace hocket::sqlite
