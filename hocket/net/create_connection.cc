// SPDX-License-Identifier: MIT
// From streams to protocols.
#include <hocket/net/create_connection.h>

#include <hocket/net/protocol_connection_internal.h>

namespace hocket {

namespace {

Shared<StreamProtocol> checked(Shared<StreamProtocol> protocol) {
    if (!protocol) throw ValueError("the factory has made no protocol");
    return protocol;
}

// The task of a server's connection is the one that serves the protocol.
struct Serving {
    Function<Shared<StreamProtocol>()> factory;

    Coro<> operator()(StreamReader, StreamWriter writer) const {
        Shared<StreamProtocol> protocol;
        try {
            protocol = checked(factory());
        } catch (const std::exception&) {
            get_running_loop().call_exception_handler(
                {"Error on transport creation for incoming connection", std::current_exception()});
            co_return;
        }
        ProtocolTransport transport(new ProtocolConnection(writer.transport(), std::move(protocol)));
        co_await ProtocolConnection::run(std::move(transport), Made(nullptr));
    }
};

}  // namespace

ConnectionHandler protocol_handler(Function<Shared<StreamProtocol>()> factory) {
    return ConnectionHandler(Serving{std::move(factory)}, true);
}

HOCKET_CORO_WRAPPER Coro<ProtocolTransport> serve_protocol(const Streams& streams, Shared<StreamProtocol> protocol) {
    return ProtocolConnection::begin(streams.second.transport(), checked(std::move(protocol)));
}

HOCKET_CORO_WRAPPER Coro<ProtocolTransport> serve_protocol(const StreamReader& reader,
                                                           Shared<StreamProtocol> protocol) {
    return ProtocolConnection::begin(reader.transport(), checked(std::move(protocol)));
}

HOCKET_CORO_WRAPPER Coro<ProtocolTransport> serve_protocol(const StreamWriter& writer,
                                                           Shared<StreamProtocol> protocol) {
    return ProtocolConnection::begin(writer.transport(), checked(std::move(protocol)));
}

}  // namespace hocket
