// SPDX-License-Identifier: MIT
// Connections: opening, statements, errors, and the order of what tasks ask.
#include <hocket/db/connection.h>

#include <hocket/db/db_test.h>

#include <gtest/gtest.h>
#include <hocket/core/await_graph.h>
#include <hocket/flow/gather.h>

#include <pthread.h>
#include <fstream>
#include <string>
#include <tuple>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::ending_of;
using testing::Folder;

constexpr const char* users = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";

using Rows = std::vector<sqlite::Parameters>;

Coro<int> count(sqlite::Connection& db, std::string table) {
    auto row = co_await db.fetch_one("SELECT count(*) FROM " + table);
    co_return row->get<int>(0);
}

TEST(DbConnection, what_is_written_in_one_run_is_there_in_the_next) {
    const Folder folder;
    run([](std::string path) -> Coro<> {
        co_await with(sqlite::connect(path), [](sqlite::Connection& db) -> Coro<> {
            co_await db.execute(users);
            co_await db.execute("INSERT INTO users (name) VALUES (?)", "Anna");
        });
    }(folder.file("app.db")));
    run([](std::string path) -> Coro<> {
        auto db = co_await sqlite::connect(path);
        const auto rows = co_await db.fetch_all("SELECT id, name FROM users");
        EXPECT_EQ(rows.size(), 1U);
        EXPECT_EQ(rows.at(0).get<std::string>("name"), "Anna");
        co_await db.close();
    }(folder.file("app.db")));
}

TEST(DbConnection, the_block_gives_its_result_and_closes_also_when_it_throws) {
    run([]() -> Coro<> {
        const int answer = co_await with(sqlite::connect(":memory:"), [](sqlite::Connection& db) -> Coro<int> {
            auto row = co_await db.fetch_one("SELECT 42");
            co_return row->get<int>(0);
        });
        EXPECT_EQ(answer, 42);
        sqlite::Connection* seen = nullptr;
        auto db = co_await sqlite::connect(":memory:");
        EXPECT_EQ(co_await ending_of(with(db,
                                          [&](sqlite::Connection& inner) -> Coro<> {
                                              seen = &inner;
                                              co_await inner.execute("SELECT 1");
                                              throw ValueError("the body's");
                                          })),
                  "hocket::ValueError: the body's");
        EXPECT_EQ(seen, &db);
        EXPECT_TRUE(db.closed());
    }());
}

TEST(DbConnection, broken_sql_is_named_with_its_database_and_what_is_wrong) {
    const Folder folder;
    run([](const Folder& f) -> Coro<> {
        auto db = co_await sqlite::connect(f.file("app.db"));
        const auto ending = [&](auto coro) -> Coro<std::string> {
            co_return f.without(co_await ending_of(std::move(coro)));
        };
        const std::string operational = "hocket::sqlite::OperationalError: ";
        EXPECT_EQ(co_await ending(db.execute("SELEC 1")),
                  operational + "execute \"SELEC 1\" on app.db: near \"SELEC\": syntax error");
        EXPECT_EQ(co_await ending(db.fetch_all("SELECT *\n   FROM nowhere")),
                  operational + "execute \"SELECT * FROM nowhere\" on app.db: no such table: nowhere");
        EXPECT_EQ(
            co_await ending(db.executescript("CREATE TABLE t (a); CREAT TABLE u (a); CREATE TABLE v (a)")),
            operational +
                "executescript \"CREAT TABLE u (a); CREATE TABLE v (a)\" on app.db: near \"CREAT\": syntax error");
        EXPECT_EQ(co_await count(db, "t"), 0);  // what went before has had its effect
        co_await db.close();
    }(folder));
}

TEST(DbConnection, a_long_statement_is_cut_in_errors) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        const std::string ending = co_await ending_of(db.execute("SELECT " + std::string(1000, 'x') + " FROM t"));
        EXPECT_LT(ending.size(), 250U);
        EXPECT_NE(ending.find("...\" on :memory:: no such table: t"), std::string::npos) << ending;
        co_await db.close();
    }());
}

TEST(DbConnection, the_number_of_parameters_must_be_right) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        const std::string programming = "hocket::sqlite::ProgrammingError: ";
        EXPECT_EQ(co_await ending_of(db.execute("SELECT ?, ?", 1)),
                  programming + "execute \"SELECT ?, ?\" on :memory:: 2 parameters are needed, 1 was given");
        EXPECT_EQ(co_await ending_of(db.execute("SELECT 1", 1, 2)),
                  programming + "execute \"SELECT 1\" on :memory:: 0 parameters are needed, 2 were given");
        EXPECT_EQ(co_await ending_of(db.execute("", 1)),
                  programming + "execute on :memory:: 0 parameters are needed, 1 was given");
        co_await db.execute("  -- nothing to do");
        co_await db.close();
    }());
}

