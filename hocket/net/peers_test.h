// SPDX-License-Identifier: MIT
// What the tests with other people's programs share: commands that talk to a server of ours, and servers that a client of ours talks to.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/os/executor.h>

#include <sys/wait.h>
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace hocket::testing {

struct Outcome {
    std::string output;
    int status = -1;
};

/// What a command of the shell prints; blocks.
inline Outcome outcome_of(const std::string& text) {
    std::FILE* const pipe = popen(("exec 2>&1; " + text).c_str(), "re");
    Outcome outcome;
    std::array<char, 4096> buffer{};
    while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
        outcome.output.append(buffer.data(), n);
    outcome.status = WEXITSTATUS(pclose(pipe));
    return outcome;
}
/// The same on a thread, while the loop serves it.
inline Coro<Outcome> command(std::string text) {
    Outcome outcome = co_await to_thread(outcome_of, std::move(text));
    co_return outcome;
}

/// A command that runs a program in Python.
inline std::string python(const char* program, const std::string& arguments) {
    return "timeout 30 python3 - " + arguments + " <<'END'" + program + "END\n";
}

/// Runs a server program until it ends.
class TheirServer {
public:
    explicit TheirServer(const std::string& text) : pipe_(popen(("exec 2>&1; " + text).c_str(), "re")) {}
    TheirServer(const TheirServer&) = delete;
    TheirServer& operator=(const TheirServer&) = delete;
    ~TheirServer() { pclose(pipe_); }

    std::string line() {
        std::array<char, 512> text{};
        return std::fgets(text.data(), static_cast<int>(text.size()), pipe_) ? text.data() : "";
    }
    /// Reads up to the line that has `words`; whether it comes.
    bool says(std::string_view words) {
        for (std::string next = line(); !next.empty(); next = line()) {
            if (next.find(words) != std::string::npos) return true;
        }
        return false;
    }
    /// Reads up to the line that has `before`, at whose end the port is.
    std::uint16_t port(std::string_view before) {
        for (std::string next = line(); !next.empty(); next = line()) {
            if (const std::size_t found = next.find(before); found != std::string::npos) {
                const std::size_t colon = next.rfind(':');
                return static_cast<std::uint16_t>(std::stoi(next.substr(std::max(found + before.size(), colon + 1))));
            }
        }
        return 0;
    }

private:
    std::FILE* pipe_;
};

}  // namespace hocket::testing
