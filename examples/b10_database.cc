// SPDX-License-Identifier: MIT
// B10: an asynchronous context manager: a database that is opened before a block, and closed after it, also when the block throws.
#include <hocket/db/sqlite.h>
#include <hocket/hocket.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

using namespace hocket;

// Says when the connection that it holds is opened and closed.
class Database {
public:
    Coro<sqlite::Connection&> aenter() {
        std::printf("Connecting to database...\n");
        co_return co_await connecting_.aenter();
    }
    Coro<> aexit(std::exception_ptr error) {
        std::printf("Closing database connection...\n");
        co_await connecting_.aexit(error);
    }

private:
    sqlite::Connecting connecting_ = sqlite::connect(":memory:");
};

Coro<> amain() {
    co_await with(Database(), [](sqlite::Connection& db) -> Coro<> {
        co_await db.executescript("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");
        const std::vector<std::string> names{"Anna", "Bert"};
        co_await db.executemany("INSERT INTO users (name) VALUES (?)", names);
        for (const auto& row : co_await db.fetch_all("SELECT id, name FROM users ORDER BY id")) {
            std::printf("Result: %d, %s\n", row.get<int>("id"), row.get<std::string>("name").c_str());
        }
    });
    try {
        co_await with(Database(), [](sqlite::Connection& db) -> Coro<> {
            co_await db.fetch_all("SELECT * FROM users");  // another database, in which there is no such table
        });
    } catch (const sqlite::Error& e) {
        std::printf("Error: %s\n", e.what());
    }
}

int main() { run(amain()); }
