// SPDX-License-Identifier: MIT
// A process that is traced, and ends in the way that its argument names.
#include <hocket/hocket.h>
#include <hocket/inspect/trace.h>

#include <tests/support/allocations.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

using namespace hocket;
using namespace std::chrono_literals;

namespace {

volatile std::uintptr_t zero = 0;

void say(const char* text) {
    std::puts(text);
    std::fflush(stdout);
}

Coro<> rest() { co_await hocket::sleep(1ms); }

void wait_for_the_end() {
    say("ready");
    while (std::getchar() != EOF) continue;
}

unsigned overflow(unsigned depth) {  // NOLINT(misc-no-recursion)
    volatile char used[4096] = {};
    return depth == UINT32_MAX ? 0 : overflow(depth + 1) + static_cast<unsigned char>(used[depth % 4096]);
}

void touch_missing_page() {
    auto* const page =
        static_cast<volatile char*>(mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, fileno(std::tmpfile()), 0));
    page[0] = 1;
}

// The thread's stack for signals becomes one of 8 kB, or larger where the kernel alone needs more than half of that. Nobody may touch the page below.
void use_small_stack() {
    constexpr long page = 4096, usual = HOCKET_POOL ? 2 * page : 16 * page;  // sanitizers' code needs more
    const auto size = static_cast<std::size_t>(std::max(usual, sysconf(_SC_MINSIGSTKSZ) + page));
    auto* const memory =
        static_cast<char*>(mmap(nullptr, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    stack_t small{};
    small.ss_sp = memory + page;
    small.ss_size = size;
    if (mprotect(memory, page, PROT_NONE) < 0 || sigaltstack(&small, nullptr) < 0) std::exit(2);
}

void crash(std::string_view how) {
    if (how == "small_stack") {
        use_small_stack();
        crash("SIGSEGV");
    }
    if (how == "SIGSEGV") *reinterpret_cast<volatile int*>(zero) = 1;
    if (how == "SIGBUS") touch_missing_page();
    if (how == "SIGFPE") zero = 100 / zero;
    if (how == "SIGILL") __builtin_trap();
    if (how == "SIGABRT") std::abort();
    if (how == "overflow") zero = overflow(0);
    if (how == "thread") std::thread([] { crash("SIGSEGV"); }).join();
    if (how == "stall") std::thread([] { inspect::write_trace_if_asked("a stall"); }).join();
    if (how == "outside") wait_for_the_end();
}

// The child of a fork is no second writer of its parent's trace, and has one of its own when it runs a loop.
void fork_and_end(bool runs_a_loop) {
    const pid_t child = fork();
    if (child > 0) {
        waitpid(child, nullptr, 0);
        if (runs_a_loop) return;
        _exit(0);
    }
    if (runs_a_loop) std::thread([] { run(rest()); }).join();
    std::exit(0);
}

Coro<> handle(std::string_view how) {
    co_await hocket::sleep(1ms);
    if (how == "fork") fork_and_end(false);
    if (how == "fork_and_run") fork_and_end(true);
    crash(how);
}

Coro<> amain(std::string_view how) {
    const auto early = create_task(rest(), {.name = "early"});
    co_await create_task(handle(how), {.name = "handler"});
    if (how == "no_memory") hocket::testing::refused_from = 1 << 20;
    if (how == "serve" || how == "no_memory") co_await to_thread(wait_for_the_end);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view how = argc > 1 ? argv[1] : "end";
    if (how == "no_memory" && !HOCKET_POOL) {
        say("sanitizers replace operator new");
        return 0;
    }
    if (argc > 2 && argv[2] == std::string_view("own_handlers")) {
        std::signal(SIGSEGV, [](int) { _exit(write(1, "own\n", 4) == 4 ? 3 : 4); });
        std::signal(SIGUSR2, [](int) { _exit(write(1, "own\n", 4) == 4 ? 3 : 4); });
    }
    run(amain(how));
}
