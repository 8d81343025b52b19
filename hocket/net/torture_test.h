// SPDX-License-Identifier: MIT
// What the torture tests of streams share: both ends of one, read and written by tasks that are cancelled at any moment.
#pragma once

#include <hocket/flow/gather.h>
#include <hocket/net/net_test.h>

#include <tests/support/torture.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace hocket::testing {

/// One direction of a stream, as its two ends tell each other.
struct Direction {
    bool enough = false;        // so many cancels were delivered to the reader
    bool ended = false;         // nothing comes behind what was written
    std::uint64_t written = 0;  // bytes
};

/// Writes of any size, cancelled or not: the peer gets every byte of each that has begun.
inline Coro<> write_on(StreamWriter writer, std::uint64_t seed, Direction& direction) {
    Torturer torturer(seed);
    while (!direction.enough) {
        const std::size_t size = 1 + torturer.below(torturer.below(20) == 0 ? 100'000 : 200);
        const std::string bytes = bytes_from(direction.written, size);
        bool begun = false;
        const auto writing = [](StreamWriter to, const std::string& data, bool& has_begun) -> Coro<> {
            has_begun = true;
            co_await to.write(data);
        };
        only_cancelled(co_await torturer.torture(writing(writer, bytes, begun)));
        if (begun) direction.written += size;
        if (torturer.below(20) == 0) co_await writer.drain();
    }
    const std::string last = bytes_from(direction.written++, 1);  // which a reader waits for who has all before it
    direction.ended = true;
    co_await writer.write(last);
}

inline Coro<std::string> read_somehow(StreamReader reader, std::size_t how, std::size_t n) {
    if (how == 0) co_return co_await reader.readexactly(n);
    if (how == 1) co_return co_await reader.readuntil("\n");
    co_return co_await reader.read(n);
}

/// Reads of every kind, cancelled so often; what they give must go on where the last one ended. Then what is left.
inline Coro<> read_on(StreamReader reader, std::uint64_t seed, std::size_t cancels, Direction& direction) {
    Torturer torturer(seed);
    std::uint64_t position = 0;
    while (torturer.cancels() < cancels) {
        const std::size_t size = 1 + torturer.below(torturer.below(20) == 0 ? 50'000 : 200);
        const auto result = co_await torturer.torture(read_somehow(reader, torturer.below(3), size));
        if (!only_cancelled(result)) continue;
        if (!are_bytes_from(position, *result)) {
            ADD_FAILURE() << "the stream is not what was sent, near " << position;
            break;
        }
        position += result->size();
    }
    direction.enough = true;
    while (!direction.ended || position < direction.written) {
        const std::string bytes = co_await reader.read(1 << 20);
        if (bytes.empty() || !are_bytes_from(position, bytes))
            co_return ADD_FAILURE() << "the rest is not what was sent, near " << position;
        position += bytes.size();
    }
    EXPECT_EQ(position, direction.written);
}

/// Both directions of a connection at once, so many cancels in all. At the end, one side learns that the other has closed.
inline Coro<> torture_both_ways(Coro<Connected> connecting, std::uint64_t seed, std::size_t cancels) {
    const Connected c = co_await std::move(connecting);
    Direction there, back;
    co_await gather(write_on(c.writer, seed, there), read_on(c.server_reader, seed + 1, cancels / 2, there),
                    write_on(c.server_writer, seed + 2, back), read_on(c.reader, seed + 3, cancels / 2, back));
    if (c.writer.can_write_eof()) {
        c.writer.write_eof();
        EXPECT_EQ(co_await c.server_reader.read(), "");
    }
    c.server_writer.close();
    EXPECT_EQ(co_await c.reader.read(), "");
}

}  // namespace hocket::testing
