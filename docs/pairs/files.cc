// SPDX-License-Identifier: MIT
// Files written, read line by line, and changed, without blocking the loop.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>

using hocket::Coro;
namespace fs = hocket::fs;

Coro<> amain() {
    auto diary = co_await fs::open("diary.txt", "w");
    co_await hocket::with(diary, [&]() -> Coro<> {
        co_await diary.write("Monday: rain\n");
        co_await diary.write("Tuesday: sun\n");
    });

    diary = co_await fs::open("diary.txt");
    int number = 0;
    while (auto line = co_await diary.next())
        std::printf("%d: %s", ++number, line->c_str());

    diary = co_await fs::open("diary.txt", "r+b");
    const std::string monday = co_await diary.readline();
    co_await diary.seek(8);  // after "Monday: "
    co_await diary.write("wind");
    co_await diary.seek(0);
    const std::string changed = co_await diary.read(12);
    std::printf("%zu bytes, now %s\n", monday.size(), changed.c_str());
    co_await diary.close();

    const auto size = co_await fs::getsize("diary.txt");
    std::printf("%lu bytes in all\n", size);
    co_await fs::remove("diary.txt");
    try {
        co_await fs::open("diary.txt");
    } catch (const hocket::OSError& error) {
        if (error.code() != std::errc::no_such_file_or_directory) throw;
        std::printf("there is no diary.txt\n");
    }
}

int main() { hocket::run(amain()); }
