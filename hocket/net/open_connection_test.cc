// SPDX-License-Identifier: MIT
// Connecting: names, errors, addresses of one's own, and cancels.
#include <hocket/net/open_connection.h>

#include <gtest/gtest.h>
#include <hocket/base/exception_group.h>
#include <hocket/core/sleep.h>
#include <hocket/net/net_test.h>

#include <netdb.h>
#include <tests/support/allocations.h>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::ending_of, testing::RawPeer;

Coro<> greet(StreamReader, StreamWriter writer) { co_await writer.write("hello"); }

TEST(RealOpenConnection, a_refused_connection_names_the_address) {
    run_net([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 1)),
                  "hocket::OSError: connect to 127.0.0.1:1: Connection refused");
        try {
            co_await open_connection("127.0.0.1", 1);
        } catch (const OSError& e) {
            EXPECT_EQ(e.code(), std::errc::connection_refused);
        }
    }());
}

TEST(RealOpenConnection, a_name_is_resolved) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(greet, "127.0.0.1", 0);
        auto [reader, writer] = co_await open_connection("localhost", server.port());
        EXPECT_EQ(co_await reader.read(), "hello");
    }());
}

TEST(RealOpenConnection, addresses_that_the_program_has_found_are_tried_in_turn) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(greet, "127.0.0.1", 0);
        std::vector<Address> addresses{Address::parse("127.0.0.1:1"), server.sockets().at(0)};
        auto [reader, writer] = co_await open_connection("anywhere", addresses);
        EXPECT_EQ(co_await reader.read(), "hello");
        addresses = {Address::parse("127.0.0.1:1"), Address::parse("127.0.0.2:1")};
        EXPECT_EQ(co_await ending_of(open_connection("anywhere", addresses)),
                  "hocket::OSError: connect to anywhere (connect to 127.0.0.1:1: Connection refused; connect to "
                  "127.0.0.2:1: Connection refused): Connection refused");
        EXPECT_EQ(co_await ending_of(open_connection("anywhere", std::vector<Address>())),
                  "hocket::OSError: connect to anywhere: No such file or directory");
        ConnectionOptions given;
        given.sock = 0;
        EXPECT_EQ(co_await ending_of(open_connection("anywhere", addresses, given)),
                  "hocket::ValueError: addresses and sock can not be specified at the same time");
    }());
}

TEST(RealOpenConnection, a_name_that_does_not_exist_is_an_error) {
    run_net([]() -> Coro<> {
        addrinfo* none = nullptr;
        const char* const reason = gai_strerror(::getaddrinfo("no such host", nullptr, nullptr, &none));
        EXPECT_EQ(co_await ending_of(open_connection("no such host", 80)),
                  std::string("hocket::GaiError: resolve no such host: ") + reason);
    }());
}

TEST(RealOpenConnection, a_service_that_does_not_exist_is_an_error) {
    run_net([]() -> Coro<> {
        const std::string end = co_await ending_of(open_connection("127.0.0.1", "nonsense"));
        EXPECT_TRUE(end.starts_with("hocket::GaiError: resolve service nonsense: ")) << end;
    }());
}

TEST(RealOpenConnection, every_address_of_a_name_is_tried) {
    run_net([]() -> Coro<> {
        const std::string end = co_await ending_of(open_connection("", 1));  // 127.0.0.1 and ::1
        EXPECT_NE(end.find("127.0.0.1:1: "), std::string::npos) << end;
        EXPECT_NE(end.find("[::1]:1: "), std::string::npos) << end;
    }());
}

std::string errors_of(const std::exception_ptr& e) {
    const ExceptionGroup* group = exception_group(e);
    std::string all;
    if (group) {
        for (const std::exception_ptr& error : group->exceptions()) all += describe(error) + "\n";
    }
    return all;
}

TEST(RealOpenConnection, all_errors_are_thrown_as_a_group_where_they_are_asked_for) {
    run_net([]() -> Coro<> {
        std::exception_ptr two, one;
        try {
            co_await open_connection("", 1, {.all_errors = true});
        } catch (const ExceptionGroup& group) {
            EXPECT_EQ(group.message(), "connect to ");
            two = std::current_exception();
        }
        try {
            co_await open_connection(Address::parse("127.0.0.1:1"), {.all_errors = true});
        } catch (const ExceptionGroup&) {
            one = std::current_exception();
        }
        const std::string all = errors_of(two), first = "hocket::OSError: connect to 127.0.0.1:1: Connection refused\n";
        EXPECT_TRUE(all.starts_with(first)) << all;
        EXPECT_NE(all.find("[::1]:1: "), std::string::npos) << all;
        EXPECT_EQ(errors_of(one), first);
    }());
}

TEST(RealOpenConnection, no_address_is_an_error) {
    run_net([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(open_connection(Address())),
                  "hocket::ValueError: there is no address to connect to or to listen on");
    }());
}

