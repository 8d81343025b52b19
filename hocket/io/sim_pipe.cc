// SPDX-License-Identifier: MIT
// Pipes within a simulated host.
#include <hocket/io/sim_endpoint_internal.h>

#include <sys/socket.h>

namespace hocket::sim {

std::pair<Shared<Endpoint>, Shared<Endpoint>> Endpoint::pipe(Kernel& kernel, const std::string& name) {
    auto reader = Shared<Endpoint>::make(kernel, AF_UNIX, SOCK_STREAM),
         writer = Shared<Endpoint>::make(kernel, AF_UNIX, SOCK_STREAM);
    for (Endpoint* const e : {reader.get(), writer.get()}) {
        e->state_ = State::established;
        e->pipe_ = true;
        e->remote_.local = true;
        e->remote_.path = name;
        e->has_remote_ = true;
    }
    reader->peer_ = writer;
    writer->peer_ = reader;
    return {std::move(reader), std::move(writer)};
}

}  // namespace hocket::sim
