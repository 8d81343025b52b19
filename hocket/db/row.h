// SPDX-License-Identifier: MIT
// Rows that a statement gave, read by column.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/db/value.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace hocket::sqlite {

/// The columns of a statement, and the statement as errors name it: `"SELECT id FROM users" on app.db`.
struct Columns {
    std::vector<std::string> names;
    std::string statement;
};

/// Rows that were read together, in two blocks of memory.
struct HOCKET_EXPORT RowSet {
    struct Cell {
        ValueType type = ValueType::null;
        std::uint32_t size = 0;  // of a text or a blob
        union {
            std::int64_t integer = 0;
            double real;
            std::size_t offset;  // where its bytes begin
        };
    };
    Shared<const Columns> columns;
    std::vector<Cell> cells;  // row after row
    std::string bytes;
    std::size_t rows = 0;
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// What a column can be read as.
template <class T>
concept Readable =
    Integer<T> || std::floating_point<T> || std::same_as<T, std::string> || std::same_as<T, std::string_view> ||
    std::same_as<T, Blob> || std::same_as<T, Value> || is_optional<T>;

/// One row of a result (`sqlite3.Row`). A handle: copies are cheap, and share memory with the rows that were read together with this one.
/// May be read on any thread.
///
/// Columns go by number, from 0, or by name, without case, as in `sqlite3.Row`; of two with the same name the first is found. What is not there, or
/// does not fit, throws ProgrammingError: `read column "age" of "SELECT * FROM users" on app.db: it is NULL, not an integer`.
class HOCKET_EXPORT Row {
public:
    Row(Shared<const RowSet> set, std::size_t row) noexcept : set_(std::move(set)) {
        first_ = row * set_->columns->names.size();
    }

    /// The number of columns.
    std::size_t size() const noexcept { return set_->columns->names.size(); }
    /// Their names (`keys()`).
    const std::vector<std::string>& keys() const noexcept { return set_->columns->names; }

    /// The column as a `T`: an integer type, which the value must fit in; `bool`, true for all but 0; `double`, from integers, too;
    /// `std::string`; `std::string_view`, for as long as a row of the same reading lives; `Blob`; `Value`, whatever it is; a `std::optional` of
    /// one of these, which takes NULL.
    template <class T>
    T get(std::size_t column) const {
        static_assert(
            Readable<T>,
            "hocket: a column is read as an integer, a floating-point number, a bool, std::string, std::string_view, "
            "sqlite::Blob, sqlite::Value, or a std::optional of one of these");
        if constexpr (std::same_as<T, bool>) {
            return integer(column) != 0;
        } else if constexpr (Integer<T>) {
            return static_cast<T>(integer_between(column, lowest<T>, highest<T>));
        } else if constexpr (std::floating_point<T>) {
            return static_cast<T>(real(column));
        } else if constexpr (std::same_as<T, std::string> || std::same_as<T, std::string_view>) {
            return T(text(column));
        } else if constexpr (std::same_as<T, Blob>) {
            return blob(column);
        } else if constexpr (std::same_as<T, Value>) {
            return value(column);
        } else if constexpr (is_optional<T>) {
            if (is_null(column)) return std::nullopt;
            return get<typename T::value_type>(column);
        }
    }
    template <class T>
    T get(std::string_view column) const {
        return get<T>(index(column));
    }
    /// All columns, each as one type: `auto [id, name] = row.as<int, std::string>();`
    template <class... T>
    std::tuple<T...> as() const {
        check_size(sizeof...(T));
        return [this]<std::size_t... i>(std::index_sequence<i...>) {
            return std::tuple<T...>{this->template get<T>(i)...};
        }(std::index_sequence_for<T...>());
    }

    ValueType type(std::size_t column) const { return cell(column).type; }
    ValueType type(std::string_view column) const { return type(index(column)); }
    bool is_null(std::size_t column) const { return type(column) == ValueType::null; }
    bool is_null(std::string_view column) const { return type(column) == ValueType::null; }
    /// The number of the column with this name.
    std::size_t index(std::string_view column) const;

private:
    template <class T>
    static constexpr std::int64_t lowest =
        std::unsigned_integral<T> ? 0 : static_cast<std::int64_t>(std::numeric_limits<T>::min());
    template <class T>
    static constexpr std::int64_t highest =
        sizeof(T) < sizeof(std::int64_t) ? static_cast<std::int64_t>(std::numeric_limits<T>::max()) : INT64_MAX;

    const RowSet::Cell& cell(std::size_t column) const;
    const RowSet::Cell& cell(std::size_t column, ValueType wanted) const;
    std::int64_t integer(std::size_t column) const;
    std::int64_t integer_between(std::size_t column, std::int64_t low, std::int64_t high) const;
    double real(std::size_t column) const;
    std::string_view text(std::size_t column) const;
    std::string_view bytes(const RowSet::Cell& cell) const noexcept;
    Blob blob(std::size_t column) const;
    Value value(std::size_t column) const;
    void check_size(std::size_t asked) const;
    [[noreturn]] void fail(std::size_t column, const std::string& why) const;

    Shared<const RowSet> set_;
    std::size_t first_;
};

}  // namespace hocket::sqlite
