// SPDX-License-Identifier: MIT
// Transactions: committed, rolled back, one within the other, and of several tasks.
#include <hocket/db/transaction.h>

#include <hocket/db/db_test.h>

#include <gtest/gtest.h>
#include <hocket/flow/gather.h>

#include <string>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::ending_of;

// What is in the table after the block, as a text.
Coro<std::string> left_in(sqlite::Connection& db) {
    auto row = co_await db.fetch_one("SELECT coalesce(group_concat(a, ' '), '') FROM t");
    co_return row->get<std::string>(0);
}

Coro<> insert(sqlite::Connection& db, std::string value) { co_await db.execute("INSERT INTO t VALUES (?)", value); }

Coro<sqlite::Connection> with_table() {
    auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE t (a UNIQUE)");
    co_return db;
}

TEST(DbTransaction, is_committed_at_its_end_and_gives_the_blocks_result) {
    run([]() -> Coro<> {
        auto db = co_await with_table();
        const int result = co_await with(db.transaction(), [&]() -> Coro<int> {
            EXPECT_TRUE(db.in_transaction());
            co_await insert(db, "a");
            co_return 3;
        });
        EXPECT_EQ(result, 3);
        EXPECT_FALSE(db.in_transaction());
        EXPECT_EQ(co_await left_in(db), "a");
        co_await db.close();
    }());
}

TEST(DbTransaction, is_rolled_back_when_the_block_throws) {
    run([]() -> Coro<> {
        auto db = co_await with_table();
        EXPECT_EQ(co_await ending_of(with(db.transaction({.mode = sqlite::TransactionMode::immediate}),
                                          [&]() -> Coro<> {
                                              co_await insert(db, "a");
                                              throw ValueError("no");
                                          })),
                  "hocket::ValueError: no");
        EXPECT_FALSE(db.in_transaction());
        EXPECT_EQ(co_await left_in(db), "");
        co_await db.close();
    }());
}

TEST(DbTransaction, is_rolled_back_when_the_block_is_cancelled) {
    run([]() -> Coro<> {
        auto db = co_await with_table();
        auto task = create_task([&]() -> Coro<> {
            co_await with(db.transaction(), [&]() -> Coro<> {
                co_await insert(db, "a");
                co_await testing::forever();
            });
        });
        while (!db.in_transaction() || db.total_changes() == 0) co_await db.execute("SELECT 1");
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_FALSE(db.in_transaction());
        EXPECT_EQ(co_await left_in(db), "");
        co_await db.close();
    }());
}

TEST(DbTransaction, a_cancel_in_the_midst_of_a_long_statement_undoes_it_all) {
    run([]() -> Coro<> {
        auto db = co_await with_table();
        auto task = create_task([&]() -> Coro<> {
            co_await with(db.transaction(), [&]() -> Coro<> {
                co_await insert(db, "a");
                co_await db.execute(std::string("INSERT INTO t ") + testing::endless);
            });
        });
        co_await testing::until_it_runs();
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_EQ(co_await left_in(db), "");
        co_await db.close();
    }());
}

TEST(DbTransaction, one_within_another_is_undone_alone) {
    run([]() -> Coro<> {
        auto db = co_await with_table();
        co_await with(db.transaction(), [&]() -> Coro<> {
            co_await insert(db, "a");
            co_await ending_of(with(db.transaction(), [&]() -> Coro<> {
                co_await insert(db, "b");
                throw ValueError("no");
            }));
            co_await with(db.transaction(), [&]() -> Coro<> { co_await insert(db, "c"); });
        });
        EXPECT_EQ(co_await left_in(db), "a c");
        co_await db.close();
    }());
}

TEST(DbTransaction, those_of_several_tasks_take_turns) {
    run([]() -> Coro<> {
        auto db = co_await with_table();
        const auto pair = [&](std::string name) -> Coro<> {
            co_await with(db.transaction(), [&]() -> Coro<> {
                co_await insert(db, name + "1");
                co_await testing::turns(3);
                co_await insert(db, name + "2");
            });
        };
        co_await gather(pair("x"), pair("y"));
        EXPECT_EQ(co_await left_in(db), "x1 x2 y1 y2");
        co_await db.close();
    }());
}

