// SPDX-License-Identifier: MIT
// The connection's thread: cancels, locks, and that nothing of it is left behind.
#include <hocket/db/sqlite.h>

#include <hocket/db/db_test.h>

#include <gtest/gtest.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/wait_for.h>

#include <pthread.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::ending_of;
using testing::endless;
using testing::Folder;

// ---- Cancelling

TEST(DbCancel, ends_a_statement_that_would_run_for_hours) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        auto task = create_task(db.fetch_all(endless));
        co_await testing::until_it_runs();
        EXPECT_FALSE(task.done());
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_EQ((co_await db.fetch_one("SELECT 1"))->get<int>(0), 1);  // the thread is free at once
        co_await db.close();
    }());
}

TEST(RealDbCancel, a_time_limit_ends_a_statement) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        EXPECT_EQ(co_await ending_of(wait_for(db.execute(endless), 20ms)), "hocket::TimeoutError: timed out");
        co_await db.execute("SELECT 1");
        co_await db.close();
    }());
}

TEST(DbCancel, takes_back_what_has_not_begun_and_lets_the_others_run) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        co_await db.execute("CREATE TABLE t (a)");
        auto running = create_task(db.fetch_all(endless));
        co_await testing::until_it_runs();
        auto first = create_task(db.execute("INSERT INTO t VALUES (1)"));
        auto second = create_task(db.execute("INSERT INTO t VALUES (2)"));
        auto third = create_task(db.execute("INSERT INTO t VALUES (3)"));
        co_await testing::turns(2);
        second.cancel();
        EXPECT_EQ(co_await ending_of(second), "hocket::CancelledError");
        EXPECT_FALSE(running.done());
        running.cancel();
        co_await first;
        co_await third;
        EXPECT_EQ((co_await db.fetch_one("SELECT group_concat(a) FROM t"))->get<std::string>(0), "1,3");
        EXPECT_TRUE(running.cancelled());
        co_await db.close();
    }());
}

TEST(DbCancel, a_task_that_is_cancelled_before_it_asks_never_asks) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        co_await db.execute("CREATE TABLE t (a)");
        auto task = create_task([&]() -> Coro<> {
            hocket::current_task().cancel();
            co_await db.execute("INSERT INTO t VALUES (1)");
        });
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_EQ(db.total_changes(), 0);
        EXPECT_EQ((co_await db.fetch_all("SELECT * FROM t")).size(), 0U);
        co_await db.close();
    }());
}

TEST(DbCancel, what_took_effect_is_delivered_and_the_next_wait_throws) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        co_await db.execute("CREATE TABLE t (a)");
        std::string seen;
        auto task = create_task([&]() -> Coro<> {
            auto cursor = co_await db.execute("INSERT INTO t VALUES (1)");
            seen = "delivered " + std::to_string(cursor.rowcount());
            co_await hocket::sleep(0);
            seen += " and went on";
        });
        co_await hocket::sleep(0);
        std::this_thread::sleep_for(20ms);  // done by now, and the loop has not looked
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_EQ(seen, "delivered 1");
        co_await db.close();
    }());
}

TEST(DbCancel, another_tasks_cursor_is_not_interrupted) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        auto cursor = co_await db.execute(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 3000) SELECT n FROM c");
        auto task = create_task(db.fetch_all(endless));
        co_await testing::until_it_runs();
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_EQ((co_await cursor.fetchall()).size(), 3000U);
        co_await db.close();
    }());
}

TEST(DbCancel, executemany_leaves_no_row) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        co_await db.execute("CREATE TABLE t (a)");
        std::vector<sqlite::Parameters> rows(2, sqlite::Parameters{10});
        rows.push_back({1'000'000'000});
        auto task =
            create_task(db.executemany("INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
                                       "WHERE n < ?) SELECT count(*) FROM c",
                                       rows));
        co_await testing::until_it_runs();
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_EQ((co_await db.fetch_all("SELECT * FROM t")).size(), 0U);
        EXPECT_FALSE(db.in_transaction());
        co_await db.close();
    }());
}

// ---- Locks

