// SPDX-License-Identifier: MIT
// From an address in a program's code to function, file and line.
#pragma once

#include <hocket/base/config.h>
#include <hocket/base/function.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace hocket {

/// One function that stands at an address. `file` is empty and `line` 0 where the program has no line tables (-g1 is enough).
struct CodeLocation {
    std::string function;
    std::string file;
    unsigned line = 0;
};

/// `fetch_data (src/crawler.cc:12)`
HOCKET_EXPORT std::string words_for(const CodeLocation& place);

/// The functions at `address`, the innermost inlined one first; empty when nothing is known. Slow (it reads the program's
/// debugging information, about 10 ms the first time): for reports only. Thread-safe.
HOCKET_EXPORT std::vector<CodeLocation> code_locations(const void* address);

/// `fetch_data (crawler.cc:12)`, or `0x55d0c0de` when nothing is known: the first function at `address` that is not the library's own.
/// The clones that compilers make of a coroutine (`fetch_data.resume`, `fetch_data(_Z..Frame*)`) are named as the coroutine.
HOCKET_EXPORT std::string code_location(const void* address);

/// One of the functions that a thread is in.
struct StackFrame {
    std::uint64_t address = 0;  ///< of code: where it is, or the call that has not returned
    std::uint64_t stack_pointer =
        0;  ///< where its part of the stack begins, which ends where that of its caller begins; 0: unknown
    std::vector<std::uint64_t> registers = {};  ///< those that a call keeps, as this function has them
};

/// The same of another process, at whose programs and libraries it looks. Not thread-safe.
class HOCKET_EXPORT Symbols {
public:
    /// Of a live process. Throws OSError where its memory's map cannot be read.
    static Symbols of_process(int pid);
    /// Of one that has left a core file: of the program and the libraries that it names. Throws ValueError where that cannot be read.
    static Symbols of_core(const std::string& path);
    /// Of one whose /proc/PID/maps was `map`, of the programs and libraries that it names. Throws OSError where it is empty.
    static Symbols of_map(std::string map);
    Symbols(Symbols&&) noexcept;
    Symbols& operator=(Symbols&&) noexcept;
    ~Symbols();

    std::vector<CodeLocation> code_locations(std::uint64_t address) const;
    std::string code_location(std::uint64_t address) const;
    /// Calls `visit` for each function that a thread is in now, or was in when the core was written, the innermost first, until it gives false. A
    /// live thread stands still meanwhile, as for a debugger; one that another looks at is waited for, up to a second. Nothing is visited where
    /// that is not allowed. Throws what `visit` throws.
    void walk_stack(int thread, const Function<bool(const StackFrame&)>& visit) const;

private:
    explicit Symbols(class DebugInformation* information) noexcept;
    class DebugInformation* information_;
    mutable std::unordered_map<std::uint64_t, std::string> known_;  // many tasks wait at the same line
};

}  // namespace hocket
