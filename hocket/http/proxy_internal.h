// SPDX-License-Identifier: MIT
// Which proxy a request goes through: what options and environment say.
#pragma once

#include <hocket/http/ip_network_internal.h>
#include <hocket/http/url.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {

struct Proxy {
    enum class Kind : std::uint8_t { none, http, https, socks5 };

    /// `http://user:password@127.0.0.1:3128`; without a scheme it is http. socks5, socks5h and GNOME's socks are one: names are resolved by the proxy. Throws
    /// InvalidUrl, without the password.
    static Proxy parse(std::string_view text);

    explicit operator bool() const noexcept { return kind != Kind::none; }
    bool speaks_http() const noexcept { return kind == Kind::http || kind == Kind::https; }
    /// For messages: `http://127.0.0.1:3128`.
    std::string name() const;
    /// The field Proxy-Authorization; empty without credentials.
    std::string authorization() const;

    Kind kind = Kind::none;
    std::string host = {};  // as Url::hostname gives it
    std::uint16_t port = 0;
    std::string user = {}, password = {};
};

/// What no_proxy says: names, which stand for what is below them, too; addresses; networks such as 10.0.0.0/8; each with a port behind
/// a colon, if only that is meant; `*` for all. Addresses are compared as numbers, those of IPv4 also in the clothes of IPv6.
class NoProxy {
public:
    NoProxy() = default;
    /// Separated by commas or blanks. What is none of these is a name that no host has.
    explicit NoProxy(std::string_view list);
    /// `host` as Url::hostname gives it.
    bool covers(std::string_view host, std::uint16_t port) const;

private:
    struct Rule {
        std::string name = {};  // a domain, without the dot before it; empty: an address
        std::optional<IpNetwork> network = {};
        std::uint16_t port = 0;  // 0: any
    };
    void add(std::string_view entry);

    std::vector<Rule> rules_;
    bool is_for_all_ = false;
};

/// The proxies of a session.
struct ProxySettings {
    /// A variable's value; null if there is none.
    using Environment = const char* (*)(const char* name);
    static ProxySettings read(Environment environment);
    static ProxySettings always(Proxy proxy);

    /// None of them: for this URL there is no proxy. Throws InvalidUrl, which names the variable, where that would be needed and is malformed.
    const Proxy& of(const Url& url) const;

    struct Choice {
        Proxy proxy = {};
        std::string error = {};  // in place of it
    };
    Choice http = {}, https = {};
    NoProxy without = {};
};

}  // namespace hocket::http