TEST(DbTransaction, one_that_cannot_begin_leaves_the_turn_to_the_next) {
    run([]() -> Coro<> {
        auto db = co_await with_table();
        co_await db.execute("BEGIN");
        const auto nothing = []() -> Coro<> { co_return; };
        EXPECT_EQ(co_await ending_of(with(db.transaction(), nothing)),
                  "hocket::sqlite::OperationalError: execute \"BEGIN\" on :memory:: cannot start a transaction within "
                  "a transaction");
        co_await db.rollback();
        co_await with(db.transaction(), nothing);
        co_await db.close();
    }());
}

TEST(DbTransaction, one_that_a_statement_has_undone_is_not_committed_in_part) {
    run([]() -> Coro<> {
        auto db = co_await with_table();
        EXPECT_EQ(co_await ending_of(with(db.transaction(),
                                          [&]() -> Coro<> {
                                              co_await insert(db, "a");
                                              co_await ending_of(db.execute("INSERT OR ROLLBACK INTO t VALUES ('a')"));
                                          })),
                  "hocket::sqlite::OperationalError: execute \"COMMIT\" on :memory:: the transaction is not open any "
                  "more: a statement "
                  "that failed or was cancelled undid it");
        EXPECT_EQ(co_await left_in(db), "");
        co_await db.close();
    }());
}

TEST(DbTransaction, a_commit_that_fails_is_rolled_back) {
    run([]() -> Coro<> {
        auto db = co_await with_table();
        co_await db.executescript(
            "PRAGMA foreign_keys = ON; CREATE TABLE u (a REFERENCES t(a) DEFERRABLE INITIALLY DEFERRED)");
        EXPECT_EQ(co_await ending_of(with(db.transaction(),
                                          [&]() -> Coro<> { co_await db.execute("INSERT INTO u VALUES ('nobody')"); })),
                  "hocket::sqlite::IntegrityError: execute \"COMMIT\" on :memory:: FOREIGN KEY constraint failed");
        EXPECT_FALSE(db.in_transaction());
        EXPECT_EQ((co_await db.fetch_all("SELECT * FROM u")).size(), 0U);
        co_await db.close();
    }());
}

TEST(DbTransaction, the_block_may_close_the_connection) {
    run([]() -> Coro<> {
        auto db = co_await with_table();
        EXPECT_EQ(co_await ending_of(with(db.transaction(), [&]() -> Coro<> { co_await db.close(); })),
                  "hocket::sqlite::ProgrammingError: execute \"COMMIT\" on :memory:: the connection is closed");
    }());
}

TEST(DbTransaction, commit_and_rollback_without_one_do_nothing) {
    run([]() -> Coro<> {
        auto db = co_await with_table();
        co_await db.commit();
        co_await db.rollback();
        co_await db.execute("BEGIN");
        co_await insert(db, "a");
        co_await db.commit();
        co_await db.execute("BEGIN");
        co_await insert(db, "b");
        co_await db.rollback();
        EXPECT_EQ(co_await left_in(db), "a");
        co_await db.close();
    }());
}

TEST(DbTransaction, ten_cancels_at_any_moment_leave_all_or_nothing) {
    run([]() -> Coro<> {
        auto db = co_await with_table();
        for (int wait = 0; wait < 10; ++wait) {
            auto task = create_task([&]() -> Coro<> {
                co_await with(db.transaction(), [&]() -> Coro<> {
                    co_await insert(db, "a");
                    co_await insert(db, "b");
                });
            });
            co_await testing::turns(wait);
            for (int i = 0; i < wait / 2; ++i) std::this_thread::sleep_for(50us);
            task.cancel();
            const std::string ending = co_await ending_of(task);
            const std::string left = co_await left_in(db);
            EXPECT_FALSE(db.in_transaction());
            EXPECT_TRUE(left.empty() || left == "a b") << left << ", " << ending;
            co_await db.execute("DELETE FROM t");
        }
        co_await db.close();
    }());
}

}  // namespace
}  // namespace hocket
