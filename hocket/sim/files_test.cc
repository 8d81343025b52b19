// SPDX-License-Identifier: MIT
// Programs that use files on simulated hosts: through fs, sockets and HTTP, over crashes, kills and restarts.
#include <hocket/core/sleep.h>
#include <hocket/http.h>
#include <hocket/net/sendfile.h>
#include <hocket/os/file.h>
#include <hocket/os/file_system.h>
#include <hocket/os/temporary.h>
#include <hocket/sim/run_in_world_test.h>

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::run_calmly;
using ::testing::UnorderedElementsAre;

// Closes it without a sync.
Coro<> append(std::string path, std::string text) {
    fs::File file = co_await fs::open(std::move(path), "a");
    co_await file.write(std::move(text));
    co_await file.close();
}

TEST(OnceSimPrograms, files_are_written_and_read) {
    run_calmly([](World& world) -> Coro<> {
        co_await fs::makedirs("/data/logs");
        co_await fs::write_text("/data/logs/a", "one\ntwo\n");
        co_await append("/data/logs/a", "three");
        EXPECT_EQ(co_await fs::read_text("/data/logs/a"), "one\ntwo\nthree");
        fs::File file = co_await fs::open("/data/logs/a", "r+");
        EXPECT_EQ(co_await file.readline(), "one\n");
        EXPECT_EQ(co_await file.tell(), 4);
        co_await file.seek(0, SEEK_END);
        co_await file.write("!");
        co_await file.fsync();
        EXPECT_EQ(co_await file.truncate(5), 5);
        co_await file.close();
        EXPECT_EQ(world.main().files().read("/data/logs/a"), "one\nt");
        EXPECT_EQ(co_await fs::getsize("data/logs/a"), 5U);
        EXPECT_EQ(co_await fs::abspath("data/../x"), "/x");
        EXPECT_THAT(co_await fs::listdir("/data"), ElementsAre("logs"));
        EXPECT_THAT(co_await error_of(fs::open("/none")), HasSubstr("open /none: No such file or directory"));
        co_await fs::rmtree("/data");
        EXPECT_FALSE(co_await fs::exists("/data"));
    });
}

TEST(OnceSimPrograms, temporary_files_and_folders_are_the_hosts) {
    run_calmly([](World&) -> Coro<> {
        std::string name;
        {
            fs::TemporaryDirectory folder = co_await fs::temporary_directory();
            name = co_await folder.aenter();
            EXPECT_TRUE(name.starts_with("/tmp/"));
            co_await fs::write_text(name + "/a", "x");
            fs::File unnamed = co_await fs::temporary_file();
            co_await unnamed.write("text");
            co_await unnamed.seek(0);
            EXPECT_EQ(co_await unnamed.read(), "text");
            fs::File spooled = co_await fs::spooled_temporary_file({.max_size = 10});
            co_await spooled.write("more than ten bytes");
            co_await spooled.flush();
            co_await spooled.seek(0);
            EXPECT_EQ(co_await spooled.read(), "more than ten bytes");
            co_await spooled.close();
            co_await unnamed.close();
            co_await folder.cleanup();
        }
        EXPECT_FALSE(co_await fs::exists(name));
    });
}

TEST(OnceSimPrograms, each_host_has_files_of_its_own) {
    run_calmly([](World& world) -> Coro<> {
        Host other = world.host("other", []() -> Coro<> { co_await fs::write_text("/a", "the other's"); });
        co_await fs::write_text("/a", "mine");
        while (other.running()) co_await hocket::sleep(1ms);
        EXPECT_EQ(co_await fs::read_text("/a"), "mine");
        EXPECT_EQ(other.files().read("/a"), "the other's");
    });
}

