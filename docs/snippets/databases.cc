// SPDX-License-Identifier: MIT
// The programs of databases.md.
#include <hocket/db/sqlite.h>
#include <hocket/hocket.h>

#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <tuple>
#include <vector>
using namespace hocket;
using namespace std::chrono_literals;

// [open]
Coro<> first() {
    co_await with(sqlite::connect("app.db"), [](sqlite::Connection& db) -> Coro<> {
        co_await db.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE, age INTEGER)");
        co_await db.execute("INSERT INTO users (name, age) VALUES (?, ?)", "Anna", 41);
        co_await db.execute("INSERT INTO users (name, age) VALUES (?, ?)", "Bert", nullptr);
        std::printf("the last row has id %d\n", static_cast<int>(db.last_insert_rowid()));
    });
}
// [/open]

// [rows]
Coro<> read(sqlite::Connection& db) {
    for (const auto& row : co_await db.fetch_all("SELECT id, name, age FROM users ORDER BY id")) {
        auto age = row.get<std::optional<int>>("age");
        std::printf("%d: %s, %s\n", row.get<int>(0), row.get<std::string>("name").c_str(),
                    age ? std::to_string(*age).c_str() : "age unknown");
    }
    if (auto row = co_await db.fetch_one("SELECT id, name FROM users WHERE name = ?", "Anna")) {
        auto [id, name] = row->as<int, std::string>();
        std::printf("%s has id %d\n", name.c_str(), id);
    }
}
// [/rows]

// [many]
Coro<> write_many(sqlite::Connection& db) {
    std::vector<std::tuple<std::string, int>> people{{"Carla", 30}, {"Dora", 31}, {"Emil", 32}};
    auto changed = co_await db.executemany("INSERT INTO users (name, age) VALUES (?, ?)", people);
    std::printf("%d rows more\n", static_cast<int>(changed));
}
// [/many]

// [cursor]
Coro<> sum(sqlite::Connection& db) {
    auto cursor = co_await db.execute("SELECT age FROM users WHERE age IS NOT NULL");
    long years = 0;
    while (auto row = co_await cursor.next()) years += row->get<long>("age");
    std::printf("%ld years together\n", years);
}
// [/cursor]

// [transaction]
Coro<> birthday(sqlite::Connection& db) {
    co_await with(db.transaction(), [&]() -> Coro<> {
        co_await db.execute("UPDATE users SET age = age + 1");
        co_await db.execute("INSERT INTO users (name) VALUES ('Anna')");  // there is one already
    });
}

Coro<> try_it(sqlite::Connection& db) {
    try {
        co_await birthday(db);
    } catch (const sqlite::IntegrityError& e) {
        std::printf("%s\n", e.what());
    }
    auto row = co_await db.fetch_one("SELECT age FROM users WHERE name = 'Anna'");
    std::printf("Anna is %d still\n", row->get<int>("age"));
}
// [/transaction]

// [errors]
Coro<> errors(sqlite::Connection& db) {
    try {
        co_await db.execute("SELEC 1");
    } catch (const sqlite::OperationalError& e) {
        std::printf("%s\n", e.what());
    }
    try {
        auto row = co_await db.fetch_one("SELECT id, age FROM users WHERE name = 'Bert'");
        std::printf("Bert is %d\n", row->get<int>("age"));
    } catch (const sqlite::ProgrammingError& e) {
        std::printf("%s\n", e.what());
    }
}
// [/errors]

// [locked]
Coro<> locked(sqlite::Connection& db) {
    auto other = co_await sqlite::connect("app.db", {.timeout = 20ms});
    co_await with(db.transaction({.mode = sqlite::TransactionMode::immediate}), [&]() -> Coro<> {
        try {
            co_await other.execute("DELETE FROM users");
        } catch (const sqlite::OperationalError& e) {
            std::printf("%s\n", e.what());
        }
    });
    co_await other.close();
}
// [/locked]

// [cancel]
Coro<> give_up(sqlite::Connection& db) {
    try {
        co_await wait_for(
            db.fetch_all("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"),
            20ms);
    } catch (const TimeoutError&) {
        std::printf("too long; the thread has let go of it\n");
    }
}
// [/cancel]

int main() {
    char folder[] = "/tmp/hocket-databases-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) return 1;
    run(first());
    run([]() -> Coro<> {
        co_await with(sqlite::connect("app.db"), [](sqlite::Connection& db) -> Coro<> {
            co_await read(db);
            co_await write_many(db);
            co_await sum(db);
            co_await try_it(db);
            co_await errors(db);
            co_await locked(db);
            co_await give_up(db);
        });
    }());
    std::filesystem::remove_all(folder);
}