TEST(DbConnection, one_statement_at_a_time_but_in_a_script) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        EXPECT_EQ(co_await ending_of(db.execute("SELECT 1; DROP TABLE users")),
                  "hocket::sqlite::ProgrammingError: execute \"SELECT 1; DROP TABLE users\" on :memory:: this is more "
                  "than one "
                  "statement: executescript takes several");
        co_await db.execute("SELECT 1; -- a comment\n ; ");
        using namespace std::string_literals;
        EXPECT_EQ(co_await ending_of(db.execute("SELECT 1\0; DROP TABLE users"s)),
                  "hocket::sqlite::ProgrammingError: execute \"SELECT 1 ; DROP TABLE users\" on :memory:: there is a "
                  "null character "
                  "in the SQL");
        EXPECT_NE((co_await ending_of(db.executescript("SELECT 1;\0SELECT 2"s))).find("a null character"),
                  std::string::npos);
        co_await db.executescript("CREATE TABLE a (x); INSERT INTO a VALUES (1), (2);\n-- the end\n");
        EXPECT_EQ(co_await count(db, "a"), 2);
        co_await db.close();
    }());
}

TEST(DbConnection, a_constraint_that_does_not_hold_is_an_integrity_error_with_its_code) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        co_await db.execute(users);
        co_await db.execute("INSERT INTO users VALUES (1, 'Anna')");
        std::string what;
        int code = 0;
        try {
            co_await db.execute("INSERT INTO users VALUES (1, 'Bert')");
        } catch (const sqlite::IntegrityError& e) {
            what = e.what();
            code = e.sqlite_errorcode();
        }
        EXPECT_EQ(what,
                  "execute \"INSERT INTO users VALUES (1, 'Bert')\" on :memory:: UNIQUE constraint failed: users.id");
        EXPECT_EQ(code, 1555);  // SQLITE_CONSTRAINT_PRIMARYKEY
        co_await db.close();
    }());
}

TEST(DbConnection, a_file_that_is_not_there_is_made_only_if_that_is_wanted) {
    const Folder folder;
    run([](const Folder& f) -> Coro<> {
        const std::string missing =
            "hocket::sqlite::OperationalError: connect to missing.db: unable to open database file: No such file or "
            "directory";
        for (const auto mode : {sqlite::Mode::read_only, sqlite::Mode::read_write}) {
            EXPECT_EQ(f.without(co_await ending_of(sqlite::connect(f.file("missing.db"), {.mode = mode}))), missing);
        }
        EXPECT_FALSE(std::filesystem::exists(f.file("missing.db")));
        using namespace std::string_literals;
        EXPECT_EQ(co_await ending_of(sqlite::connect("a\0b"s)),
                  "hocket::ValueError: a null character in the path of a database");
        EXPECT_EQ(co_await ending_of(sqlite::connect("a", {.timeout = -1s})),
                  "hocket::ValueError: connect to a: a negative time-out");
    }(folder));
}

TEST(DbConnection, a_read_only_database_is_not_written) {
    const Folder folder;
    run([](const Folder& f) -> Coro<> {
        co_await with(sqlite::connect(f.file("app.db")), [](auto& db) -> Coro<> { co_await db.execute(users); });
        auto db = co_await sqlite::connect(f.file("app.db"), {.mode = sqlite::Mode::read_only});
        EXPECT_EQ(co_await count(db, "users"), 0);
        EXPECT_EQ(f.without(co_await ending_of(db.execute("INSERT INTO users (name) VALUES ('x')"))),
                  "hocket::sqlite::OperationalError: execute \"INSERT INTO users (name) VALUES ('x')\" on app.db: "
                  "attempt to write a "
                  "readonly database");
        co_await db.close();
    }(folder));
}

TEST(DbConnection, a_file_that_is_no_database_is_found_by_the_first_statement) {
    const Folder folder;
    std::ofstream(folder.file("notes.txt")) << std::string(2000, 'x');
    run([](const Folder& f) -> Coro<> {
        auto db = co_await sqlite::connect(f.file("notes.txt"));
        EXPECT_EQ(f.without(co_await ending_of(db.execute("SELECT * FROM t"))),
                  "hocket::sqlite::Error: execute \"SELECT * FROM t\" on notes.txt: file is not a database");
        co_await db.close();
    }(folder));
}