TEST(RealDbLock, one_that_is_not_freed_in_time_is_an_error_that_tells_how_long_was_waited) {
    const Folder folder;
    run([](const Folder& f) -> Coro<> {
        auto holder = co_await sqlite::connect(f.file("app.db"));
        auto other = co_await sqlite::connect(f.file("app.db"), {.timeout = 50ms});
        auto hasty = co_await sqlite::connect(f.file("app.db"), {.timeout = 0s});
        co_await holder.execute("CREATE TABLE t (a)");
        co_await with(holder.transaction({.mode = sqlite::TransactionMode::immediate}), [&]() -> Coro<> {
            EXPECT_EQ(f.without(co_await ending_of(other.execute("INSERT INTO t VALUES (1)"))),
                      "hocket::sqlite::OperationalError: execute \"INSERT INTO t VALUES (1)\" on app.db: database is "
                      "locked (waited "
                      "0.05 s)");
            EXPECT_EQ(
                f.without(co_await ending_of(hasty.execute("INSERT INTO t VALUES (1)"))),
                "hocket::sqlite::OperationalError: execute \"INSERT INTO t VALUES (1)\" on app.db: database is locked");
        });
        co_await other.execute("INSERT INTO t VALUES (1)");
        co_await gather(holder.close(), other.close(), hasty.close());
    }(folder));
}

TEST(DbLock, one_that_another_task_frees_is_waited_for) {
    const Folder folder;
    run([](const Folder& f) -> Coro<> {
        auto holder = co_await sqlite::connect(f.file("app.db")), other = co_await sqlite::connect(f.file("app.db"));
        co_await holder.execute("CREATE TABLE t (a)");
        co_await holder.execute("BEGIN IMMEDIATE");
        auto waiting = create_task(other.execute("INSERT INTO t VALUES (1)"));
        co_await testing::until_it_runs();
        EXPECT_FALSE(waiting.done());
        co_await hocket::sleep(10ms);  // in virtual time this passes, though a thread waits
        EXPECT_FALSE(waiting.done());
        co_await holder.commit();
        co_await waiting;
        co_await gather(holder.close(), other.close());
    }(folder));
}

TEST(DbLock, a_cancel_ends_the_waiting_for_one) {
    const Folder folder;
    run([](const Folder& f) -> Coro<> {
        auto holder = co_await sqlite::connect(f.file("app.db")),
             other = co_await sqlite::connect(f.file("app.db"), {.timeout = 1h});
        co_await holder.executescript("CREATE TABLE t (a); BEGIN IMMEDIATE");
        auto waiting = create_task(other.execute("INSERT INTO t VALUES (1)"));
        co_await testing::until_it_runs();
        waiting.cancel();
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
        co_await gather(holder.close(), other.close());
    }(folder));
}

// ---- Endings

std::string names_of_threads() {
    std::string names;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream file(task.path() / "comm");
        std::string name;
        std::getline(file, name);
        names += name + " ";
    }
    return names;
}

TEST(DbThread, bears_the_databases_name) {
    const Folder folder;
    run([](std::string path) -> Coro<> {
        auto db = co_await sqlite::connect(path);
        const std::string names = names_of_threads();
        EXPECT_NE(names.find("sqlite_customer "), std::string::npos) << names;
        co_await db.close();
    }(folder.file("customers.db")));
}

TEST(DbClose, leaves_no_thread_and_no_descriptor) {
    const Folder folder;
    const auto threads = testing::threads_of_this_process();
    run([](const Folder& f, std::ptrdiff_t threads_before) -> Coro<> {
        const auto descriptors = testing::descriptors_of_this_process();
        for (int i = 0; i < 20; ++i) {
            auto db = co_await sqlite::connect(f.file("app.db"));
            co_await db.execute("CREATE TABLE IF NOT EXISTS t (a)");
            auto cursor = co_await db.execute("SELECT * FROM t");
            co_await ending_of(db.execute("SELEC"));
            co_await db.close();
            co_await db.close();
            EXPECT_EQ(testing::threads_of_this_process(), threads_before);
            co_await ending_of(sqlite::connect(f.file("no/such/folder")));
        }
        EXPECT_EQ(testing::descriptors_of_this_process(), descriptors);
        EXPECT_EQ(testing::threads_of_this_process(), threads_before);
    }(folder, threads));
}

TEST(DbClose, comes_after_what_was_asked_before_and_refuses_what_comes_after) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        auto before = create_task(db.fetch_one("SELECT 1"));
        co_await hocket::sleep(0);
        auto closing = create_task(db.close()), again = create_task(db.close());
        co_await hocket::sleep(0);
        EXPECT_TRUE(db.closed());
        EXPECT_EQ(co_await ending_of(db.execute("SELECT 2")),
                  "hocket::sqlite::ProgrammingError: execute \"SELECT 2\" on :memory:: the connection is closed");
        co_await closing;
        co_await again;
        EXPECT_EQ((co_await before)->get<int>(0), 1);
    }());
}

