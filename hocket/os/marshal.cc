// SPDX-License-Identifier: MIT
// Exceptions as bytes: which types are known, and how each is made again.
#include <hocket/os/marshal.h>

#include <hocket/base/unicode_error.h>

#include <array>
#include <new>
#include <stdexcept>
#include <system_error>
#include <typeinfo>

namespace hocket {

namespace {

struct Told {
    std::string text;
    int number = 0;          // of an error of the system
    bool of_system = false;  // its category, else the generic one
};

template <class E>
[[noreturn]] void raise(const Told& told) {
    if constexpr (std::is_same_v<E, OSError>) {
        throw OSError(told.number, told.text);
    } else if constexpr (std::is_same_v<E, std::system_error>) {
        const std::error_code code(told.number, told.of_system ? std::system_category() : std::generic_category());
        if (told.text.empty()) throw std::system_error(code);
        throw std::system_error(code, told.text);
    } else if constexpr (std::is_constructible_v<E, const std::string&>) {
        throw E(told.text);
    } else {
        throw E();
    }
}

struct Known {
    const std::type_info& type;
    void (*raise)(const Told&);
};

template <class E>
constexpr Known known() {
    return {typeid(E), raise<E>};
}

const std::array known_types{
    known<RuntimeError>(),
    known<ValueError>(),
    known<UnicodeDecodeError>(),
    known<UnicodeEncodeError>(),
    known<OSError>(),
    known<TimeoutError>(),
    known<InvalidStateError>(),
    known<std::runtime_error>(),
    known<std::logic_error>(),
    known<std::invalid_argument>(),
    known<std::out_of_range>(),
    known<std::domain_error>(),
    known<std::length_error>(),
    known<std::range_error>(),
    known<std::overflow_error>(),
    known<std::underflow_error>(),
    known<std::system_error>(),
    known<std::bad_alloc>(),
};

Told told_by_system(const std::system_error& e) {
    Told told{.text = e.what(), .number = e.code().value(), .of_system = e.code().category() == std::system_category()};
    // What is said of the code is said again when it is made again.
    const std::string of_code = e.code().message();
    if (told.text == of_code) {
        told.text.clear();
    } else if (told.text.ends_with(": " + of_code)) {
        told.text.resize(told.text.size() - of_code.size() - 2);
    }
    return told;
}

bool is_of_the_system(const std::system_error& e) {
    return e.code().category() == std::system_category() || e.code().category() == std::generic_category();
}

// False: its type is not among the known ones.
bool tell(const std::exception_ptr& error, std::size_t& type, Told& told) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        for (type = 0; type < known_types.size() && known_types[type].type != typeid(e);) ++type;
        if (type == known_types.size()) return false;
        told.text = e.what();
        const auto* of_system = dynamic_cast<const std::system_error*>(&e);
        if (!of_system) return true;
        told = told_by_system(*of_system);
        return is_of_the_system(*of_system);
    } catch (...) {  // described below
        return false;
    }
}

}  // namespace

std::string_view get_bytes(std::string_view& from, std::size_t size) {
    if (from.size() < size) throw RuntimeError("a message of a worker process ends too early");
    const std::string_view bytes = from.substr(0, size);
    from.remove_prefix(size);
    return bytes;
}

void put_exception(std::string& to, const std::exception_ptr& error) {
    std::size_t type = 0;
    Told told;
    if (!tell(error, type, told)) {
        type = 0;
        told = {.text = "a worker process threw " + describe(error)};
    }
    put_value(to, type);
    put_value(to, told.text);
    put_value(to, told.number);
    put_value(to, told.of_system);
}

void throw_exception(std::string_view from) {
    const auto type = get_value<std::size_t>(from);
    Told told{.text = get_value<std::string>(from)};
    told.number = get_value<int>(from);
    told.of_system = get_value<bool>(from);
    known_types.at(type).raise(told);
    __builtin_unreachable();
}

}  // namespace hocket
