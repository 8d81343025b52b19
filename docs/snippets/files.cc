// SPDX-License-Identifier: MIT
// The programs of files.md.
#include <hocket/hocket.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
using namespace hocket;
using namespace std::chrono_literals;

// [first]
Coro<> keep_a_diary() {
    auto diary = co_await fs::open("diary.txt", "w");
    co_await diary.write("Monday: rain\n");
    co_await diary.write("Tuesday: sun\n");
    co_await diary.close();  // or the destructor

    auto again = co_await fs::open("diary.txt");
    while (auto line = co_await again.next()) std::printf("%s", line->c_str());
}
// [/first]

// [with]
Coro<> add_a_day() {
    co_await with(co_await fs::open("diary.txt", "a"), [](fs::File& diary) -> Coro<> {
        co_await diary.write("Wednesday: wind\n");
    });  // closed, however the block ends
}
// [/with]

// [positions]
Coro<> correct_it() {
    auto diary = co_await fs::open("diary.txt", "r+");
    const std::string monday = co_await diary.readline();
    const auto tuesday = co_await diary.tell();
    co_await diary.write("Tuesday: fog\n");
    co_await diary.seek(tuesday);
    std::printf("after \"%.6s\" comes \"%s\"\n", monday.c_str(), (co_await diary.read(12)).c_str());
}
// [/positions]

// [whole]
Coro<> copy_it() {
    const std::string text = co_await fs::read_text("diary.txt");
    co_await fs::write_text("copy.txt", text);
    std::printf("%lu bytes copied\n", co_await fs::getsize("copy.txt"));
    co_await fs::remove("copy.txt");
}
// [/whole]

// [text]
Coro<> text_and_bytes() {
    auto out = co_await fs::open("cafe.txt", "w", {.newline = fs::Newline::crlf});
    const std::size_t characters = co_await out.write("café\n");
    co_await out.close();
    auto text = co_await fs::open("cafe.txt");  // UTF-8, and any newline is read as \n
    auto bytes = co_await fs::open("cafe.txt", "rb");
    const std::string four = co_await text.read(4);
    std::printf("%zu characters, %zu bytes; %s\n", characters, (co_await bytes.read()).size(), four.c_str());
}
// [/text]

// [temporary]
Coro<> scratch_work() {
    co_await with(co_await fs::temporary_directory(), [](const std::string& folder) -> Coro<> {
        co_await fs::write_text(folder + "/part", "one");
        for (const fs::DirEntry& entry : co_await fs::scandir(folder))
            std::printf("%s, a file: %d\n", entry.name.c_str(), entry.is_file);
    });  // the folder is gone
    co_await with(co_await fs::temporary_file(), [](fs::File& scratch) -> Coro<> {
        co_await scratch.write("two");
        co_await scratch.seek(0);
        std::printf("%s\n", (co_await scratch.read()).c_str());
    });
}
// [/temporary]

// [names]
Coro<> in_the_file_system() {
    co_await fs::makedirs("a/b");
    co_await fs::symlink("../diary.txt", "a/link");
    const fs::StatResult diary = co_await fs::stat("a/link");
    const bool leads_there = co_await fs::samefile("a/link", "diary.txt");
    std::printf("%lu bytes, the same file: %d\n", diary.size, leads_there);
    co_await fs::rmtree("a");
}
// [/names]

// [standard]
Coro<> shout() {
    auto output = fs::standard_output();
    auto input = fs::standard_input();
    while (auto line = co_await input.next()) co_await output.write("> " + *line);
    co_await output.close();
}
// [/standard]

// [errors]
Coro<> errors() {
    try {
        co_await fs::open("missing.txt");
    } catch (const OSError& e) {
        std::printf("%s\n", e.what());
    }
    try {
        co_await fs::open("diary.txt", "rw");
    } catch (const ValueError& e) {
        std::printf("%s\n", e.what());
    }
    co_await fs::write_bytes("picture", "GIF\xff");
    try {
        co_await fs::read_text("picture");
    } catch (const UnicodeDecodeError& e) {
        std::printf("%s\n", e.what());
    }
}
// [/errors]

// [order]
Coro<> several_at_once() {
    auto file = co_await fs::open("diary.txt");
    auto [first, second] = co_await gather(file.readline(), file.readline());  // in this order
    std::printf("%s%s", first.c_str(), second.c_str());
}
// [/order]

int main() {
    std::string folder = std::filesystem::temp_directory_path() / "hocket_files_XXXXXX";
    if (!mkdtemp(folder.data())) return 1;
    std::filesystem::current_path(folder);
    run(keep_a_diary());
    run(add_a_day());
    run(correct_it());
    run(copy_it());
    run(text_and_bytes());
    run(scratch_work());
    run(in_the_file_system());
    run(errors());
    run(several_at_once());
    std::fflush(stdout);
    std::fputs("typed\n", std::freopen("typed", "w+", stdin));
    std::rewind(stdin);
    run(shout());
    std::filesystem::remove_all(folder);
}
