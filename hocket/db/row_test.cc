// SPDX-License-Identifier: MIT
// Values into statements, and columns out of rows.
#include <hocket/db/row.h>

#include <hocket/db/db_test.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace hocket {
namespace {

using sqlite::Blob;
using sqlite::Value;
using sqlite::ValueType;
using testing::thrown_by;

// The first row of `sql`.
template <class... P>
sqlite::Row row_of(std::string sql, P... parameters) {
    return run([](std::string s, P... p) -> Coro<sqlite::Row> {
        auto db = co_await sqlite::connect(":memory:");
        auto row = co_await db.fetch_one(std::move(s), std::move(p)...);
        co_await db.close();
        co_return std::move(*row);
    }(std::move(sql), std::move(parameters)...));
}

TEST(DbRow, integers_of_all_sizes_go_in_and_come_out) {
    const auto row = row_of("SELECT ?, ?, ?, ?, ?", std::numeric_limits<std::int64_t>::min(), std::uint8_t{255}, true,
                            short{-7}, std::uint64_t{INT64_MAX});
    EXPECT_EQ(row.get<std::int64_t>(0), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(row.get<int>(1), 255);
    EXPECT_TRUE(row.get<bool>(2));
    EXPECT_EQ(row.get<long>(3), -7);
    EXPECT_EQ(row.get<std::uint64_t>(4), std::uint64_t{INT64_MAX});
}

TEST(DbRow, an_integer_that_does_not_fit_is_refused) {
    const auto row = row_of("SELECT 300 AS n, -1 AS m");
    EXPECT_EQ(
        thrown_by([&] { row.get<std::uint8_t>("n"); }),
        "hocket::sqlite::ProgrammingError: read column \"n\" of \"SELECT 300 AS n, -1 AS m\" on :memory:: it is 300, "
        "which does not fit between 0 and 255");
    EXPECT_THROW(row.get<std::uint64_t>("m"), sqlite::ProgrammingError);
    EXPECT_EQ(row.get<std::int8_t>("m"), -1);
}

TEST(OnceDbValue, an_integer_of_64_bits_without_a_sign_is_refused) {
    EXPECT_EQ(
        thrown_by([] { Value(std::uint64_t{INT64_MAX} + 1); }),
        "hocket::ValueError: 9223372036854775808 is more than an integer of a database can be, 9223372036854775807");
}

TEST(DbRow, real_numbers_keep_every_bit) {
    const auto row = row_of("SELECT ?, ?, ?, 3", 0.1, 2.5F, std::numeric_limits<double>::infinity());
    EXPECT_EQ(row.get<double>(0), 0.1);
    EXPECT_EQ(row.get<float>(1), 2.5F);
    EXPECT_TRUE(std::isinf(row.get<double>(2)));
    EXPECT_EQ(row.get<double>(3), 3.0);
}

TEST(DbRow, texts_keep_their_null_characters) {
    using namespace std::string_literals;
    const auto row = row_of("SELECT ?, length(?1), ?, ''", "a\0b"s, std::string_view("caf\xc3\xa9"));
    EXPECT_EQ(row.get<std::string>(0), "a\0b"s);
    EXPECT_EQ(row.get<std::string_view>(2), "caf\xc3\xa9");
    EXPECT_EQ(row.get<std::string>(3), "");
}

TEST(DbRow, bytes_go_in_from_any_container_and_come_out_as_a_blob) {
    const Blob blob{std::byte{0}, std::byte{255}, std::byte{7}};
    const std::vector<unsigned char> characters{1, 2};
    const auto row = row_of("SELECT ?, ?, ?, ?", blob, characters, std::span<const std::byte>(blob).first(2), Blob());
    EXPECT_EQ(row.get<Blob>(0), blob);
    EXPECT_EQ(row.get<Blob>(1), (Blob{std::byte{1}, std::byte{2}}));
    EXPECT_EQ(row.get<Blob>(2).size(), 2U);
    EXPECT_EQ(row.type(3), ValueType::blob);
    EXPECT_TRUE(row.get<Blob>(3).empty());
}

TEST(DbRow, null_is_nothing) {
    const char* const no_text = nullptr;
    const auto row =
        row_of("SELECT ?, ?, ?, ?, ?", nullptr, std::nullopt, std::optional<int>(), std::optional("text"), no_text);
    EXPECT_TRUE(row.is_null(0));
    EXPECT_EQ(row.get<std::optional<std::string>>(1), std::nullopt);
    EXPECT_EQ(row.get<std::optional<int>>(2), std::nullopt);
    EXPECT_EQ(row.get<std::optional<std::string>>(3), "text");
    EXPECT_TRUE(row.is_null(4));
}

TEST(DbRow, what_a_column_is_not_is_said) {
    const auto row = row_of("SELECT NULL AS age, 'x' AS name, 1.5 AS size, x'00' AS photo");
    const std::string of = " of \"SELECT NULL AS age, 'x' AS name, 1.5 AS size, x'00' AS photo\" on :memory:: ";
    const std::string read = "hocket::sqlite::ProgrammingError: read column ";
    EXPECT_EQ(thrown_by([&] { row.get<int>("age"); }), read + "\"age\"" + of + "it is NULL, not an integer");
    EXPECT_EQ(thrown_by([&] { row.get<int>("name"); }), read + "\"name\"" + of + "it is a text, not an integer");
    EXPECT_EQ(thrown_by([&] { row.get<int>("size"); }), read + "\"size\"" + of + "it is a real number, not an integer");
    EXPECT_EQ(thrown_by([&] { row.get<std::string>("photo"); }), read + "\"photo\"" + of + "it is a blob, not a text");
}

TEST(DbRow, a_column_that_is_not_there_is_named_with_those_that_are) {
    const auto row = row_of("SELECT 1 AS id, 'Anna' AS name");
    EXPECT_EQ(thrown_by([&] { row.get<int>("nmae"); }),
              "hocket::sqlite::ProgrammingError: read column \"nmae\" of \"SELECT 1 AS id, 'Anna' AS name\" on "
              ":memory:: there is "
              "none of this name, but id, name");
    EXPECT_EQ(thrown_by([&] { row.get<int>(2); }),
              "hocket::sqlite::ProgrammingError: read column 2 of \"SELECT 1 AS id, 'Anna' AS name\" on :memory:: it "
              "has 2 columns, "
              "counted from 0");
    EXPECT_EQ(
        thrown_by([&] { row.as<int>(); }),
        "hocket::sqlite::ProgrammingError: read 1 column of \"SELECT 1 AS id, 'Anna' AS name\" on :memory:: it has 2");
}

TEST(DbRow, columns_go_by_name_without_case_and_as_a_tuple) {
    const auto row = row_of("SELECT 1 AS id, 'Anna' AS Name, NULL AS age");
    EXPECT_EQ(row.keys(), (std::vector<std::string>{"id", "Name", "age"}));
    EXPECT_EQ(row.get<std::string>("nAME"), "Anna");
    const auto [id, name, age] = row.as<int, std::string, std::optional<int>>();
    EXPECT_EQ(id, 1);
    EXPECT_EQ(name, "Anna");
    EXPECT_EQ(age, std::nullopt);
}

TEST(DbRow, a_value_is_whatever_the_column_holds) {
    const auto row = row_of("SELECT NULL, 1, 1.5, 'x', x'00ff'");
    const std::vector<Value> values{row.get<Value>(0), row.get<Value>(1), row.get<Value>(2), row.get<Value>(3),
                                    row.get<Value>(4)};
    EXPECT_EQ(values, (std::vector<Value>{nullptr, 1, 1.5, "x", Blob{std::byte{0}, std::byte{255}}}));
}

TEST(OnceDbValue, rows_of_parameters_are_tuples_pairs_arrays_and_single_values) {
    EXPECT_EQ(sqlite::row_of_parameters(std::tuple(1, "a", nullptr)), (sqlite::Parameters{1, "a", nullptr}));
    EXPECT_EQ(sqlite::row_of_parameters(*std::map<int, std::string>{{1, "a"}}.begin()), (sqlite::Parameters{1, "a"}));
    EXPECT_EQ(sqlite::row_of_parameters(std::array{1, 2}), (sqlite::Parameters{1, 2}));
    EXPECT_EQ(sqlite::row_of_parameters(std::string("a")), (sqlite::Parameters{"a"}));
    EXPECT_EQ(sqlite::row_of_parameters(sqlite::Parameters{1, 2}), (sqlite::Parameters{1, 2}));
}

}  // namespace
}  // namespace hocket
