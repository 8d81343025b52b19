// SPDX-License-Identifier: MIT
// Datagrams whose senders and receivers are cancelled at any moment: each that was sent comes once, whole and in its order, and the memory of
// a receive that has returned is not touched again.
#include <hocket/flow/gather.h>
#include <hocket/net/datagram_test.h>

#include <tests/support/torture.h>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::all_faults;
using testing::cancels_wanted;
using testing::only_cancelled;
using testing::Quarantine;
using testing::run_tortured;
using testing::Torturer;

struct Endpoints {
    DatagramEndpoint sender, receiver;
};

/// A pair of UNIX-domain sockets, which lose nothing.
Coro<Endpoints> joined_endpoints() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
    testing::RawDatagrams one(fds[0]), other(fds[1]);
    const DatagramEndpoint sender = co_await testing::taken_over(std::move(one));
    const DatagramEndpoint receiver = co_await testing::taken_over(std::move(other));
    co_return Endpoints{sender, receiver};
}

/// Over UDP, which loses what the system has no room for.
Coro<Endpoints> udp_endpoints() {
    const DatagramEndpoint receiver = co_await testing::bound_endpoint();
    const DatagramEndpoint sender = co_await testing::connected_to(receiver.sockname());
    co_return Endpoints{sender, receiver};
}

struct Talk {
    bool lossless;
    bool enough = false, done = false;
};

/// Its number, and as many bytes as it has room for.
std::string datagram(std::uint64_t number, std::size_t size) {
    return std::to_string(number) + " " + testing::bytes_from(number, size);
}

constexpr std::string_view the_end = "the end";

// What becomes of a task that is cancelled while its datagram is sent does not tell whether it was: `sent` does.
Coro<> send_one(DatagramEndpoint endpoint, const std::string& data, bool& sent) {
    co_await endpoint.send(data);
    sent = true;
}

Coro<> send_on(DatagramEndpoint endpoint, std::uint64_t seed, const Talk& talk) {
    Torturer torturer(seed);
    std::uint64_t number = 0;
    while (!talk.enough) {
        const std::string data = datagram(number, torturer.below(200));
        bool sent = torturer.below(8) == 0;
        if (sent) {
            endpoint.sendto(data);
        } else {
            only_cancelled(co_await torturer.torture(send_one(endpoint, data, sent)));
        }
        number += sent;
        if (torturer.below(20) == 0) co_await endpoint.drain();
    }
    while (!talk.done) {
        endpoint.sendto(the_end);
        co_await hocket::sleep(1ms);
    }
}

/// Takes datagrams in their order.
class Receiver {
public:
    explicit Receiver(Talk& talk) : talk_(talk) {}

    void take(std::string_view data) {
        if (data == the_end) {
            talk_.done = true;
            return;
        }
        const std::uint64_t number = std::strtoull(std::string(data).c_str(), nullptr, 10);
        EXPECT_TRUE(talk_.lossless ? number == next_ : number >= next_) << number << ", not " << next_;
        const std::string_view rest = data.substr(std::min(data.size(), data.find(' ') + 1));
        EXPECT_TRUE(testing::are_bytes_from(number, rest)) << number;
        next_ = number + 1;
        ++taken_;
    }
    std::uint64_t taken() const { return taken_; }

private:
    Talk& talk_;
    std::uint64_t next_ = 0, taken_ = 0;
};

Coro<> receive_on(DatagramEndpoint endpoint, std::uint64_t seed, std::size_t cancels, Talk& talk) {
    Torturer torturer(seed);
    Quarantine quarantine;
    Receiver receiver(talk);
    while (torturer.cancels() < cancels && !::testing::Test::HasFailure()) {
        if (torturer.below(2) == 0) {
            const auto result = co_await torturer.torture(endpoint.recvfrom());
            if (only_cancelled(result)) receiver.take(result->first);
        } else {
            auto buffer = Quarantine::fresh();
            const auto result = co_await torturer.torture(endpoint.recvfrom_into(std::span<char>(*buffer)));
            if (only_cancelled(result)) {
                EXPECT_EQ(result->truncated, 0U);
                receiver.take({buffer->data(), result->size});
            }
            quarantine.add(std::move(buffer));
        }
    }
    talk.enough = true;
    while (!talk.done) {
        const auto [data, from] = co_await endpoint.recvfrom();
        receiver.take(data);
    }
    EXPECT_GT(receiver.taken(), cancels / 20);
}

Coro<> exchange(Coro<Endpoints> making, bool lossless, std::uint64_t seed, std::size_t cancels) {
    const Endpoints ends = co_await std::move(making);
    Talk talk{.lossless = lossless};
    co_await gather(send_on(ends.sender, seed, talk), receive_on(ends.receiver, seed + 1, cancels, talk));
}

TEST(RealDatagramTorture, each_datagram_comes_once_and_in_its_order) {
    for (std::uint64_t seed = 51; seed <= 53; ++seed)
        run_tortured(all_faults, seed, exchange(joined_endpoints(), true, seed, cancels_wanted(2'000)));
}

TEST(RealDatagramTorture, over_udp_none_comes_twice) {
    run_tortured(all_faults, 55, exchange(udp_endpoints(), false, 55, cancels_wanted(2'000)));
}

// ---- Endpoints that are made and closed

Coro<> make_and_close(Address address) {
    const DatagramEndpoint endpoint = co_await testing::connected_to(std::move(address));
    endpoint.sendto("hello");
    endpoint.close();
    co_await endpoint.wait_closed();
}

Coro<> make_on(std::size_t cancels) {
    Torturer torturer(57);
    const DatagramEndpoint there = co_await testing::bound_endpoint();
    while (torturer.cancels() < cancels) only_cancelled(co_await torturer.torture(make_and_close(there.sockname())));
}

TEST(RealDatagramTorture, endpoints_that_are_cancelled_leave_nothing) {
    run_tortured(all_faults, 57, make_on(cancels_wanted(500)));
}

}  // namespace
}  // namespace hocket
