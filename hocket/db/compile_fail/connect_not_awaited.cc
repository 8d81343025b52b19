// SPDX-License-Identifier: MIT
// No database is opened until the connection is awaited.
#include <hocket/db/sqlite.h>

// warning: .*nothing is opened until this is awaited, or given to with
hocket::Coro<> open() {
#ifdef HOCKET_FIXED
    auto db = co_await hocket::sqlite::connect("app.db");
    co_await db.close();
#else
    hocket::sqlite::connect("app.db");
#endif
    co_return;
}
