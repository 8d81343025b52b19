// SPDX-License-Identifier: MIT
// Cursors: rows in batches, and what becomes of them on a cancel or a close.
#include <hocket/db/cursor.h>

#include <hocket/db/db_test.h>

#include <gtest/gtest.h>
#include <hocket/flow/gather.h>

#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::ending_of;

constexpr const char* numbers =
    "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c LIMIT ?) SELECT n, 'text ' || n AS t FROM c";

TEST(DbCursor, gives_every_row_in_order) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        for (const int n : {0, 1, 63, 64, 65, 5000}) {
            auto cursor = co_await db.execute(numbers, n);
            int seen = 0;
            while (auto row = co_await cursor.next()) {
                EXPECT_EQ(row->get<int>("n"), seen);
                EXPECT_EQ(row->get<std::string>("t"), "text " + std::to_string(seen));
                ++seen;
            }
            EXPECT_EQ(seen, n);
            EXPECT_FALSE(co_await cursor.next());
            EXPECT_EQ(cursor.columns(), (std::vector<std::string>{"n", "t"}));
        }
        co_await db.close();
    }());
}

TEST(DbCursor, rows_come_in_batches) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        auto cursor = co_await db.execute(numbers, 10000);
        int rows = 0, turns = 0;
        auto ticker = create_task([&]() -> Coro<> {
            for (;; ++turns) co_await hocket::sleep(0);
        });
        co_await hocket::sleep(0);
        const int before = turns;
        for (; rows < 64; ++rows) co_await cursor.next();
        EXPECT_EQ(turns, before);  // nothing else ran
        while (co_await cursor.next()) ++rows;
        EXPECT_EQ(rows, 10000);
        ticker.cancel();
        co_await db.close();
    }());
}

TEST(DbCursor, rows_outlive_cursor_and_connection) {
    std::vector<sqlite::Row> rows = run([]() -> Coro<std::vector<sqlite::Row>> {
        auto db = co_await sqlite::connect(":memory:");
        auto cursor = co_await db.execute(numbers, 500);
        auto some = co_await cursor.fetchmany(3);
        auto rest = co_await cursor.fetchall();
        EXPECT_EQ(some.size(), 3U);
        EXPECT_EQ(rest.size(), 497U);
        some.push_back(rest.back());
        co_await db.close();
        co_return some;
    }());
    EXPECT_EQ(rows.back().get<std::string_view>("t"), "text 499");
}

TEST(DbCursor, two_cursors_of_one_statement_do_not_disturb_each_other) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        auto a = co_await db.execute(numbers, 3000), b = co_await db.execute(numbers, 3000);
        const auto sum = [](sqlite::Cursor& cursor) -> Coro<long> {
            long total = 0;
            while (auto row = co_await cursor.next()) total += row->get<int>(0);
            co_return total;
        };
        const auto [x, y] = co_await gather(sum(a), sum(b));
        EXPECT_EQ(x, 2999 * 3000 / 2);
        EXPECT_EQ(y, x);
        co_await db.close();
    }());
}

TEST(DbCursor, a_second_reader_that_would_wait_is_refused) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        auto cursor = co_await db.execute(numbers, 1000);
        co_await cursor.fetchmany(64);
        const auto reader = create_task(cursor.fetchall());
        co_await hocket::sleep(0);
        if (!reader.done()) {
            const std::string ending = co_await ending_of(cursor.next());
            EXPECT_NE(ending.find("another task reads this cursor"), std::string::npos) << ending;
        }
        EXPECT_EQ((co_await reader).size(), 936U);
        co_await db.close();
    }());
}

TEST(DbCursor, one_that_is_closed_says_so) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        auto cursor = co_await db.execute("SELECT 1");
        cursor.close();
        EXPECT_EQ(co_await ending_of(cursor.next()),
                  "hocket::sqlite::ProgrammingError: execute \"SELECT 1\" on :memory:: the cursor is closed");
        co_await db.close();
    }());
}

TEST(DbCursor, of_a_connection_that_is_closed_it_gives_what_it_has) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        auto complete = co_await db.execute("SELECT 1"), cut = co_await db.execute(numbers, 1000);
        co_await db.close();
        EXPECT_TRUE(co_await complete.next());
        EXPECT_FALSE(co_await complete.next());
        EXPECT_EQ((co_await cut.fetchmany(64)).size(), 64U);
        const std::string ending = co_await ending_of(cut.next());
        EXPECT_NE(ending.find("on :memory:: the connection is closed"), std::string::npos) << ending;
    }());
}

TEST(DbCursor, one_that_is_dropped_half_way_holds_no_lock) {
    const testing::Folder folder;
    run([](std::string path) -> Coro<> {
        auto reader = co_await sqlite::connect(path), writer = co_await sqlite::connect(path, {.timeout = Duration()});
        co_await writer.executescript(
            "CREATE TABLE t (a); INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 "
            "FROM c LIMIT 1000) SELECT n FROM c");
        {
            auto cursor = co_await reader.execute("SELECT a FROM t");
            EXPECT_NE((co_await ending_of(writer.execute("DELETE FROM t"))).find("database is locked"),
                      std::string::npos);
        }
        co_await reader.execute("SELECT 1");  // after the end of the cursor's statement
        co_await writer.execute("DELETE FROM t");
        co_await gather(reader.close(), writer.close());
    }(folder.file("app.db")));
}

TEST(DbCursor, a_cancelled_fetch_that_has_not_begun_loses_no_row) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        auto cursor = co_await db.execute(numbers, 200);
        co_await cursor.fetchmany(64);
        auto endless = create_task(db.fetch_all(testing::endless));
        co_await testing::until_it_runs();
        auto fetch = create_task(cursor.next());
        co_await hocket::sleep(0);
        fetch.cancel();
        EXPECT_EQ(co_await ending_of(fetch), "hocket::CancelledError");  // though the thread is at work
        endless.cancel();
        EXPECT_EQ(co_await ending_of(endless), "hocket::CancelledError");
        EXPECT_EQ((co_await cursor.next())->get<int>(0), 64);
        EXPECT_EQ((co_await cursor.fetchall()).size(), 135U);
        co_await db.close();
    }());
}

TEST(DbCursor, a_cancel_on_the_way_to_a_row_ends_the_statement_for_good) {
    run([]() -> Coro<> {
        auto db = co_await sqlite::connect(":memory:");
        // 100 rows, and then none for hours.
        auto cursor = co_await db.execute(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000000) SELECT n FROM c "
            "WHERE n <= 100");
        EXPECT_EQ((co_await cursor.fetchmany(64)).size(), 64U);
        int delivered = 0;
        auto fetch = create_task([&]() -> Coro<> {
            auto row = co_await cursor.next();  // rows have been read when the cancel comes
            delivered = row->get<int>(0);
        });
        co_await testing::until_it_runs();
        fetch.cancel();
        EXPECT_EQ(co_await ending_of(fetch), "hocket::CancelledError");
        EXPECT_EQ(delivered, 65);
        EXPECT_EQ((co_await cursor.fetchmany(35)).size(), 35U);
        for (int i = 0; i < 2; ++i) {
            const std::string ending = co_await ending_of(cursor.next());
            EXPECT_NE(ending.find("on :memory:: interrupted"), std::string::npos) << ending;
        }
        co_await db.close();
    }());
}

}  // namespace
}  // namespace hocket
