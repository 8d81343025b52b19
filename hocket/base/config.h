// SPDX-License-Identifier: MIT
// Every build switch of the library, and the check that a program and its library were built alike.
#pragma once

#define HOCKET_EXPORT __attribute__((visibility("default")))
#define HOCKET_INLINE __attribute__((always_inline)) inline

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13 && !defined(HOCKET_UNSAFE_COMPILER)
#error \
    "hocket needs clang 19 or GCC 14: GCC before 13 corrupts the memory of programs that use coroutines. On Debian 12: apt install clang-19, and CXX=clang++-19"
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOCKET_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HOCKET_SANITIZED 1
#endif
#endif
#ifndef HOCKET_SANITIZED
#define HOCKET_SANITIZED 0
#endif

// How one coroutine hands over to the next. Clang's symmetric transfer keeps the stack constant at every optimisation
// level; GCC's does not at -O0 nor under its sanitizers, so there the frame returns to the loop, which resumes the next.
#ifndef HOCKET_TRAMPOLINE
#ifdef __clang__
#define HOCKET_TRAMPOLINE 0
#else
#define HOCKET_TRAMPOLINE 1
#endif
#endif

// Frames come from free lists, except under sanitizers, which then see every use after free.
#ifndef HOCKET_POOL
#define HOCKET_POOL !HOCKET_SANITIZED
#endif

// With HOCKET_WARN_DANGLING, clang warns about arguments that a coroutine outlives (-Wdangling). Not the default, since clang then also
// refuses every function that returns a coroutine without being one, std::function and std::invoke among them; a function of one's own
// is marked HOCKET_CORO_WRAPPER.
#if defined(HOCKET_WARN_DANGLING) && defined(__has_cpp_attribute)
#if __has_cpp_attribute(clang::coro_return_type)
#define HOCKET_CORO_RETURN_TYPE [[clang::coro_return_type]] [[clang::coro_lifetimebound]]
#define HOCKET_CORO_WRAPPER [[clang::coro_wrapper]]
#endif
#endif
#ifndef HOCKET_CORO_RETURN_TYPE
#define HOCKET_CORO_RETURN_TYPE
#define HOCKET_CORO_WRAPPER
#endif
#ifdef __clang__
#define HOCKET_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define HOCKET_LIFETIMEBOUND
#endif

// Both switches are part of what a coroutine's code assumes about the library. Every translation unit refers to a symbol
// that only a library of the same variant defines: others do not link, and the symbol's name says why.
#if HOCKET_TRAMPOLINE && HOCKET_POOL
#define HOCKET_VARIANT this_libhocket_was_not_built_for__gcc
#elif HOCKET_TRAMPOLINE
#define HOCKET_VARIANT this_libhocket_was_not_built_for__gcc_with_sanitizers
#elif HOCKET_POOL
#define HOCKET_VARIANT this_libhocket_was_not_built_for__clang
#else
#define HOCKET_VARIANT this_libhocket_was_not_built_for__clang_with_sanitizers
#endif

namespace hocket {

HOCKET_EXPORT extern const char HOCKET_VARIANT;
// Each unit's own: of one that all share, the linker would keep the first, and never ask for what the others need.
[[gnu::used]] static const char* const same_variant = &HOCKET_VARIANT;

}  // namespace hocket
