// SPDX-License-Identifier: MIT
// The exceptions' key functions, and their descriptions.
#include <hocket/base/errors.h>

#include <hocket/base/exception_group.h>

#include <cxxabi.h>
#include <atomic>
#include <cstdlib>
#include <typeinfo>

namespace hocket {

RuntimeError::~RuntimeError() = default;
InvalidStateError::~InvalidStateError() = default;
ValueError::~ValueError() = default;
TimeoutError::~TimeoutError() = default;
OSError::~OSError() = default;

namespace {

std::atomic<bool> loop_end_was_made = false;

std::string type_name(const std::exception_ptr& e) {
    const std::type_info* type = e.__cxa_exception_type();
    int status = 0;
    char* name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
    std::string result = status == 0 ? name : type->name();
    std::free(name);
    return result;
}

std::string with_text(std::string name, std::string_view text) {
    if (!text.empty()) name.append(": ").append(text);
    return name;
}

// `    1: std::runtime_error: no such page`, a line for each member, further to the right for each group around it.
std::string lines_of(const ExceptionGroup& group) {
    std::string lines;
    std::size_t number = 0;
    for (const std::exception_ptr& e : group.exceptions()) {
        lines += "\n    " + std::to_string(++number) + ": ";
        for (const char c : describe(e)) lines += c == '\n' ? std::string("\n    ") : std::string(1, c);
    }
    return lines;
}

}  // namespace

LoopEnd::LoopEnd() noexcept { loop_end_was_made.store(true, std::memory_order_relaxed); }

std::string describe(const std::exception_ptr& e) {
    if (!e) return "no exception";
    std::string name = type_name(e);
    try {
        std::rethrow_exception(e);
    } catch (const ExceptionGroup& group) {
        return with_text(std::move(name), group.what()) + lines_of(group);
    } catch (const std::exception& error) {
        return with_text(std::move(name), error.what());
    } catch (const CancelledError& error) {
        return with_text(std::move(name), error.message());
    } catch (const SystemExit& exit) {
        return with_text(std::move(name), std::to_string(exit.code));
    } catch (const std::string& text) {
        return with_text(std::move(name), text);
    } catch (const char* text) {
        return with_text(std::move(name), text);
    } catch (...) {  // an exception that says no more than its type
        return name;
    }
}

bool is_cancelled(const std::exception_ptr& e) noexcept {
    return e && *e.__cxa_exception_type() == typeid(CancelledError);
}

// libstdc++ keeps in an exception_ptr nothing but the address of the object that was thrown.
const CancelledError* cancelled_error(const std::exception_ptr& e) noexcept {
    static_assert(sizeof(std::exception_ptr) == sizeof(void*));
    return is_cancelled(e) ? *reinterpret_cast<const CancelledError* const*>(&e) : nullptr;
}

bool ends_the_loop(const std::exception_ptr& e) noexcept {
    return loop_end_was_made.load(std::memory_order_relaxed) && e &&
           (*e.__cxa_exception_type() == typeid(KeyboardInterrupt) || *e.__cxa_exception_type() == typeid(SystemExit));
}

}  // namespace hocket
