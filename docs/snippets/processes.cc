// SPDX-License-Identifier: MIT
// The programs of processes.md.
#include <hocket/hocket.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>
using namespace hocket;
using namespace std::chrono_literals;

// [first]
using subprocess::PIPE;

Coro<> sort_lines() {
    const Process sort = co_await create_subprocess_exec("sort", {"-r"}, {.stdin = PIPE, .stdout = PIPE});
    auto [out, err] = co_await sort.communicate("one\ntwo\nthree\n");
    std::printf("%s", out.c_str());
}
// [/first]

// [shell]
Coro<> count() {
    const Process process = co_await create_subprocess_shell("echo $((6 * 7)); exit 3", {.stdout = PIPE});
    std::printf("%s", (co_await process.stdout().readline()).c_str());
    std::printf("exit status %d\n", co_await process.wait());
}
// [/shell]

// [interactive]
Coro<> calculate() {
    const Process cat = co_await create_subprocess_exec("cat", {}, {.stdin = PIPE, .stdout = PIPE});
    for (const char* line : {"first\n", "second\n"}) {
        co_await cat.stdin().write(line);
        std::printf("%s", (co_await cat.stdout().readline()).c_str());
    }
    cat.stdin().close();
    std::printf("exit status %d\n", co_await cat.wait());
}
// [/interactive]

// [environment]
Coro<> elsewhere() {
    auto environment = subprocess::Environment::current();  // a copy, as os.environ.copy()
    environment.set("GREETING", "hello");
    const Process process = co_await create_subprocess_shell("echo \"$GREETING from $(pwd)\"",
                                                             {.stdout = PIPE, .cwd = "/usr", .env = environment});
    auto [out, err] = co_await process.communicate();
    std::printf("%s", out.c_str());
}
// [/environment]

// [timeout]
Coro<> be_impatient() {
    const Process process = co_await create_subprocess_exec("sleep", {"1000"});
    try {
        co_await wait_for(process.wait(), 20ms);
    } catch (const TimeoutError&) {
        process.terminate();
    }
    std::printf("returncode %d\n", co_await process.wait());
}
// [/timeout]

// [errors]
Coro<> errors() {
    try {
        co_await create_subprocess_exec("no-such-program");
    } catch (const OSError& e) {
        std::printf("%s\n", e.what());
    }
    try {
        co_await create_subprocess_exec("ls", {}, {.cwd = "/no/such/folder"});
    } catch (const OSError& e) {
        std::printf("%s\n", e.what());
    }
}
// [/errors]

// [pipe]
Coro<> through_a_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) co_return;
    const StreamReader reader = co_await connect_read_pipe(ends[0]);
    const StreamWriter writer = co_await connect_write_pipe(ends[1]);
    co_await writer.write("through a pipe\n");
    writer.close();
    std::printf("%s", (co_await reader.read()).c_str());
}
// [/pipe]

Coro<> amain() {
    co_await sort_lines();
    co_await count();
    co_await calculate();
    co_await elsewhere();
    co_await be_impatient();
    co_await errors();
    co_await through_a_pipe();
}

int main() { run(amain()); }
