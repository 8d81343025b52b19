// SPDX-License-Identifier: MIT
// Protocols: classes whose functions are called with what happens to a connection.
#pragma once

#include <hocket/net/protocol_transport.h>

#include <concepts>
#include <cstddef>
#include <exception>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hocket {

/// What all protocols have in common (`asyncio.BaseProtocol`). All functions are called by the loop, one at a time, and do nothing unless they
/// are overridden. The connection owns its protocol until it is lost, and nobody calls it afterwards.
class HOCKET_EXPORT BaseProtocol {
public:
    BaseProtocol() = default;
    BaseProtocol(const BaseProtocol&) = delete;
    BaseProtocol& operator=(const BaseProtocol&) = delete;
    virtual ~BaseProtocol();

    /// The connection is closed. `error`: null where it was closed or aborted here, or by the peer; else what it was lost by. Called once
    /// if `connection_made` was, and last. What this throws is reported.
    virtual void connection_lost(std::exception_ptr error);
    /// More than the transport's high limit wait to be sent. Called from inside `write`, lest it come too late. What this throws is reported.
    virtual void pause_writing();
    /// No more than the low limit do. Called once for each `pause_writing`, unless the connection is lost before. What this throws is reported.
    virtual void resume_writing();
};

/// A protocol of a stream of bytes: either a Protocol or a BufferedProtocol.
///
/// What a function throws is reported to the loop's exception handler, unless it is an OSError, and aborts the connection: `connection_lost`
/// is told.
class HOCKET_EXPORT StreamProtocol : public BaseProtocol {
public:
    /// There is a connection, secured if it was to be. Most protocols keep `transport`.
    virtual void connection_made(ProtocolTransport transport);
    /// The peer will send no more. False, as by default: the connection is closed when what was written is sent. True: it stays open for
    /// writing, until the protocol closes it; over TLS, which has no such half, it makes no difference.
    virtual bool eof_received();
    ~StreamProtocol() override;

private:
    friend class Protocol;
    friend class BufferedProtocol;
    friend class ProtocolConnection;
    explicit StreamProtocol(bool buffered) noexcept : buffered_(buffered) {}

    const bool buffered_;
};

/// A protocol that is given what comes (`asyncio.Protocol`): `connection_made`, then `data_received` any number of times, then perhaps
/// `eof_received`, then `connection_lost`.
class HOCKET_EXPORT Protocol : public StreamProtocol {
public:
    Protocol() noexcept : StreamProtocol(false) {}
    ~Protocol() override;
    /// `data`, never empty, is there until this returns; where it is cut says nothing.
    virtual void data_received(std::string_view data);
};

/// A protocol that says where what comes is to be put (`asyncio.BufferedProtocol`): the system writes there, or, over TLS, what was decrypted is
/// copied there. `connection_made`, then `get_buffer` and `buffer_updated` in turn, then perhaps `eof_received`, then `connection_lost`.
class HOCKET_EXPORT BufferedProtocol : public StreamProtocol {
public:
    BufferedProtocol() noexcept : StreamProtocol(true) {}
    ~BufferedProtocol() override;
    /// Where to put what comes next. `size_hint`: so many bytes are there for sure, and there may be more; 0: not known. An empty one counts as
    /// an error. Used at once: nothing writes there after the next call of any function of the protocol, or its end.
    virtual std::span<char> get_buffer(std::size_t size_hint) = 0;
    /// The first `n` bytes of it were filled. Need not follow: what seemed to come may be the end.
    virtual void buffer_updated(std::size_t n) = 0;
};

/// A factory of protocols: each call makes one, and gives a std::unique_ptr, std::shared_ptr or Shared to it.
template <class F, class Base>
concept MakesProtocols = requires(F& factory) {
    { *factory() } -> std::convertible_to<Base&>;
    { factory().get() } -> std::convertible_to<Base*>;
};
template <class F>
using ProtocolMadeBy = std::remove_reference_t<decltype(*std::declval<F&>()())>;

}  // namespace hocket
