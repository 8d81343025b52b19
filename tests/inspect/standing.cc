// SPDX-License-Identifier: MIT
// A process to be looked into, which stands still in the way that its argument names until its standard input ends.
#include <hocket/hocket.h>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

using namespace hocket;
using namespace std::chrono_literals;

namespace {

void say_and_wait_for_the_end(const std::string& words) {
    std::puts(words.c_str());
    std::fflush(stdout);
    while (std::getchar() != EOF) continue;
}

void say_ready_and_wait_for_the_end() { say_and_wait_for_the_end("ready"); }

Coro<> rest() { co_await hocket::sleep(1h); }

// Two tasks with one name, and one whose name is not for a terminal to obey.
Coro<> namesakes() {
    const auto twin = create_task(rest(), {.name = "twin"});
    const auto other = create_task(rest(), {.name = "twin"});
    const auto wild = create_task(rest(), {.name = "\x1b[2J\n\u009b\u00df"});
    co_await hocket::sleep(1ms);
    co_await to_thread(say_ready_and_wait_for_the_end);
}

// Its child, whose number is its second line, has its loop and not the thread that runs it.
Coro<> forked() {
    co_await to_thread([] {
        const pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
            say_and_wait_for_the_end("ready\n" + std::to_string(getpid()));
            _exit(0);
        }
        waitpid(child, nullptr, 0);
    });
}

// Never at rest: it has another name with each step, and a reading of all that stands beside it takes many of them.
Coro<> restless() {
    const auto beside = create_task(rest(), {.name = "beside"});
    std::vector<Task<>> many;
    many.reserve(1500);
    for (int i = 0; i < 1500; ++i) many.push_back(create_task(rest()));
    const auto end = create_task(to_thread(say_ready_and_wait_for_the_end));
    for (unsigned n = 0; !end.done(); ++n) {
        current_task().set_name(std::to_string(n));
        co_await hocket::sleep(0s);
    }
}

// What waits at queues and connections, many tasks that do the same, and names that would be HTML.
Coro<> take(Queue<int>& orders) { co_await orders.get(); }

Coro<> say_nothing(StreamReader reader, StreamWriter) { co_await reader.read(1); }

Coro<> all_sorts() {
    Queue<int> orders;
    const auto cook = create_task(take(orders), {.name = "cook"});
    const auto image = create_task(rest(), {.name = "<img src=x onerror=\"document.title = 'obeyed'\">"});
    const auto script = create_task(rest(), {.name = "</script><script>document.title = 'obeyed'</script>"});
    const Server server = co_await start_server(say_nothing, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    const auto client = create_task(say_nothing(reader, writer), {.name = "client"});
    std::vector<Task<>> many;
    many.reserve(1200);
    for (int i = 0; i < 1200; ++i) many.push_back(create_task(rest()));
    co_await to_thread(say_ready_and_wait_for_the_end);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view how = argc == 2 ? argv[1] : "";
    if (how == "no_loop") {
        say_ready_and_wait_for_the_end();
    } else if (how == "no_tasks") {
        Runner runner;
        runner.get_loop();
        say_ready_and_wait_for_the_end();
    } else if (how == "namesakes") {
        run(namesakes());
    } else if (how == "forked") {
        run(forked());
    } else if (how == "restless") {
        run(restless());
    } else if (how == "all_sorts") {
        run(all_sorts());
    } else {
        std::fputs("usage: standing no_loop|no_tasks|namesakes|forked|restless|all_sorts\n", stderr);
        return 2;
    }
}
