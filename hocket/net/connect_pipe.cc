// SPDX-License-Identifier: MIT
// Taking a descriptor over for a stream.
#include <hocket/net/connect_pipe.h>

#include <hocket/net/pipe_transport_internal.h>

#include <sys/stat.h>
#include <string>

namespace hocket {

namespace {

using Direction = PipeTransport::Direction;

TransportHandle connect(int fd, Direction direction, std::size_t limit) {
    Transport::check_limit(limit);
    Network& network = Network::of(get_running_loop());
    check_not_owned(network.loop(), fd);
    std::string name = "descriptor " + std::to_string(fd);
    const int type = network.backend().adopt(fd);
    if (type < 0) throw OSError(-type, "connect a stream to " + name);
    if (type != S_IFIFO && type != S_IFSOCK && type != S_IFCHR)
        throw ValueError("connect a stream to " + name + ": it is no pipe, socket or character device");
    return TransportHandle(new PipeTransport(network, fd, std::move(name), direction, limit));
}

}  // namespace

Coro<StreamReader> connect_read_pipe(int fd, PipeOptions options) {
    co_return StreamReader(connect(fd, Direction::read, options.limit));
}

Coro<StreamWriter> connect_write_pipe(int fd) {
    co_return StreamWriter(connect(fd, Direction::write, Transport::default_limit));
}

}  // namespace hocket
