// SPDX-License-Identifier: MIT
// How a child process is started: its standard descriptors, its environment, where it runs.
#pragma once

#include <hocket/net/transport.h>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::subprocess {

/// What a standard descriptor of a child is: PIPE, DEVNULL, STDOUT, a descriptor of this process, of which it gets a copy, or by default the one
/// that this process has.
class Stdio {
public:
    enum class Kind : unsigned char { inherit, pipe, null, as_stdout, descriptor };

    constexpr Stdio() noexcept = default;
    explicit constexpr Stdio(Kind kind) noexcept : kind_(kind) {}
    template <std::same_as<int> Descriptor>
    constexpr Stdio(Descriptor fd) noexcept : fd_(fd), kind_(Kind::descriptor) {}

    constexpr Kind kind() const noexcept { return kind_; }
    constexpr int fd() const noexcept { return fd_; }

private:
    int fd_ = -1;
    Kind kind_ = Kind::inherit;
};

/// One end of a new pipe; the other is the Process's stream.
inline constexpr Stdio PIPE{Stdio::Kind::pipe};
/// /dev/null.
inline constexpr Stdio DEVNULL{Stdio::Kind::null};
/// For standard error: where standard output goes.
inline constexpr Stdio STDOUT{Stdio::Kind::as_stdout};

/// An argument of a program: a string of any kind, or a std::filesystem::path. Refers to it.
class Argument {
public:
    template <class Text>
        requires std::convertible_to<const Text&, std::string_view>
    Argument(const Text& text) noexcept : text_(text) {}
    template <class Path>
        requires(!std::convertible_to<const Path&, std::string_view>) && requires(const Path& path) {
            { path.native() } -> std::same_as<const std::string&>;
        }
    Argument(const Path& path) noexcept : text_(path.native()) {}

    std::string_view text() const noexcept { return text_; }

private:
    std::string_view text_;
};

/// The environment of a child (`env=`): `Environment{{"LANG", "C"}}` has nothing else; `Environment::current()` is a copy of this process's
/// (`os.environ.copy()`).
class HOCKET_EXPORT Environment {
public:
    Environment() = default;
    /// Throws ValueError as `set` does.
    Environment(std::initializer_list<std::pair<std::string_view, std::string_view>> variables);
    /// No other thread may change it meanwhile (`setenv`).
    static Environment current();

    /// Adds or replaces a variable. Throws ValueError for a name that is empty or contains `=`, and for a null character.
    void set(std::string_view name, std::string_view value);
    /// Harmless where there is no such variable.
    void unset(std::string_view name) noexcept;
    /// Nothing where there is no such variable.
    std::optional<std::string_view> get(std::string_view name) const noexcept;
    /// `NAME=value` each.
    const std::vector<std::string>& entries() const noexcept { return entries_; }

private:
    std::vector<std::string> entries_;
};

}  // namespace hocket::subprocess

namespace hocket {

/// `create_subprocess_exec("cat", {}, {.stdin = subprocess::PIPE, .stdout = subprocess::PIPE})`
struct SubprocessOptions {
    subprocess::Stdio stdin = {};
    subprocess::Stdio stdout = {};
    subprocess::Stdio stderr = {};
    std::size_t limit = Transport::default_limit;     ///< of the readers: see StreamReader::readuntil
    std::string cwd = {};                             ///< the folder in which it runs; empty: this process's
    std::optional<subprocess::Environment> env = {};  ///< nothing: this process's
    std::string executable =
        {};  ///< run this in place of the program, or of /bin/sh, which is still the first argument
    bool start_new_session = false;         ///< setsid(2)
    std::optional<int> process_group = {};  ///< setpgid(2): 0 is one of its own
    int umask = -1;                         ///< of the files that it makes; -1: this process's
    bool close_fds = true;                  ///< false: descriptors without close-on-exec stay open in it
    std::vector<int> pass_fds = {};  ///< these stay open in it, under the same numbers, and all others are closed
};

}  // namespace hocket
