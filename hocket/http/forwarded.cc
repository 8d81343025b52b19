// SPDX-License-Identifier: MIT
// X-Forwarded-For, -Proto, -Host, and Forwarded (RFC 7239), read from the nearest proxy to the client.
#include <hocket/http/forwarded_internal.h>

#include <hocket/base/errors.h>
#include <hocket/http/field_parameters_internal.h>
#include <hocket/http/http_server.h>
#include <hocket/http/text.h>

#include <algorithm>
#include <optional>

namespace hocket::http {

namespace {

constexpr std::size_t most_hops = 64;  // of a chain: what is farther away is not looked at

// `192.0.2.7`, `192.0.2.7:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`; nothing for `unknown` and names.
std::optional<Address> node_address(std::string_view node) {
    if (node.starts_with('[')) {
        const std::size_t end = node.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view port = node.substr(end + 1);
        if (!port.empty() && !port.starts_with(':')) return std::nullopt;
        node = node.substr(1, end - 1);
    } else if (std::ranges::count(node, ':') == 1) {
        node = node.substr(0, node.find(':'));
    }
    return Address::numeric(node, 0);
}

bool is_scheme(std::string_view text) noexcept {
    return equal_without_case(text, "http") || equal_without_case(text, "https");
}

// A name or an address, and perhaps a port: nothing that would be more than that in a URL.
bool is_host(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-._~:[]").find(c) != std::string_view::npos;
    });
}

void take_scheme(Forwarding& to, std::string_view scheme) {
    if (is_scheme(scheme)) to.scheme = scheme.size() == 5 ? "https" : "http";
}

void take_host(Forwarding& to, std::string_view host) {
    if (is_host(host)) to.host = host;
}

bool is_escaped(std::string_view text, std::size_t at) noexcept {
    std::size_t begin = at;
    while (begin > 0 && text[begin - 1] == '\\') --begin;
    return (at - begin) % 2 == 1;
}

// Takes what comes behind the last comma off `text`. It is looked for from the end, so that nothing a client has written, a quote that stays
// open, say, hides what its proxy has written behind that.
std::string_view take_last(std::string_view& text, bool has_quotes) noexcept {
    bool is_quoted = false;
    std::size_t begin = text.size();
    for (; begin > 0 && (is_quoted || text[begin - 1] != ','); --begin) {
        if (has_quotes && text[begin - 1] == '"' && !is_escaped(text, begin - 1)) is_quoted = !is_quoted;
    }
    const std::string_view taken = text.substr(begin);
    text = text.substr(0, begin == 0 ? 0 : begin - 1);
    return trim(taken);
}

// The members of all fields of that name, the last first.
std::vector<std::string_view> members_from_the_end(const Headers& headers, std::string_view name, bool has_quotes) {
    std::vector<std::string_view> members;
    std::vector<std::string_view> fields = headers.get_all(name);
    for (; !fields.empty() && members.size() < most_hops; fields.pop_back()) {
        std::string_view field = fields.back();
        do members.push_back(take_last(field, has_quotes));
        while (!field.empty() && members.size() < most_hops);
    }
    return members;
}

// `for=192.0.2.60;proto=http;host="a.example"`: what stands where a name is asked for. Of an element that is malformed, or says something twice, which
// RFC 7239, 4 forbids and two readers might read in two ways, nothing.
class Element {
public:
    explicit Element(std::string_view text) : parameters_(parse_field_parameters(";" + std::string(text))) {}
    std::string_view operator[](std::string_view name) const noexcept {
        const std::string* const value = parameters_ ? parameters_->find(name) : nullptr;
        return value ? std::string_view(*value) : std::string_view();
    }

private:
    const std::optional<FieldParameters> parameters_;
};

}  // namespace

TrustedProxies::TrustedProxies(const std::vector<std::string>& proxies, ForwardedFields fields)
    : reads_forwarded_(fields == ForwardedFields::forwarded) {
    for (const std::string& text : proxies) {
        if (text == "unix") {
            trusts_unix_ = true;
            continue;
        }
        const auto network = IpNetwork::parse(text);
        if (!network) {
            throw ValueError("trusted_proxies: " + in_quotes(text) +
                             " is no address, no network such as 10.0.0.0/8, and not unix");
        }
        if (network->has_host_bits()) {
            throw ValueError("trusted_proxies: " + in_quotes(text) + " has bits of a host behind those of its network");
        }
        networks_.push_back(*network);
    }
}

bool TrustedProxies::trusts(const Address& peer) const noexcept {
    if (peer.family() == AddressFamily::local) return trusts_unix_;
    const auto bytes = ip_bytes(peer);
    return bytes && std::ranges::any_of(networks_, [&](const IpNetwork& network) { return network.contains(*bytes); });
}

Forwarding TrustedProxies::resolve(const Headers& headers, const Address& peer, const Forwarding& direct) const {
    Forwarding found = direct;
    if ((!networks_.empty() || trusts_unix_) && trusts(peer)) {
        reads_forwarded_ ? walk_forwarded(headers, found) : walk_x_forwarded(headers, found);
    }
    return found;
}

// Each proxy appends whom it serves: so the last element is the word of the proxy that we trust, the one before it that of whom this
// names, if we trust that one, too.
void TrustedProxies::walk_forwarded(const Headers& headers, Forwarding& to) const {
    for (const std::string_view text : members_from_the_end(headers, "Forwarded", true)) {
        const Element element(text);
        take_scheme(to, element["proto"]);
        take_host(to, element["host"]);
        const auto client = node_address(element["for"]);
        if (!client) return;
        to.remote = client->host();
        if (!trusts(*client)) return;
    }
}

// Nothing says that the fields are lists beside each other: of two proxies, each of which we trust, one may append to a field that the other
// passes as the client wrote it. So of scheme and host only the last word counts, which is that of the proxy that we know.
void TrustedProxies::walk_x_forwarded(const Headers& headers, Forwarding& to) const {
    const auto clients = members_from_the_end(headers, "X-Forwarded-For", false);
    const auto schemes = members_from_the_end(headers, "X-Forwarded-Proto", false);
    const auto hosts = members_from_the_end(headers, "X-Forwarded-Host", false);
    for (const std::string_view text : clients) {
        const auto client = node_address(text);
        if (!client) break;
        to.remote = client->host();
        if (!trusts(*client)) break;
    }
    if (!schemes.empty()) take_scheme(to, schemes.front());
    if (!hosts.empty()) take_host(to, hosts.front());
}

}  // namespace hocket::http
