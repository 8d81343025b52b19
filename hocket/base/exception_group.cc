// SPDX-License-Identifier: MIT
// What a group of exceptions holds, and how it is divided.
#include <hocket/base/exception_group.h>

#include <hocket/base/errors.h>

#include <algorithm>

namespace hocket {

struct ExceptionGroup::Content {
    std::string what;
    std::size_t message_size;
    std::vector<std::exception_ptr> exceptions;
};

ExceptionGroup::ExceptionGroup(std::string_view message, std::vector<std::exception_ptr> exceptions) {
    if (exceptions.empty()) throw ValueError("an ExceptionGroup needs at least one exception");
    if (std::find(exceptions.begin(), exceptions.end(), nullptr) != exceptions.end()) {
        throw ValueError("an ExceptionGroup cannot hold a null exception");
    }
    std::string what(message);
    what +=
        " (" + std::to_string(exceptions.size()) + (exceptions.size() == 1 ? " sub-exception)" : " sub-exceptions)");
    content_ = Shared<const Content>::make(Content{std::move(what), message.size(), std::move(exceptions)});
}

ExceptionGroup::~ExceptionGroup() = default;

const char* ExceptionGroup::what() const noexcept { return content_->what.c_str(); }

std::string_view ExceptionGroup::message() const noexcept {
    return std::string_view(content_->what).substr(0, content_->message_size);
}

const std::vector<std::exception_ptr>& ExceptionGroup::exceptions() const noexcept { return content_->exceptions; }

// A group that is itself of the type goes over whole; else its members are divided.
ExceptionGroup::Parts ExceptionGroup::split_by(bool (*matches)(const std::exception_ptr&) noexcept) const {
    std::vector<std::exception_ptr> matching, rest;
    for (const std::exception_ptr& e : exceptions()) {
        if (matches(e)) {
            matching.push_back(e);
        } else if (const ExceptionGroup* nested = exception_group(e)) {
            auto [inside, outside] = nested->split_by(matches);
            if (inside) matching.push_back(outside ? std::make_exception_ptr(*inside) : e);
            if (outside) rest.push_back(inside ? std::make_exception_ptr(*outside) : e);
        } else {
            rest.push_back(e);
        }
    }
    Parts parts;
    if (!matching.empty()) parts.first.emplace(message(), std::move(matching));
    if (!rest.empty()) parts.second.emplace(message(), std::move(rest));
    return parts;
}

const ExceptionGroup* exception_group(const std::exception_ptr& e) noexcept {
    if (!e) return nullptr;
    try {
        std::rethrow_exception(e);
    } catch (const ExceptionGroup& group) {
        return &group;
    } catch (...) {  // not a group
        return nullptr;
    }
}

}  // namespace hocket
