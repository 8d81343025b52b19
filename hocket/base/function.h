// SPDX-License-Identifier: MIT
// A move-only callable of one signature, for callbacks that are kept (std::function's header costs 0.15 s to compile).
#pragma once

#include <hocket/base/coroutine_function.h>

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace hocket {

template <class Signature>
class Function;

/// A callable that may be empty: a pointer to a function, a std::function, a Function of another signature.
template <class F>
concept NullableCallable = std::is_constructible_v<F, std::nullptr_t> && requires(const F& f) { static_cast<bool>(f); };

/// Empty when it is made of nothing, or of a callable that is empty.
template <class R, class... Args>
class Function<R(Args...)> {
public:
    Function() noexcept = default;
    Function(std::nullptr_t) noexcept {}

    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, Function> && std::is_invocable_r_v<R, F&, Args...>)
    Function(F&& f) {
        using Target = std::decay_t<F>;
        static_assert(!std::is_void_v<R> || !CoroutineFunction<std::decay_t<F>, Args...>,
                      "hocket: a callback is no coroutine function, which create_task runs");
        if constexpr (NullableCallable<Target>) {
            const Target& given = f;
            if (!given) return;
        }
        target_ = static_cast<void*>(new Target(std::forward<F>(f)));
        call_ = [](void* target, Args... args) -> R {
            return static_cast<R>((*static_cast<Target*>(target))(std::forward<Args>(args)...));
        };
        destroy_ = [](void* target) noexcept { delete static_cast<Target*>(target); };
    }

    Function(Function&& other) noexcept
        : target_(std::exchange(other.target_, nullptr)),
          call_(std::exchange(other.call_, nullptr)),
          destroy_(other.destroy_) {}
    Function& operator=(Function other) noexcept {
        std::swap(target_, other.target_);
        std::swap(call_, other.call_);
        std::swap(destroy_, other.destroy_);
        return *this;
    }
    ~Function() {
        if (target_) destroy_(target_);
    }

    explicit operator bool() const noexcept { return target_; }
    R operator()(Args... args) const { return call_(target_, std::forward<Args>(args)...); }

private:
    void* target_ = nullptr;
    R (*call_)(void*, Args...) = nullptr;
    void (*destroy_)(void*) noexcept = nullptr;
};

}  // namespace hocket
