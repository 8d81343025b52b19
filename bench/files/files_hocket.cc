// SPDX-License-Identifier: MIT
// Reading many small files with hocket, 64 at a time. HOCKET_BACKEND says on what.

#include <hocket/hocket.h>

#include <string>

#include "../measure.h"

namespace {

using namespace hocket;

Coro<> read_every_64th(const std::string& folder, int first, int n) {
    for (int i = first; i < n; i += 64) {
        const std::string bytes = co_await fs::read_bytes(folder + std::to_string(i));
        if (bytes.size() != 4096) std::abort();
    }
}

Coro<> read_all(const std::string& folder, int n) {
    std::vector<Coro<>> readers;
    for (int first = 0; first < 64; ++first) readers.push_back(read_every_64th(folder, first, n));
    co_await gather(std::move(readers));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::string folder = std::string(argv[1]) + "/";
    Runner runner;
    bench::report_us(std::atoi(argv[2]), [&](int n) { runner.run(read_all(folder, n)); });
}
