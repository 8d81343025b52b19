// SPDX-License-Identifier: MIT
// The steps of SOCKS 5.
#include <hocket/http/socks5_internal.h>

#include <hocket/http/errors.h>
#include <hocket/net/address.h>

#include <netinet/in.h>
#include <cstddef>
#include <utility>

namespace hocket::http {

namespace {

constexpr unsigned char version = 5, credentials_version = 1;
constexpr unsigned char no_authentication = 0, by_password = 2, none_acceptable = 0xff;
constexpr unsigned char type_ipv4 = 1, type_name = 3, type_ipv6 = 4;
constexpr std::size_t most = 255;

unsigned char byte_at(std::string_view input, std::size_t i) noexcept { return static_cast<unsigned char>(input[i]); }

void append(std::string& to, unsigned byte) { to += static_cast<char>(byte); }

void append_short(std::string& to, const std::string& text) {
    append(to, static_cast<unsigned>(text.size()));
    to += text;
}

// RFC 1928, 6.
std::string reason_of(unsigned char reply) {
    constexpr std::string_view reasons[] = {"general failure",
                                            "the connection is not allowed by its rules",
                                            "network unreachable",
                                            "host unreachable",
                                            "connection refused",
                                            "the time to live expired",
                                            "the command is not supported",
                                            "the type of address is not supported"};
    if (reply <= std::size(reasons)) return std::string(reasons[reply - 1U]);
    return "the error " + std::to_string(reply);
}

}  // namespace

Socks5::Socks5(std::string host, std::uint16_t port, Credentials credentials)
    : host_(std::move(host)), port_(port), credentials_(std::move(credentials)) {
    if (host_.empty() || host_.size() > most) throw ValueError("SOCKS: the host's name has no or too many bytes");
    if (credentials_.user.size() > most || credentials_.password.size() > most)
        throw ValueError("SOCKS: user or password has more than 255 bytes");
}

std::string Socks5::greeting() const {
    std::string bytes;
    append(bytes, version);
    append(bytes, has_credentials() ? 2 : 1);
    append(bytes, no_authentication);
    if (has_credentials()) append(bytes, by_password);
    return bytes;
}

std::string Socks5::take_method(unsigned char method) {
    if (method == no_authentication) {
        step_ = Step::reply;
        return request();
    }
    if (method == none_acceptable)
        throw ProtocolError(has_credentials() ? "it takes neither user and password nor none"
                                              : "it wants to know who asks, and there is no user");
    if (method != by_password || !has_credentials())
        throw ProtocolError("it chose an authentication that was not offered");
    step_ = Step::credentials;
    std::string bytes;
    append(bytes, credentials_version);
    append_short(bytes, credentials_.user);
    append_short(bytes, credentials_.password);
    return bytes;
}

std::string Socks5::request() const {
    constexpr unsigned char connect = 1, reserved = 0;
    std::string bytes;
    append(bytes, version);
    append(bytes, connect);
    append(bytes, reserved);
    if (const auto address = Address::numeric(host_, 0)) {
        const RawAddress raw = address->raw();
        if (address->family() == AddressFamily::ipv4) {
            append(bytes, type_ipv4);
            bytes.append(reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in*>(raw.get())->sin_addr), 4);
        } else {
            append(bytes, type_ipv6);
            bytes.append(reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in6*>(raw.get())->sin6_addr),
                         16);
        }
    } else {
        append(bytes, type_name);
        append_short(bytes, host_);
    }
    append(bytes, port_ >> 8U);
    append(bytes, port_ & 0xffU);
    return bytes;
}

std::string Socks5::next(std::string_view& input) {
    if (step_ == Step::done || input.empty()) return {};
    const bool is_second_version = step_ == Step::credentials;
    if (byte_at(input, 0) != (is_second_version ? credentials_version : version))
        throw ProtocolError("what it answers is not SOCKS 5");
    if (input.size() < 2) return {};
    const unsigned char answer = byte_at(input, 1);
    if (step_ == Step::method) {
        std::string bytes = take_method(answer);
        input.remove_prefix(2);
        return bytes;
    }
    if (step_ == Step::credentials) {
        if (answer != 0) throw ProtocolError("it does not take this user and password");
        input.remove_prefix(2);
        step_ = Step::reply;
        return request();
    }
    if (answer != 0) throw ProtocolError("it did not connect to the server: " + reason_of(answer));
    // The address from which it connected, of whatever type that is.
    if (input.size() < 5) return {};
    const unsigned char type = byte_at(input, 3);
    if (type != type_ipv4 && type != type_ipv6 && type != type_name)
        throw ProtocolError("its answer has an unknown type of address");
    const std::size_t address = type == type_ipv4 ? 4 : type == type_ipv6 ? 16 : 1U + byte_at(input, 4);
    const std::size_t size = 4 + address + 2;
    if (input.size() < size) return {};
    input.remove_prefix(size);
    step_ = Step::done;
    return {};
}

}  // namespace hocket::http