TEST(DbConnection, memory_and_uris_need_no_file) {
    const Folder folder;
    run([](const Folder& f) -> Coro<> {
        auto named = co_await sqlite::connect("scratch", {.mode = sqlite::Mode::memory});
        co_await named.execute(users);
        EXPECT_EQ(co_await ending_of(named.execute("SELEC")),
                  "hocket::sqlite::OperationalError: execute \"SELEC\" on scratch: near \"SELEC\": syntax error");
        EXPECT_FALSE(std::filesystem::exists("scratch"));
        auto uri = co_await sqlite::connect("file:" + f.file("u.db") + "?mode=memory", {.uri = true});
        co_await uri.execute(users);
        EXPECT_FALSE(std::filesystem::exists(f.file("u.db")));
        co_await gather(named.close(), uri.close());
    }(folder));
}

TEST(DbConnection, counts_are_those_of_the_statement_that_was_awaited_last) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        co_await db.execute(users);
        auto inserted = co_await db.execute("INSERT INTO users (name) VALUES ('Anna'), ('Bert')");
        EXPECT_EQ(inserted.rowcount(), 2);
        EXPECT_EQ(inserted.lastrowid(), 2);
        EXPECT_EQ(db.last_insert_rowid(), 2);
        EXPECT_EQ(db.changes(), 2);
        auto updated = co_await db.execute("UPDATE users SET name = 'x' WHERE id = 1");
        EXPECT_EQ(updated.rowcount(), 1);
        EXPECT_EQ(db.changes(), 1);
        EXPECT_EQ(db.total_changes(), 3);
        EXPECT_EQ((co_await db.execute("SELECT 1")).rowcount(), -1);
        EXPECT_EQ((co_await db.execute("CREATE TABLE t (a)")).rowcount(), 0);
        co_await db.close();
    }());
}

TEST(DbConnection, each_of_two_tasks_sees_its_own_rowid) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        co_await db.execute(users);
        const auto insert = [&](int id) -> Coro<std::int64_t> {
            co_await db.execute("INSERT INTO users VALUES (?, 'x')", id);
            co_return db.last_insert_rowid();
        };
        EXPECT_EQ(co_await gather(insert(10), insert(20), insert(30)),
                  (std::tuple<std::int64_t, std::int64_t, std::int64_t>(10, 20, 30)));
        co_await db.close();
    }());
}

TEST(DbConnection, executemany_takes_rows_of_many_kinds) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        co_await db.execute("CREATE TABLE t (a, b)");
        const std::string insert = "INSERT INTO t VALUES (?, ?)";
        const std::vector<std::tuple<int, std::string>> tuples{{1, "a"}, {2, "b"}, {3, "c"}};
        EXPECT_EQ(co_await db.executemany(insert, tuples), 3);
        const Rows mixed{{4, "d"}, {5, nullptr}};
        EXPECT_EQ(co_await db.executemany(insert, mixed), 2);
        EXPECT_EQ(co_await db.executemany("INSERT INTO t (a) VALUES (?)", std::vector{6, 7}), 2);
        EXPECT_EQ(co_await db.executemany(insert, Rows()), 0);
        EXPECT_EQ(co_await count(db, "t"), 7);
        co_await db.close();
    }());
}

TEST(DbConnection, executemany_does_all_rows_or_none_and_names_the_row) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        co_await db.execute(users);
        const std::string insert = "INSERT INTO users VALUES (?, ?)";
        const std::string attempted = "executemany \"INSERT INTO users VALUES (?, ?)\" on :memory:, row ";
        const Rows twice{{1, "Anna"}, {2, "Bert"}, {1, "Carla"}}, too_few{{1, "Anna"}, {2}},
            known{{8, "Emil"}, {7, "x"}};
        EXPECT_EQ(co_await ending_of(db.executemany(insert, twice)),
                  "hocket::sqlite::IntegrityError: " + attempted + "3: UNIQUE constraint failed: users.id");
        EXPECT_EQ(co_await count(db, "users"), 0);
        EXPECT_FALSE(db.in_transaction());
        EXPECT_EQ(co_await ending_of(db.executemany(insert, too_few)),
                  "hocket::sqlite::ProgrammingError: " + attempted + "2: 2 parameters are needed, 1 was given");
        co_await db.execute("BEGIN");
        co_await db.execute("INSERT INTO users VALUES (7, 'Dora')");
        co_await ending_of(db.executemany(insert, known));
        co_await db.commit();
        EXPECT_EQ(co_await count(db, "users"), 1);
        EXPECT_EQ(co_await ending_of(db.executemany("SELECT ?", std::vector{1})),
                  "hocket::sqlite::ProgrammingError: executemany \"SELECT ?\" on :memory:: executemany is for "
                  "statements that "
                  "change something");
        co_await db.close();
    }());
}

