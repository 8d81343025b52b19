// SPDX-License-Identifier: MIT
// Proxies out of options and environment, and the hosts that need none.
#include <hocket/http/proxy_internal.h>

#include <hocket/http/base64_internal.h>
#include <hocket/http/percent_internal.h>
#include <hocket/http/reading_internal.h>
#include <hocket/http/text.h>
#include <hocket/net/address.h>

#include <algorithm>
#include <optional>

namespace hocket::http {

namespace {

constexpr std::uint16_t socks_port = 1080;

}  // namespace

// ---- One proxy

// The URL in the message would be the whole text, and so have the password.
Proxy Proxy::parse(std::string_view text) {
    const std::size_t mark = text.find("://");
    const std::string scheme = mark == std::string_view::npos ? "http" : lowered(text.substr(0, mark));
    const std::string_view rest = mark == std::string_view::npos ? text : text.substr(mark + 3);
    Proxy proxy;
    if (scheme == "http") {
        proxy.kind = Kind::http;
    } else if (scheme == "https") {
        proxy.kind = Kind::https;
    } else if (scheme == "socks5" || scheme == "socks5h" || scheme == "socks") {
        proxy.kind = Kind::socks5;
    } else {
        throw InvalidUrl("the scheme " + in_quotes(scheme) + " of the proxy is not http, https or socks5");
    }
    Url url;
    bool has_port = true;
    try {
        url = Url::parse((proxy.kind == Kind::https ? "https://" : "http://") + std::string(rest));
        // A port that is said is the same, whatever the scheme.
        if (proxy.kind == Kind::socks5) has_port = url.port() == Url::parse("https://" + std::string(rest)).port();
    } catch (const InvalidUrl&) {
        throw InvalidUrl("the proxy's URL, of the scheme " + scheme + ", is malformed");
    }
    proxy.host = url.hostname();
    proxy.port = has_port ? url.port() : socks_port;
    proxy.user = percent_decode(url.username());
    proxy.password = percent_decode(url.password());
    return proxy;
}

std::string Proxy::name() const {
    std::string text = kind == Kind::socks5 ? "socks5://" : kind == Kind::https ? "https://" : "http://";
    const bool is_ipv6 = host.find(':') != std::string::npos;
    text.append(is_ipv6 ? "[" : "").append(host).append(is_ipv6 ? "]:" : ":").append(std::to_string(port));
    return text;
}

std::string Proxy::authorization() const {
    if (user.empty() && password.empty()) return {};
    return "Basic " + encode_base64(user + ':' + password);
}

// ---- Who needs none

void NoProxy::add(std::string_view entry) {
    if (entry == "*") {
        is_for_all_ = true;
        return;
    }
    Rule rule{.network = IpNetwork::parse(entry)};
    if (rule.network) {
        rules_.push_back(std::move(rule));
        return;
    }
    const std::size_t colon = entry.rfind(':');
    if (colon != std::string_view::npos) {
        const auto port = read_number<std::uint16_t>(entry.substr(colon + 1));
        if (port && *port != 0) {
            rule.port = *port;
            entry = entry.substr(0, colon);
        }
    }
    rule.network = IpNetwork::parse(entry);
    if (!rule.network) {
        if (entry.starts_with("*.")) entry.remove_prefix(1);
        if (entry.starts_with('.')) entry.remove_prefix(1);
        if (entry.ends_with('.')) entry.remove_suffix(1);
        if (entry.empty()) return;
        rule.name = lowered(entry);
    }
    rules_.push_back(std::move(rule));
}

NoProxy::NoProxy(std::string_view list) {
    constexpr std::string_view separators = ", \t\r\n";
    while (!list.empty()) {
        const std::size_t end = std::min(list.find_first_of(separators), list.size());
        if (end > 0) add(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
}

bool NoProxy::covers(std::string_view host, std::uint16_t port) const {
    if (is_for_all_) return true;
    if (host.ends_with('.')) host.remove_suffix(1);
    const auto address = IpNetwork::parse(host);
    const std::string name = address ? std::string() : lowered(host);
    for (const Rule& rule : rules_) {
        if (rule.port != 0 && rule.port != port) continue;
        if (!rule.name.empty()) {
            const bool is_below = name.size() > rule.name.size() && name.ends_with(rule.name) &&
                                  name[name.size() - rule.name.size() - 1] == '.';
            if (name == rule.name || is_below) return true;
            continue;
        }
        if (address && rule.network && rule.network->contains(address->bytes)) return true;
    }
    return false;
}

// ---- A session's

namespace {

struct Found {
    std::string name;
    std::string_view value;
};

// In small letters first, also if it is empty there: that takes away what stands in capitals.
Found variable(ProxySettings::Environment environment, std::string name) {
    if (const char* value = environment(name.c_str())) return {name, value};
    // What a client sends as the field Proxy is HTTP_PROXY in a CGI program (RFC 3875, 4.1.18; CVE-2016-5385).
    if (name == "http_proxy" && environment("REQUEST_METHOD")) return {name, {}};
    name = raised(name);
    const char* value = environment(name.c_str());
    return {name, value ? std::string_view(value) : std::string_view()};
}

// What is malformed may concern nobody: many environments have an all_proxy beside the proxies of http and https.
ProxySettings::Choice choice_of(const Found& found) {
    if (found.value.empty()) return {};
    try {
        return {.proxy = Proxy::parse(found.value)};
    } catch (const InvalidUrl& e) {
        return {.error = "the variable " + found.name + ": " + e.what()};
    }
}

}  // namespace

ProxySettings ProxySettings::read(Environment environment) {
    ProxySettings settings;
    const auto is_said = [](const Choice& choice) { return choice.proxy || !choice.error.empty(); };
    settings.http = choice_of(variable(environment, "http_proxy"));
    settings.https = choice_of(variable(environment, "https_proxy"));
    const Choice all = choice_of(variable(environment, "all_proxy"));
    if (!is_said(settings.http)) settings.http = all;
    if (!is_said(settings.https)) settings.https = all;
    settings.without = NoProxy(variable(environment, "no_proxy").value);
    return settings;
}

ProxySettings ProxySettings::always(Proxy proxy) {
    return {.http = {.proxy = proxy}, .https = {.proxy = std::move(proxy)}};
}

const Proxy& ProxySettings::of(const Url& url) const {
    static const Proxy none;
    const auto& [proxy, error] = url.scheme() == "https" ? https : http;
    if ((!proxy && error.empty()) || without.covers(url.hostname(), url.port())) return none;
    if (!error.empty()) throw InvalidUrl(error);
    return proxy;
}

}  // namespace hocket::http
