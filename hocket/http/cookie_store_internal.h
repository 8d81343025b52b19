// SPDX-License-Identifier: MIT
// The storage model of cookies (RFC 6265bis, 5.7 and 5.8), with the time given.
#pragma once

#include <hocket/http/cookie_jar.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hocket::http {

/// RFC 6265bis, 5.1.3: whether a host is this domain or below it. An address is below nothing.
bool domain_matches(std::string_view host, std::string_view domain) noexcept;
/// RFC 6265bis, 5.1.4: whether a cookie of the path `folder` belongs to `path`.
bool path_matches(std::string_view path, std::string_view folder) noexcept;
/// RFC 6265bis, 5.1.4: the path of a cookie that names none: `/a` for `/a/b`.
std::string_view default_path(std::string_view path) noexcept;

/// Times are nanoseconds since 1970-01-01 UTC.
class CookieStore {
public:
    static constexpr std::int64_t no_end = INT64_MAX;

    explicit CookieStore(CookieJarOptions options) : options_(std::move(options)) {}

    bool accepts() const noexcept { return options_.accept; }
    std::size_t size() const noexcept { return count_; }

    bool set(const Cookie& cookie, const Url& url, std::int64_t now);
    Params matching(const Url& url, std::int64_t now);
    void clear() noexcept;
    void clear_domain(std::string_view domain);
    std::vector<StoredCookie> all() const;
    /// Takes a cookie that another store had. Left out where a rule refuses it now.
    void restore(StoredCookie cookie);

private:
    struct Entry {
        StoredCookie cookie;
        std::int64_t ends = no_end;
        std::uint64_t made = 0, used = 0;  // moments, counted
    };
    using Entries = std::vector<Entry>;

    static bool is_used_before(const Entry& a, const Entry& b) noexcept {
        return a.used != b.used ? a.used < b.used : a.made < b.made;
    }
    bool is_secure(const Url& url) const;
    bool is_overshadowing(const StoredCookie& cookie) const noexcept;
    bool put(Entry entry);
    void remove(const StoredCookie& cookie);
    // Make room, and say when the cookie that goes was made.
    std::uint64_t evict_from(Entries& entries);
    std::uint64_t evict_any();
    void drop_expired(std::int64_t now);

    const CookieJarOptions options_;
    std::unordered_map<std::string, Entries> domains_;
    std::size_t count_ = 0;
    std::uint64_t moment_ = 0;
    std::int64_t next_end_ = no_end;  // nothing ends before
};

}  // namespace hocket::http