TEST(DbConnection, a_statement_that_returns_what_it_writes_runs_to_its_end) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        co_await db.execute(users);
        auto first = co_await db.fetch_one("INSERT INTO users (name) VALUES ('Anna'), ('Bert') RETURNING id");
        EXPECT_EQ(first->get<int>("id"), 1);
        auto cursor = co_await db.execute("INSERT INTO users (name) SELECT name FROM users RETURNING id");
        cursor.close();
        EXPECT_EQ(cursor.rowcount(), 2);
        EXPECT_EQ(co_await count(db, "users"), 4);
        co_await db.close();
    }());
}

TEST(DbConnection, a_table_that_was_changed_shows_its_new_columns) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        co_await db.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
        EXPECT_EQ((co_await db.fetch_one("SELECT * FROM t"))->size(), 1U);
        co_await db.execute("ALTER TABLE t ADD COLUMN b DEFAULT 2");
        EXPECT_EQ((co_await db.fetch_one("SELECT * FROM t"))->get<int>("b"), 2);
        co_await db.close();
    }());
}

TEST(DbConnection, statements_are_kept_ready_no_more_than_was_asked_for) {
    run([]() -> Coro<> {
        for (const std::size_t kept : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
            auto db = co_await sqlite::connect(":memory:", {.cached_statements = kept});
            for (int round = 0; round < 3; ++round) {
                for (int i = 0; i < 4; ++i) {
                    EXPECT_EQ((co_await db.fetch_one("SELECT ? + " + std::to_string(i), round))->get<int>(0),
                              round + i);
                }
            }
            co_await db.close();
        }
    }());
}

TEST(DbConnection, tasks_are_served_in_their_order) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        co_await db.execute("CREATE TABLE t (a)");
        std::vector<Task<sqlite::Cursor>> tasks;
        for (int i = 0; i < 100; ++i) tasks.push_back(create_task(db.execute("INSERT INTO t VALUES (?)", i)));
        for (auto& t : tasks) co_await t;
        const auto rows = co_await db.fetch_all("SELECT a FROM t ORDER BY rowid");
        for (int i = 0; i < 100; ++i) EXPECT_EQ(rows.at(static_cast<std::size_t>(i)).get<int>(0), i);
        co_await db.close();
    }());
}

TEST(DbConnection, is_opened_wherever_an_awaitable_is_taken) {
    const Folder folder;
    run([](const Folder& f) -> Coro<> {
        auto [a, b] = co_await gather(sqlite::connect(f.file("a.db")), sqlite::connect(f.file("b.db")));
        EXPECT_EQ(f.without(a.path() + " " + b.path()), "a.db b.db");
        co_await with(sqlite::connect(":memory:"), sqlite::connect(":memory:"), [](auto& c, auto& d) -> Coro<> {
            co_await gather(c.execute("SELECT 1"), d.execute("SELECT 2"));
        });
        co_await gather(a.close(), b.close());
    }(folder));
}

TEST(DbConnection, is_used_on_its_own_loop_only) {
    const auto loop = new_event_loop();
    auto db = loop->run_until_complete(
        []() -> Coro<sqlite::Connection> { co_return co_await sqlite::connect(":memory:"); }());
    EXPECT_EQ(
        testing::thrown_by([&] { run(db.execute("SELECT 1")); }),
        "hocket::RuntimeError: execute \"SELECT 1\" on :memory:: the connection is bound to a different event loop");
    EXPECT_EQ(testing::thrown_by([&] { run(db.close()); }),
              "hocket::RuntimeError: close on :memory:: the connection is bound to a different event loop");
    loop->run_until_complete(db.close());
    run(db.close());  // nothing is left to do
}

TEST(DbConnection, what_is_waited_for_is_told) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        const auto task = create_task(db.execute("SELECT 1"));
        co_await hocket::sleep(0);
        if (!task.done()) {
            const std::string graph = format_call_graph(capture_call_graph(task));
            EXPECT_NE(graph.find("execute \"SELECT 1\" on :memory:"), std::string::npos) << graph;
        }
        co_await task;
        co_await db.close();
    }());
}

}  // namespace
}  // namespace hocket
