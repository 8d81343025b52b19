// SPDX-License-Identifier: MIT
// URLs as the WHATWG's standard reads and writes them.
#pragma once

#include <hocket/base/config.h>
#include <hocket/http/errors.h>
#include <hocket/http/params.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

/// A parsed, normalised URL (`yarl.URL`), as browsers understand it: https://url.spec.whatwg.org. A value, safe to copy between threads.
///
/// Whatever way a host is written, `http://0x7f.1/`, `http://2130706433/` and `http://127.0.0.1/` are one URL, and international names
/// are in the form that the name system knows (`xn--...`): what is looked at is what will be connected to. Of international names, those
/// that IDNA 2008 forbids are refused, which browsers take and registries do not: labels with symbols (a heart, a snowman), with a hyphen at
/// an end, of more than 63 bytes. The views that it gives point into it.
class HOCKET_EXPORT Url {
public:
    /// No URL: every part is empty.
    Url() = default;
    /// An absolute URL. Throws InvalidUrl, which says what is wrong.
    static Url parse(std::string_view text);
    /// What `reference` (`../x?q`, `//host/`, `#top`, or an absolute URL) means in a document at this URL (`yarl.URL.join`). Throws InvalidUrl.
    Url join(std::string_view reference) const;

    /// All of it: `http://user@127.0.0.1:8080/a%20b?q#top`.
    const std::string& str() const noexcept { return href_; }
    bool empty() const noexcept { return href_.empty(); }
    /// `http`: in lower case, without the colon.
    std::string_view scheme() const noexcept;
    /// In percent-encoding, as the other parts.
    std::string_view username() const noexcept;
    std::string_view password() const noexcept;
    /// `127.0.0.1`, `[::1]`, `xn--bcher-kva.example`.
    std::string_view host() const noexcept;
    /// What to resolve and connect to: `host` without brackets.
    std::string hostname() const;
    /// As written, else what the scheme says (80 of http and ws, 443 of https and wss), else 0.
    std::uint16_t port() const noexcept;
    /// `/a%20b`; never empty for http and https.
    std::string_view path() const noexcept;
    /// Without the `?`; empty also if there is none.
    std::string_view query() const noexcept;
    /// Without the `#`; empty also if there is none.
    std::string_view fragment() const noexcept;

    /// `http://127.0.0.1:8080`, `wss://example.org`: what must be equal for two URLs to share credentials; `null` for schemes without such a
    /// notion, and for `blob:`. The scheme's own port is left out.
    std::string origin() const;
    /// The host with the port where it is not the scheme's own: the field Host of a request.
    std::string_view authority() const noexcept;
    /// What a request asks a server for: path and query.
    std::string target() const;
    /// With `more` appended to the query, as a form is encoded (`yarl.URL.update_query` replaces, this does not).
    Url with_query(const Params& more) const;

    friend bool operator==(const Url& a, const Url& b) noexcept { return a.href_ == b.href_; }

private:
    friend class UrlParser;

    // Where the parts are in href_. An end that is also the next beginning stands for a part that is not there.
    std::string href_;
    std::size_t scheme_end_ = 0;    // the colon after the scheme
    std::size_t username_end_ = 0;  // where `//` and the user's name end
    std::size_t host_begin_ = 0;    // after the `@`
    std::size_t host_end_ = 0;
    std::size_t path_begin_ = 0;
    std::size_t query_begin_ = 0;     // the `?`, or where it would be
    std::size_t fragment_begin_ = 0;  // the `#`, or where it would be
    std::optional<std::uint16_t> port_;
};

}  // namespace hocket::http
