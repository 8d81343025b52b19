// SPDX-License-Identifier: MIT
// The environment of a child process.
#include <hocket/process/subprocess_options.h>

#include <hocket/base/errors.h>

#include <unistd.h>
#include <algorithm>

namespace hocket::subprocess {

namespace {

bool is_of(const std::string& entry, std::string_view name) noexcept {
    return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

}  // namespace

Environment::Environment(std::initializer_list<std::pair<std::string_view, std::string_view>> variables) {
    for (const auto& [name, value] : variables) set(name, value);
}

Environment Environment::current() {
    Environment copy;
    for (const char* const* entry = environ; entry && *entry; ++entry) copy.entries_.emplace_back(*entry);
    return copy;
}

void Environment::set(std::string_view name, std::string_view value) {
    if (name.empty() || name.find('=') != std::string_view::npos)
        throw ValueError("\"" + std::string(name) + "\" is no name of an environment variable");
    std::string entry;
    entry.append(name).append("=").append(value);
    if (entry.find('\0') != std::string::npos)
        throw ValueError("the environment variable " +
                         entry.substr(0, entry.find_first_of(std::string_view("=\0", 2))) +
                         " has a null character in it");
    const auto found = std::ranges::find_if(entries_, [&](const std::string& e) { return is_of(e, name); });
    if (found == entries_.end()) {
        entries_.push_back(std::move(entry));
    } else {
        *found = std::move(entry);
    }
}

void Environment::unset(std::string_view name) noexcept {
    std::erase_if(entries_, [&](const std::string& e) { return is_of(e, name); });
}

std::optional<std::string_view> Environment::get(std::string_view name) const noexcept {
    const auto found = std::ranges::find_if(entries_, [&](const std::string& e) { return is_of(e, name); });
    if (found == entries_.end()) return std::nullopt;
    return std::string_view(*found).substr(name.size() + 1);
}

}  // namespace hocket::subprocess
