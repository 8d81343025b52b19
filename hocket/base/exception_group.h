// SPDX-License-Identifier: MIT
// Several exceptions that travel as one.
#pragma once

#include <hocket/base/config.h>
#include <hocket/base/owners.h>

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {

/// Everything that went wrong at once, nothing lost (`ExceptionGroup`). What `task_group` throws.
///
///     } catch (const ExceptionGroup& group) {
///         auto [timeouts, others] = group.split<TimeoutError>();
///
/// Members may be groups in turn. Copies share the members and never throw. `describe` gives one line for each of them.
class HOCKET_EXPORT ExceptionGroup : public std::exception {
public:
    /// Throws ValueError when `exceptions` is empty or holds a null.
    ExceptionGroup(std::string_view message, std::vector<std::exception_ptr> exceptions);
    ExceptionGroup(const ExceptionGroup&) noexcept = default;
    ExceptionGroup& operator=(const ExceptionGroup&) noexcept = default;
    ~ExceptionGroup() override;

    /// `unhandled errors in a TaskGroup (2 sub-exceptions)`.
    const char* what() const noexcept override;
    /// What was given to the constructor.
    std::string_view message() const noexcept;
    /// The members, in the order in which they were thrown.
    const std::vector<std::exception_ptr>& exceptions() const noexcept;

    /// The part that holds only exceptions of type E, at any depth, nested and worded as here; nothing if there is none.
    template <class E>
    std::optional<ExceptionGroup> subgroup() const {
        return split<E>().first;
    }
    /// The part that holds only exceptions of type E, and the part with all the others; together they are the whole. A group that is
    /// an E itself goes over undivided.
    template <class E>
    std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> split() const {
        if constexpr (std::is_base_of_v<E, ExceptionGroup>) {
            return {*this, std::nullopt};
        } else {
            return split_by(&is_a<E>);
        }
    }

private:
    struct Content;
    using Parts = std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>>;

    template <class E>
    static bool is_a(const std::exception_ptr& e) noexcept {
        try {
            std::rethrow_exception(e);
        } catch (const E&) {
            return true;
        } catch (...) {  // all that is asked is its type
            return false;
        }
    }
    Parts split_by(bool (*matches)(const std::exception_ptr&) noexcept) const;

    Shared<const Content> content_;
};

/// The group in `e`, or null. It lives as long as `e`.
HOCKET_EXPORT const ExceptionGroup* exception_group(const std::exception_ptr& e) noexcept;

}  // namespace hocket