TEST(OnceSimPrograms, a_test_gives_a_host_files_before_it_starts_and_looks_at_them_when_it_is_down) {
    run_calmly([](World& world) -> Coro<> {
        Host host = world.host("server", []() -> Coro<> {
            if (!co_await fs::exists("/etc/app.conf")) co_return;
            co_await fs::write_text("/out", "port " + co_await fs::read_text("/etc/app.conf"));
        });
        while (host.running()) co_await hocket::sleep(1ms);
        EXPECT_FALSE(host.files().exists("/out"));
        host.files().write("/etc/app.conf", "80");
        world.crash(host);
        EXPECT_EQ(host.files().read("/etc/app.conf"), "80") << "it is on the disk";
        world.restart(host);
        while (host.running()) co_await hocket::sleep(1ms);
        EXPECT_EQ(host.files().read("/out"), "port 80");
        EXPECT_THROW(host.files().read("/none"), OSError);
        EXPECT_THROW(host.files().read("/etc"), OSError);
        EXPECT_THROW(host.files().write("/etc", "x"), OSError);
        EXPECT_THROW(host.files().write("/out/x", "x"), OSError);
    });
}

Coro<> write_and_wait(bool sync) {
    fs::File file = co_await fs::open("/log", "a");
    co_await file.write("line\n");
    if (sync) {
        co_await file.fsync();
    } else {
        co_await file.flush();
    }
    co_await file.write("in the buffer");
    co_await hocket::sleep(1h);
}

TEST(OnceSimPrograms, a_crash_takes_what_was_not_synced) {
    for (const bool sync : {true, false}) {
        run_calmly([sync](World& world) -> Coro<> {
            Host host = world.host("a", [sync] { return write_and_wait(sync); });
            co_await hocket::sleep(1s);
            EXPECT_EQ(host.files().read("/log"), "line\n");
            world.crash(host);
            EXPECT_EQ(host.files().exists("/log"), sync);
            if (sync) {
                EXPECT_EQ(host.files().read("/log"), "line\n");
            }
        });
    }
}

TEST(OnceSimPrograms, a_program_that_is_killed_loses_only_its_buffers) {
    run_calmly([](World& world) -> Coro<> {
        Host host = world.host("a", [] { return write_and_wait(false); });
        co_await hocket::sleep(1s);
        world.kill(host);
        EXPECT_EQ(host.files().read("/log"), "line\n");
        world.restart(host);
        co_await hocket::sleep(1s);
        EXPECT_EQ(host.files().read("/log"), "line\nline\n");
    });
}

// A job that has not begun holds the file of a program that is gone; its descriptor may be another's by then.
TEST(OnceSimPrograms, what_is_left_of_a_program_does_not_touch_the_files_of_the_next) {
    Config config = Config::calm();
    config.job = {10s, 10s};
    const Outcome outcome = run(config, [](World& world) -> Coro<> {
        int starts = 0;
        Host host = world.host("a", [&starts]() -> Coro<> {
            ++starts;
            fs::File file = co_await fs::open(starts == 1 ? "/first" : "/second", "w");
            if (starts > 1) co_await hocket::sleep(1h);
            co_await file.write("for the first");
            co_await file.flush();
        });
        co_await hocket::sleep(15s);
        world.kill(host);
        world.restart(host);
        co_await hocket::sleep(1min);
        EXPECT_EQ(host.files().read("/first"), "");
        EXPECT_EQ(host.files().read("/second"), "");
    });
    EXPECT_TRUE(outcome.ok) << outcome.error;
}

TEST(OnceSimPrograms, a_host_that_crashes_itself_writes_nothing_more) {
    run_calmly([](World& world) -> Coro<> {
        Host host = world.host("a", [&world]() -> Coro<> {
            co_await fs::write_text("/a", "x");
            world.crash(world.host_named("a"));
            try {
                co_await fs::write_text("/b", "x");
            } catch (const std::exception&) {
                co_return;
            }
        });
        co_await hocket::sleep(1s);
        EXPECT_FALSE(host.up());
        EXPECT_FALSE(host.files().exists("/a"));
        EXPECT_FALSE(host.files().exists("/b"));
    });
}