TEST(RealOpenConnection, an_address_of_this_side_that_is_in_use_is_named) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(greet, "127.0.0.1", 0);
        const Address taken = server.sockets().at(0);
        EXPECT_EQ(co_await ending_of(open_connection(taken, {.local_address = taken})),
                  "hocket::OSError: bind to " + taken.str() + ": Address already in use");
    }());
}

TEST(RealOpenConnection, an_address_of_this_side_serves_only_its_family) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(greet, "127.0.0.1", 0);
        const Address four = Address::parse("127.0.0.1:0"), six = Address::parse("[::1]:0");
        const std::string end = co_await ending_of(open_connection(server.sockets().at(0), {.local_address = six}));
        EXPECT_TRUE(end.starts_with("hocket::OSError: bind to [::1]:0: ")) << end;
        auto [reader, writer] = co_await open_connection("", server.port(), {.local_address = four});
        EXPECT_EQ(co_await reader.read(), "hello");
        const std::string all = co_await ending_of(open_connection("", 1, {.local_address = four}));
        EXPECT_NE(all.find("127.0.0.1:1: Connection refused"), std::string::npos) << all;
        EXPECT_NE(all.find("bind to 127.0.0.1:0: "), std::string::npos) << all;
    }());
}

TEST(RealOpenConnection, this_sides_address_can_be_chosen) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(
            [](StreamReader, StreamWriter w) -> Coro<> { co_await w.write(w.peername().host()); }, "127.0.0.1", 0);
        auto [reader, writer] =
            co_await open_connection("127.0.0.1", server.port(), {.local_address = Address::parse("127.0.0.2:0")});
        EXPECT_EQ(co_await reader.read(), "127.0.0.2");
    }());
}

TEST(RealOpenConnection, the_limit_is_the_readers) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(
            [](StreamReader, StreamWriter w) -> Coro<> { co_await w.write("a long line\n"); }, "127.0.0.1", 0);
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), {.limit = 4});
        EXPECT_NE((co_await ending_of(reader.readline())).find("ValueError"), std::string::npos);
    }());
}

TEST(RealOpenConnection, a_limit_of_nothing_is_refused_before_it_connects) {
    run_net([]() -> Coro<> {
        const std::string refused = "hocket::ValueError: Limit cannot be <= 0";
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 1, {.limit = 0})), refused);
        const Server server = co_await start_server(greet, "127.0.0.1", 0);
        EXPECT_EQ(co_await ending_of(open_connection(server.sockets().at(0), {.limit = 0})), refused);
    }());
}

TEST(RealOpenConnection, a_cancel_closes_what_was_opened) {
    run_net([]() -> Coro<> {
        // A queue that is full: the system answers no further connection.
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        RawAddress raw = Address::parse("127.0.0.1:0").raw();
        EXPECT_EQ(bind(fd, raw.get(), raw.size), 0);
        EXPECT_EQ(listen(fd, 0), 0);
        getsockname(fd, raw.get(), &raw.size);
        const Address address = Address::from_raw(raw);
        const RawPeer first(address);
        const Task<Streams> connecting = create_task(open_connection(address));
        co_await hocket::sleep(3ms);
        const bool waited = !connecting.done();
        connecting.cancel();
        EXPECT_EQ(co_await ending_of(connecting), waited ? "hocket::CancelledError" : "nothing");
        close(fd);
    }());
}

TEST(RealOpenConnection, to_one_address_it_asks_the_system_for_no_memory) {
    if (!HOCKET_POOL) GTEST_SKIP() << "built without free lists";
    run_net([]() -> Coro<> {
        // Below the library, so that nothing but the client is counted.
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        RawAddress raw = Address::parse("127.0.0.1:0").raw();
        EXPECT_EQ(bind(fd, raw.get(), raw.size), 0);
        EXPECT_EQ(listen(fd, 100), 0);
        getsockname(fd, raw.get(), &raw.size);
        const Address address = Address::from_raw(raw);
        std::size_t before = 0;
        for (int i = 0; i < 40; ++i) {
            if (i == 20) before = testing::system_allocations();
            auto [reader, writer] = co_await open_connection(address);
            writer.abort();
        }
        EXPECT_EQ(testing::system_allocations(), before);
        close(fd);
    }());
}

TEST(RealOpenConnection, the_loop_may_be_closed_while_it_connects) {
    const auto before = testing::open_descriptors();
    {
        const auto loop = new_event_loop();
        const testing::LoopErrors errors(*loop);  // "Task was destroyed but it is pending!"
        const Task<Streams> connecting = loop->create_task(open_connection(Address::parse("127.0.0.1:1")), {});
        loop->run_once(0s);
        EXPECT_FALSE(connecting.done());
        loop->close();
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST(VirtualOpenConnection, virtual_time_has_no_network) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 80)),
                  "hocket::OSError: open a socket for 127.0.0.1:80: Operation not supported");
    }());
}

}  // namespace
}  // namespace hocket
