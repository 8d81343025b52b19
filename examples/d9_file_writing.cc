// SPDX-License-Identifier: MIT
// D9: a file written without blocking the loop, and read again.
#include <hocket/hocket.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

hocket::Coro<> write_log(std::string path) {
    co_await hocket::with(co_await hocket::fs::open(path, "w"), [](hocket::fs::File& file) -> hocket::Coro<> {
        co_await file.write("Async I/O in action!\n");
    });
}

hocket::Coro<> print_log(std::string path) {
    auto file = co_await hocket::fs::open(path);
    while (auto line = co_await file.next()) std::printf("log.txt: %s", line->c_str());
}

hocket::Coro<> amain(std::string folder) {
    co_await write_log(folder + "/log.txt");
    co_await print_log(folder + "/log.txt");
    try {
        co_await print_log("missing.txt");
    } catch (const hocket::OSError& e) {
        std::printf("%s\n", e.what());
    }
}

int main() {
    std::string folder = std::filesystem::temp_directory_path() / "hocket_d9_XXXXXX";
    if (!mkdtemp(folder.data())) return 1;
    hocket::run(amain(folder));
    std::filesystem::remove_all(folder);
}
