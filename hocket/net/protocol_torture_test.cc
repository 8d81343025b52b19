// SPDX-License-Identifier: MIT
// Protocols that pause, are exchanged and end at any moment, on a system that is slow to say what it did: the order of their calls holds, and no
// byte is lost, doubled or swapped.
#include <hocket/net/create_connection.h>
#include <hocket/net/sendfile_test.h>
#include <hocket/net/tls_test.h>
#include <hocket/net/torture_test.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket {
namespace {

using testing::byte_at, testing::bytes_from, testing::Faults, testing::run_tortured, testing::Torturer, testing::until;

constexpr Faults all_faults{.shorter = 40, .late = 30, .late_cancel = 30};

/// One end: what its protocols were told, and what they wrote. Has to outlive them.
struct End {
    ProtocolTransport transport;
    std::uint64_t received = 0, written = 0;
    bool made = false, ended = false, lost = false, full = false, paused = false, sending = false;

    void is_made(ProtocolTransport made_for) {
        EXPECT_FALSE(made);
        made = true;
        transport = std::move(made_for);
    }
    void came(std::string_view bytes) {
        EXPECT_TRUE(made && !paused && !sending && !ended && !lost && !bytes.empty());
        for (const char c : bytes) {
            if (c != byte_at(received++)) return ADD_FAILURE() << "not what was sent, near " << received;
        }
    }
    bool has_ended() {
        EXPECT_TRUE(made && !paused && !ended && !lost);
        ended = true;
        return false;
    }
    void is_lost() {
        EXPECT_TRUE(made && !lost);
        EXPECT_TRUE(transport.is_closing());
        lost = true;
    }
    void is_full(bool now) {
        EXPECT_TRUE(made && !lost && full != now);
        full = now;
    }
    void pause() {
        transport.pause_reading();
        paused = !transport.is_reading();
    }
    void resume() {
        paused = false;
        transport.resume_reading();
    }
    void limit(std::size_t high) { transport.set_write_buffer_limits({.high = high}); }
    void write(std::size_t n) {
        if (full || sending) return;
        transport.write(bytes_from(written, n));
        written += n;
    }
    void write_pieces(std::size_t n) {
        if (full || sending) return;
        const std::string bytes = bytes_from(written, n);
        const std::string_view all = bytes;
        transport.writelines({all.substr(0, n / 3), all.substr(n / 3, n / 2), all.substr(n / 3).substr(n / 2)});
        written += n;
    }
};

// In a task of its own; to where nothing is written meanwhile.
Coro<> write_file(End& end, std::size_t n) {
    if (end.full || end.sending || end.transport.is_closing()) co_return;
    const testing::NamelessFile file(bytes_from(end.written, n));
    end.sending = true;
    end.written += n;
    EXPECT_EQ(co_await end.transport.sendfile(file.fd()), static_cast<std::int64_t>(n));
    end.sending = false;
}

class Plain : public Protocol {
public:
    explicit Plain(End& end) : end_(end) {}
    void connection_made(ProtocolTransport transport) override { end_.is_made(std::move(transport)); }
    void data_received(std::string_view data) override { end_.came(data); }
    bool eof_received() override { return end_.has_ended(); }
    void connection_lost(std::exception_ptr) override { end_.is_lost(); }
    void pause_writing() override { end_.is_full(true); }
    void resume_writing() override { end_.is_full(false); }

private:
    End& end_;
};

class Buffered : public BufferedProtocol {
public:
    explicit Buffered(End& end, std::size_t room) : buffer_(room, '\0'), end_(end) {}
    void connection_made(ProtocolTransport transport) override { end_.is_made(std::move(transport)); }
    std::span<char> get_buffer(std::size_t) override { return buffer_; }
    void buffer_updated(std::size_t n) override { end_.came(std::string_view(buffer_).substr(0, n)); }
    bool eof_received() override { return end_.has_ended(); }
    void connection_lost(std::exception_ptr) override { end_.is_lost(); }
    void pause_writing() override { end_.is_full(true); }
    void resume_writing() override { end_.is_full(false); }

private:
    std::string buffer_;
    End& end_;
};

std::unique_ptr<StreamProtocol> any_protocol(End& end, Torturer& chance) {
    if (chance.below(2) == 0) return std::make_unique<Plain>(end);
    return std::make_unique<Buffered>(end, 1 + chance.below(chance.below(2) == 0 ? 10 : 100'000));
}

void act(End& end, Torturer& chance) {
    switch (chance.below(9)) {
        case 0: return end.pause();
        case 1:
        case 2: return end.resume();
        case 3: return end.transport.set_protocol(any_protocol(end, chance));
        case 4: return end.write_pieces(3 + chance.below(chance.below(10) == 0 ? 100'000 : 500));
        case 5: return end.limit(chance.below(100'000));
        default: return end.write(1 + chance.below(chance.below(10) == 0 ? 100'000 : 500));
    }
}

Coro<> close_and_wait(Server server, const End& side) {
    server.close();
    co_await server.wait_closed();
    EXPECT_TRUE(side.lost);
}

/// Both ends do what they like for a while, and then the connection ends in one of many ways.
Coro<> live_and_end(std::uint64_t seed, bool secured) {
    Torturer chance(seed);
    End client, server_side;
    const auto server_factory = [&] { return any_protocol(server_side, chance); };
    const auto client_factory = [&] { return any_protocol(client, chance); };
    ServerOptions server_options;
    ConnectionOptions options;
    if (secured) {
        server_options.tls = testing::tls_server();
        options.tls = testing::tls_client();
    }
    const Server server = co_await create_server(server_factory, "127.0.0.1", 0, server_options);
    co_await create_connection(client_factory, "127.0.0.1", server.port(), options);
    co_await until([&] { return server_side.made; });
    std::vector<Task<>> files;
    for (std::size_t rounds = chance.below(100); rounds > 0; --rounds) {
        act(chance.below(2) == 0 ? client : server_side, chance);
        // One end only: while a file is sent, nothing is read.
        if (chance.below(100) == 0) files.push_back(create_task(write_file(client, 1 + chance.below(100'000))));
        for (std::size_t turns = chance.below(4); turns > 0; --turns) co_await hocket::sleep(0);
    }
    server_side.resume();
    for (const Task<>& file : files) co_await file;
    if (!files.empty()) {  // what has come meanwhile is more than one that closes waits for
        client.resume();
        co_await until([&] { return client.received == server_side.written; });
    }
    std::optional<Task<>> closed;
    if (chance.below(2) == 0) closed = create_task(close_and_wait(server, server_side));
    const std::size_t way = chance.below(5);
    if (way == 0) client.transport.abort();
    if (way == 1) server_side.transport.abort();
    if (way <= 1) {  // of what may be closed already
        client.limit(chance.below(100'000));
        server_side.limit(chance.below(100'000));
    }
    if (way == 2) server.close_clients();
    client.resume();
    server_side.resume();
    if (way == 3 && !secured) client.transport.write_eof();
    const std::uint64_t unread = server_side.written - client.received;
    if (way == 4 || (way == 3 && secured)) client.transport.close();
    co_await until([&] { return client.lost && server_side.lost; });
    if (way >= 3) {
        EXPECT_EQ(server_side.received, client.written) << unread << " bytes were unread";
    }
    if (way == 3 && !secured) {
        EXPECT_EQ(client.received, server_side.written);
    }
    server.close();
    co_await server.wait_closed();
    if (closed) co_await *closed;
}

Coro<> live_and_end_often(std::uint64_t seed, std::size_t times, bool secured) {
    for (std::size_t i = 0; i < times; ++i) co_await live_and_end(1000 * seed + i, secured);
}

TEST(RealTorture, protocols_are_told_all_of_it_in_order_however_they_end) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
        run_tortured(seed == 1 ? Faults{} : all_faults, seed,
                     live_and_end_often(seed, testing::cancels_wanted(40), false));
}

TEST(RealTorture, protocols_over_tls_are_told_all_of_it_in_order_however_they_end) {
    for (std::uint64_t seed = 5; seed <= 6; ++seed)
        run_tortured(seed == 5 ? Faults{} : all_faults, seed,
                     live_and_end_often(seed, testing::cancels_wanted(15), true));
}

}  // namespace
}  // namespace hocket