TEST(DbClose, is_finished_though_it_is_cancelled) {
    const auto threads = testing::threads_of_this_process();
    run([](std::ptrdiff_t threads_before) -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        auto task = create_task([&]() -> Coro<> {
            co_await db.close();
            EXPECT_EQ(testing::threads_of_this_process(), threads_before);
            co_await hocket::sleep(0);
        });
        co_await hocket::sleep(0);
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
    }(threads));
}

TEST(DbClose, a_block_that_is_cancelled_is_closed) {
    const auto threads = testing::threads_of_this_process();
    run([](std::ptrdiff_t threads_before) -> Coro<> {
        auto task = create_task([]() -> Coro<> {
            co_await with(sqlite::connect(":memory:"),
                          [](sqlite::Connection& db) -> Coro<> { co_await db.execute(testing::endless); });
        });
        co_await testing::until_it_runs();
        co_await testing::until_it_runs();
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_EQ(testing::threads_of_this_process(), threads_before);
    }(threads));
}

TEST(DbClose, a_connection_that_is_dropped_does_what_it_was_given) {
    const Folder folder;
    const auto threads = testing::threads_of_this_process();
    run([](std::string path) -> Coro<> {
        std::optional<Task<sqlite::Cursor>> insert;
        {
            auto db = co_await sqlite::connect(path);
            co_await db.execute("CREATE TABLE t (a)");
            insert = create_task(db.execute("INSERT INTO t VALUES (1)"));
            co_await hocket::sleep(0);
        }
        co_await *insert;
    }(folder.file("app.db")));
    EXPECT_EQ(testing::threads_of_this_process(), threads);
    run([](std::string path) -> Coro<> {
        auto db = co_await sqlite::connect(path);
        EXPECT_EQ((co_await db.fetch_all("SELECT * FROM t")).size(), 1U);
        co_await db.close();
    }(folder.file("app.db")));
}

TEST(DbClose, the_end_of_the_run_ends_a_connection_that_is_held_outside_of_it) {
    const auto threads = testing::threads_of_this_process();
    std::optional<sqlite::Connection> kept;
    std::optional<sqlite::Cursor> cursor;
    run([](std::optional<sqlite::Connection>& db, std::optional<sqlite::Cursor>& c) -> Coro<> {
        db = co_await sqlite::connect(":memory:");
        c = co_await db->execute(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 3000) SELECT n FROM c");
    }(kept, cursor));
    EXPECT_EQ(testing::threads_of_this_process(), threads);
    EXPECT_TRUE(kept->closed());
    EXPECT_EQ(testing::thrown_by([&] { run(kept->execute("SELECT 1")); }),
              "hocket::sqlite::ProgrammingError: execute \"SELECT 1\" on :memory:: the connection is closed");
}

TEST(DbClose, a_loop_that_is_closed_interrupts_what_runs) {
    testing::Reports reports;
    const auto threads = testing::threads_of_this_process();
    {
        const auto loop = new_event_loop();
        std::optional<Task<>> task, queued;
        loop->run_until_complete([&]() -> Coro<> {
            auto db = Shared<sqlite::Connection>::make(co_await sqlite::connect(":memory:"));
            task = create_task([](Shared<sqlite::Connection> c) -> Coro<> { co_await c->execute(endless); }, db);
            queued = create_task([](Shared<sqlite::Connection> c) -> Coro<> { co_await c->execute("SELECT 1"); }, db);
            co_await testing::until_it_runs();
        }());
        loop->close();
    }
    EXPECT_EQ(testing::threads_of_this_process(), threads);
    EXPECT_NE(reports.taken().find("Task was destroyed but it is pending!"), std::string::npos);
}

TEST(VirtualDb, time_stands_while_the_thread_works) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        EventLoop& loop = get_running_loop();
        auto sleeper = create_task(testing::value_after(1s, 0));
        const auto before = loop.time();
        co_await db.fetch_one(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000) SELECT count(*) FROM c");
        EXPECT_EQ(loop.time(), before);
        co_await sleeper;
        co_await db.close();
    }());
}

}  // namespace
}  // namespace hocket
