// SPDX-License-Identifier: MIT
// Reading a row's columns, and what is said when one is not what was asked for.
#include <hocket/db/row.h>

#include <hocket/db/errors.h>

#include <algorithm>
#include <cstring>

namespace hocket::sqlite {

namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

const char* name_of(ValueType type) noexcept {
    switch (type) {
        case ValueType::integer: return "an integer";
        case ValueType::real: return "a real number";
        case ValueType::text: return "a text";
        case ValueType::blob: return "a blob";
        default: return "NULL";
    }
}

std::string number_of_columns(std::size_t n) { return std::to_string(n) + (n == 1 ? " column" : " columns"); }

}  // namespace

std::size_t Row::index(std::string_view column) const {
    const auto& names = keys();
    const auto found = std::ranges::find_if(names, [&](const std::string& name) { return same_name(name, column); });
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    throw ProgrammingError("read column \"" + std::string(column) + "\" of " + set_->columns->statement +
                           ": there is none of this name, but " + all);
}

const RowSet::Cell& Row::cell(std::size_t column) const {
    if (column >= size()) {
        throw ProgrammingError("read column " + std::to_string(column) + " of " + set_->columns->statement +
                               ": it has " + number_of_columns(size()) + ", counted from 0");
    }
    return set_->cells[first_ + column];
}

const RowSet::Cell& Row::cell(std::size_t column, ValueType wanted) const {
    const RowSet::Cell& c = cell(column);
    if (c.type != wanted) fail(column, std::string("it is ") + name_of(c.type) + ", not " + name_of(wanted));
    return c;
}

std::int64_t Row::integer(std::size_t column) const { return cell(column, ValueType::integer).integer; }

std::int64_t Row::integer_between(std::size_t column, std::int64_t low, std::int64_t high) const {
    const std::int64_t number = integer(column);
    if (number < low || number > high) {
        fail(column, "it is " + std::to_string(number) + ", which does not fit between " + std::to_string(low) +
                         " and " + std::to_string(high));
    }
    return number;
}

double Row::real(std::size_t column) const {
    const RowSet::Cell& c = cell(column);
    return c.type == ValueType::integer ? static_cast<double>(c.integer) : cell(column, ValueType::real).real;
}

std::string_view Row::bytes(const RowSet::Cell& cell) const noexcept {
    return std::string_view(set_->bytes).substr(cell.offset, cell.size);
}

std::string_view Row::text(std::size_t column) const { return bytes(cell(column, ValueType::text)); }

Blob Row::blob(std::size_t column) const {
    const std::string_view from = bytes(cell(column, ValueType::blob));
    Blob blob(from.size());
    if (!blob.empty()) std::memcpy(blob.data(), from.data(), from.size());
    return blob;
}

Value Row::value(std::size_t column) const {
    const RowSet::Cell& c = cell(column);
    switch (c.type) {
        case ValueType::integer: return c.integer;
        case ValueType::real: return c.real;
        case ValueType::text: return bytes(c);
        case ValueType::blob: return blob(column);
        default: return {};
    }
}

void Row::check_size(std::size_t asked) const {
    if (asked == size()) return;
    throw ProgrammingError("read " + number_of_columns(asked) + " of " + set_->columns->statement + ": it has " +
                           std::to_string(size()));
}

void Row::fail(std::size_t column, const std::string& why) const {
    throw ProgrammingError("read column \"" + keys()[column] + "\" of " + set_->columns->statement + ": " + why);
}

}  // namespace hocket::sqlite
