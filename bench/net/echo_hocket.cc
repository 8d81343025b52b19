// SPDX-License-Identifier: MIT
// The echo server with hocket's streams. HOCKET_BACKEND says on what.

#include <hocket/hocket.h>

#include <string_view>

#include "listen.h"

namespace {

using namespace hocket;

Coro<> echo(StreamReader reader, StreamWriter writer) {
    while (true) {
        const std::string_view bytes = co_await reader.peek();
        if (bytes.empty()) co_return;
        co_await writer.write(bytes);
        reader.consume(bytes.size());
    }
}

Coro<> amain() {
    const Server server = co_await start_server(echo, "127.0.0.1", 0, {.backlog = 1000});
    bench::tell_port(server.port());
    co_await server.serve_forever();
}

}  // namespace

int main() {
    bench::allow_many_files();
    run(amain());
}
