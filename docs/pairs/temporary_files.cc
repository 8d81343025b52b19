// SPDX-License-Identifier: MIT
// Text files and their positions; files and folders that are gone at the end of their block.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>
#include <vector>

using hocket::Coro, hocket::with;
namespace fs = hocket::fs;

Coro<> write_cities(std::string path) {
    auto cities =
        co_await fs::open(path, "w", {.newline = fs::Newline::crlf});
    const std::size_t n = co_await cities.write("Köln\n");
    std::printf("%zu characters\n", n);
    std::vector<std::string> more{"Oslo\n", "Paris\n"};
    co_await cities.writelines(more);
    co_await cities.close();
}

Coro<> read_cities(std::string path) {
    auto cities = co_await fs::open(path);
    co_await cities.read(2);
    std::printf("%s", (co_await cities.readline()).c_str());
    const auto place = co_await cities.tell();
    std::printf("%s", (co_await cities.readline()).c_str());
    co_await cities.seek(place);
    while (auto line = co_await cities.next())
        std::printf("again or new: %s", line->c_str());
}

Coro<std::string> in_a_folder() {
    fs::TemporaryDirectoryOptions options{.prefix = "job_"};
    auto folder = co_await fs::temporary_directory(options);
    co_await with(folder, [](const std::string& name) -> Coro<> {
        const std::string path = name + "/cities.txt";
        co_await write_cities(path);
        std::printf("%lu bytes\n", co_await fs::getsize(path));
        co_await read_cities(path);
        for (const std::string& entry : co_await fs::listdir(name))
            std::printf("['%s']\n", entry.c_str());
    });
    co_return folder.name();
}

Coro<std::string> without_a_folder() {
    fs::TemporaryOptions named{.mode = "w+", .suffix = ".log"};
    auto log = co_await fs::named_temporary_file(named);
    co_await log.write("started\nstopped\n");
    co_await log.seek(0);
    std::printf("%zu lines\n", (co_await log.readlines()).size());
    std::puts(log.name().ends_with(".log") ? "True" : "False");
    co_await log.close();

    auto scratch = co_await fs::spooled_temporary_file({.max_size = 8});
    co_await scratch.write("0123456789");  // on the disk when it is flushed
    co_await scratch.truncate(6);
    co_await scratch.seek(4);
    std::printf("%s\n", (co_await scratch.read()).c_str());
    co_return log.name();
}

Coro<> no_text() {
    auto file = co_await fs::named_temporary_file();
    co_await file.write("good\nbad \xff\n");
    co_await file.flush();
    auto text = co_await fs::open(file.name());
    try {
        co_await text.read();
    } catch (const hocket::UnicodeDecodeError& error) {
        std::printf("no UTF-8 at byte %ld\n", error.start());
    }
}

Coro<> amain() {
    const std::string folder = co_await in_a_folder();
    const std::string file = co_await without_a_folder();
    for (const std::string& path : {folder, file}) {
        const bool there = co_await fs::exists(path);
        std::puts(there ? "there" : "gone");
    }
    co_await no_text();
}

int main() { hocket::run(amain()); }
