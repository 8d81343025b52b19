// SPDX-License-Identifier: MIT
// A process to look at: so many tasks that sleep, and so much memory that is in use.

#include <hocket/hocket.h>

#include <sys/mman.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

using namespace hocket;
using namespace std::chrono_literals;

Coro<> sleeper() { co_await hocket::sleep(1h); }

/// In pages of 4 KiB: a fork copies their table.
void use_memory(std::size_t bytes) {
    void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    madvise(memory, bytes, MADV_NOHUGEPAGE);
    std::memset(memory, 1, bytes);
}

Coro<> amain(std::size_t count) {
    std::vector<Task<>> tasks;
    tasks.reserve(count);
    while (tasks.size() < count) tasks.push_back(create_task(sleeper()));
    co_await hocket::sleep(0);
    std::printf("%zu tasks sleep\n", count);
    std::fflush(stdout);
    co_await hocket::sleep(1h);
}

}  // namespace

/// crowd TASKS MEGABYTES
int main(int argc, char** argv) {
    if (argc != 3) return std::fprintf(stderr, "usage: crowd TASKS MEGABYTES\n"), 2;
    if (const std::size_t megabytes = std::strtoul(argv[2], nullptr, 10); megabytes > 0) use_memory(megabytes << 20);
    run(amain(std::strtoul(argv[1], nullptr, 10)));
}