TEST(OnceSimPrograms, a_file_is_sent_to_a_socket) {
    run_calmly([](World& world) -> Coro<> {
        const std::string data(300'000, 'x');
        world.main().files().write("/big", data);
        Host host = world.host("server", []() -> Coro<> {
            const Server server = co_await start_server(
                [](StreamReader reader, StreamWriter writer) -> Coro<> {
                    co_await fs::write_bytes("/got", co_await reader.read());
                    writer.close();
                },
                "", 7);
            co_await server.serve_forever();
        });
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("10.0.0.2", 7);
        fs::File file = co_await fs::open("/big", "rb");
        EXPECT_EQ(co_await writer.sendfile(file, {.offset = 100}), 299'900);
        writer.write_eof();
        co_await reader.read();
        EXPECT_EQ(host.files().read("/got"), data.substr(100));
    });
}

TEST(OnceSimPrograms, a_web_server_serves_the_hosts_files_and_no_others) {
    run_calmly([](World& world) -> Coro<> {
        Host host = world.host("server", []() -> Coro<> {
            http::Application app;
            app.static_files("/assets", "public", {.show_index = true});
            http::HttpServer server = co_await http::serve(app, "", 80);
            co_await server.serve_forever();
        });
        host.files().write("/public/a.txt", "simulated");
        host.files().write("/secret", "secret");
        host.files().write("/public/b/c.txt", "deep");
        co_await hocket::sleep(1s);
        http::ClientSession session({.base_url = "http://10.0.0.2"});
        const auto told = [&](std::string path) -> Coro<std::string> {
            auto response = co_await session.get(std::move(path));
            co_return std::to_string(response.status()) + " " + co_await response.text();
        };
        EXPECT_EQ(co_await told("/assets/a.txt"), "200 simulated");
        EXPECT_EQ(co_await told("/assets/b/c.txt"), "200 deep");
        EXPECT_THAT(co_await told("/assets/"), HasSubstr("a.txt"));
        EXPECT_THAT(co_await told("/assets/%2e%2e/secret"), ::testing::StartsWith("404"));
        EXPECT_THAT(co_await told("/assets/none"), ::testing::StartsWith("404"));
        co_await session.close();
    });
}

TEST(OnceSimPrograms, the_story_tells_what_the_disk_does) {
    Config config = Config::calm();
    config.tell = Tell::story;
    config.disk.eio = 1;
    const Outcome outcome = run(config, [](World& world) -> Coro<> {
        Host host = world.host("a", []() -> Coro<> {
            co_await error_of(fs::write_text("/a", "x"));
            co_await hocket::sleep(1h);
        });
        co_await hocket::sleep(1s);
        world.crash(host);
    });
    EXPECT_THAT(outcome.story, HasSubstr("a         cannot use a file (EIO)"));
    EXPECT_THAT(outcome.story, HasSubstr("a         loses what its disk did not have (1)"));
}

Coro<> busy_with_files(World& world) {
    Host host = world.host("a", [&world]() -> Coro<> {
        for (int i = 0;; ++i) {
            const std::string name = "/f" + std::to_string(i % 5);
            try {
                co_await fs::write_text(name + ".new", std::string(2000, 'x') + std::to_string(i));
                fs::File file = co_await fs::open(name + ".new", "r+");
                co_await file.fsync();
                co_await file.close();
                co_await fs::rename(name + ".new", name);
            } catch (const OSError&) {
                world.note("could not write " + name);
            }
            co_await hocket::sleep(3ms);
        }
    });
    for (int i = 0; i < 10; ++i) {
        co_await hocket::sleep(100ms);
        world.crash(host);
        for (const char* name : {"/f0", "/f1", "/f2", "/f3", "/f4"}) {
            if (!host.files().exists(name)) continue;
            const std::string text = host.files().read(name);
            world.note(text.substr(2000));
            if (!text.starts_with(std::string(2000, 'x'))) world.fail(std::string(name) + " is torn");
        }
        world.restart(host);
    }
}

TEST(OnceSimPrograms, runs_with_faults_and_crashes_are_the_same_for_the_same_seed) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const Config config = Config::swarm(seed);
        EXPECT_EQ(check_determinism(config, busy_with_files), "");
        const Outcome outcome = run(config, busy_with_files);
        EXPECT_TRUE(outcome.ok) << outcome.error << " with seed " << seed;
    }
}

}  // namespace
}  // namespace hocket::sim
