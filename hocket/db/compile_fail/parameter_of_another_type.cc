// SPDX-License-Identifier: MIT
// A parameter is of a type that no database holds.
// error: hocket: a parameter of a statement is an integer, a floating-point number, a bool, a text, a blob
#include <hocket/db/sqlite.h>

struct User {
    int id;
};

hocket::Coro<> add(hocket::sqlite::Connection& db, User user) {
#ifdef HOCKET_FIXED
    co_await db.execute("INSERT INTO users VALUES (?)", user.id);
#else
    co_await db.execute("INSERT INTO users VALUES (?)", user);
#endif
}
