// SPDX-License-Identifier: MIT
// Programs that are started, talked to, waited for, and ended.
#include <hocket/hocket.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hocket::Coro;
using hocket::Process;
using hocket::subprocess::PIPE;

Coro<std::string> upside_down(std::string lines) {
    const Process process = co_await hocket::create_subprocess_exec(
        "sort", {"-r"}, {.stdin = PIPE, .stdout = PIPE});
    auto [out, err] = co_await process.communicate(lines);
    co_return std::move(out);
}

Coro<std::string> answer_of(std::string command) {
    const Process process =
        co_await hocket::create_subprocess_shell(command, {.stdout = PIPE});
    auto [out, err] = co_await process.communicate();
    out.pop_back();
    co_return out + ", status " + std::to_string(*process.returncode());
}

Coro<> talk() {
    const Process cat = co_await hocket::create_subprocess_exec(
        "cat", {}, {.stdin = PIPE, .stdout = PIPE});
    for (const char* line : {"first\n", "second\n"}) {
        co_await cat.stdin().write(line);
        const std::string answer = co_await cat.stdout().readline();
        std::printf("%s", answer.c_str());
    }
    cat.stdin().close();
    std::printf("cat ended with %d\n", co_await cat.wait());
}

Coro<> be_impatient() {
    const Process process =
        co_await hocket::create_subprocess_exec("sleep", {"1000"});
    try {
        co_await hocket::wait_for(process.wait(), 20ms);
    } catch (const hocket::TimeoutError&) {
        process.terminate();
    }
    std::printf("sleep ended with %d\n", co_await process.wait());
}

Coro<> amain() {
    std::printf("%s", (co_await upside_down("a\nb\nc\n")).c_str());
    std::vector<Coro<std::string>> answers;
    for (const char* n : {"0", "1", "2"})
        answers.push_back(
            answer_of(std::string("echo ") + n + "; exit " + n));
    for (const auto& answer : co_await hocket::gather(std::move(answers)))
        std::printf("%s\n", answer.c_str());
    co_await talk();
    co_await be_impatient();
    try {
        co_await hocket::create_subprocess_exec("no-such-program");
    } catch (const hocket::OSError& error) {
        if (error.code() != std::errc::no_such_file_or_directory) throw;
        std::printf("there is no such program\n");
    }
}

int main() { hocket::run(amain()); }
