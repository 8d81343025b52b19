// SPDX-License-Identifier: MIT
// The echo server with libuv: reads into one buffer, tries to write at once, copies only what is left.

#include <uv.h>

#include <cstdlib>
#include <cstring>

#include "listen.h"

namespace {

char buffer[64 << 10];

struct Rest {
    uv_write_t request;
    char bytes[1];
};

void lend(uv_handle_t*, std::size_t, uv_buf_t* to) { *to = uv_buf_init(buffer, sizeof buffer); }
void gone(uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); }

void arrived(uv_stream_t* stream, ssize_t n, const uv_buf_t*) {
    if (n == 0) return;
    if (n < 0) return uv_close(reinterpret_cast<uv_handle_t*>(stream), gone);
    uv_buf_t bytes = uv_buf_init(buffer, static_cast<unsigned>(n));
    int sent = uv_try_write(stream, &bytes, 1);
    if (sent == n) return;
    if (sent < 0) sent = 0;
    const std::size_t left = static_cast<std::size_t>(n - sent);
    auto* const rest = static_cast<Rest*>(std::malloc(sizeof(Rest) + left));
    std::memcpy(rest->bytes, buffer + sent, left);
    uv_buf_t to_send = uv_buf_init(rest->bytes, static_cast<unsigned>(left));
    uv_write(&rest->request, stream, &to_send, 1, [](uv_write_t* request, int) { std::free(request); });
}

void connected(uv_stream_t* listener, int status) {
    if (status < 0) return;
    auto* const client = new uv_tcp_t;
    uv_tcp_init(listener->loop, client);
    bench::check(uv_accept(listener, reinterpret_cast<uv_stream_t*>(client)) == 0, "accept");
    uv_tcp_nodelay(client, 1);
    uv_read_start(reinterpret_cast<uv_stream_t*>(client), lend, arrived);
}

}  // namespace

int main() {
    bench::allow_many_files();
    uv_tcp_t server;
    uv_tcp_init(uv_default_loop(), &server);
    sockaddr_in address{};
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_bind(&server, reinterpret_cast<sockaddr*>(&address), 0);
    bench::check(uv_listen(reinterpret_cast<uv_stream_t*>(&server), 1000, connected) == 0, "listen");
    int size = sizeof address;
    uv_tcp_getsockname(&server, reinterpret_cast<sockaddr*>(&address), &size);
    bench::tell_port(ntohs(address.sin_port));
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
