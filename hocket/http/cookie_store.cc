// SPDX-License-Identifier: MIT
// Which cookies are taken, which go out, and which make room for others.
#include <hocket/http/cookie_store_internal.h>

#include <hocket/http/cookie_rules_internal.h>
#include <hocket/http/public_suffix_internal.h>
#include <hocket/http/text.h>

#include <algorithm>
#include <utility>

namespace hocket::http {

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t longest_life = std::int64_t{400} * 86'400 * second;  // RFC 6265bis, 5.5
constexpr std::size_t longest_host = 255;  // no name is longer, and each label costs a look into the store

// A URL's host that ends in a number is an address: its parser sees to that.
bool is_address(std::string_view host) noexcept {
    if (host.starts_with('[')) return true;
    const std::string_view last = host.substr(host.rfind('.') + 1);
    return !last.empty() && std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_same(const StoredCookie& a, const StoredCookie& b) noexcept {
    return a.name == b.name && a.host_only == b.host_only && a.path == b.path && a.domain == b.domain;
}

// When a cookie ends that is set at `now`.
std::int64_t end_of(const Cookie& cookie, std::int64_t now) noexcept {
    if (cookie.max_age) return now + std::min(std::max<std::int64_t>(cookie.max_age->count(), 0), longest_life);
    if (cookie.expires) return std::min(cookie.expires->count(), now + longest_life);
    return CookieStore::no_end;
}

// Makes a host's cookie one of the domain that its host has named; false if that is none of its own. Addresses and public suffixes have
// cookies of their own at the most.
bool give_domain(StoredCookie& cookie, const std::string& domain) {
    const bool is_host = domain == cookie.domain;
    if (!is_ascii(domain) || !domain_matches(cookie.domain, domain)) return false;
    if (is_address(cookie.domain) || is_public_suffix(domain)) return is_host;
    cookie.domain = domain;
    cookie.host_only = false;
    return true;
}

}  // namespace

bool domain_matches(std::string_view host, std::string_view domain) noexcept {
    if (host == domain) return true;
    if (domain.empty() || host.size() <= domain.size() || !host.ends_with(domain)) return false;
    return host[host.size() - domain.size() - 1] == '.' && !is_address(host);
}

bool path_matches(std::string_view path, std::string_view folder) noexcept {
    if (!path.starts_with(folder)) return false;
    return path.size() == folder.size() || folder.ends_with('/') || path[folder.size()] == '/';
}

std::string_view default_path(std::string_view path) noexcept {
    const std::size_t last = path.rfind('/');
    if (!path.starts_with('/') || last == 0) return "/";
    return path.substr(0, last);
}

bool CookieStore::is_secure(const Url& url) const {
    if (url.scheme() == "https" || url.scheme() == "wss" || url.host() == "localhost") return true;
    const auto& trusted = options_.treat_as_secure_origin;
    return !trusted.empty() && std::find(trusted.begin(), trusted.end(), url.origin()) != trusted.end();
}

// Whether a secure cookie would go out behind it, or not at all (5.7, step 12).
bool CookieStore::is_overshadowing(const StoredCookie& cookie) const noexcept {
    for (const auto& [domain, entries] : domains_) {
        if (!domain_matches(domain, cookie.domain) && !domain_matches(cookie.domain, domain)) continue;
        for (const Entry& old : entries) {
            if (old.cookie.secure && old.cookie.name == cookie.name && path_matches(cookie.path, old.cookie.path)) {
                return true;
            }
        }
    }
    return false;
}

// RFC 6265bis, 5.7.
bool CookieStore::set(const Cookie& cookie, const Url& url, std::int64_t now) {
    const std::string_view host = url.host();
    if (!options_.accept || host.empty() || host.size() > longest_host) return false;
    if (!can_be_sent(cookie.name, cookie.value) || !is_field_value(cookie.path)) return false;
    if (cookie.name.size() + cookie.value.size() > most_bytes_of_a_cookie) return false;
    if (!broken_promise(cookie).empty()) return false;
    drop_expired(now);

    Entry entry{.cookie = {.name = cookie.name, .value = cookie.value, .domain = std::string(host)}};
    StoredCookie& stored = entry.cookie;
    if (!cookie.domain.empty() && !give_domain(stored, cookie.domain)) return false;
    stored.path = cookie.path.starts_with('/') ? std::string_view(cookie.path) : default_path(url.path());
    stored.secure = cookie.secure;
    stored.http_only = cookie.http_only;
    stored.same_site = cookie.same_site;
    if (!is_secure(url) && (stored.secure || is_overshadowing(stored))) return false;

    entry.ends = end_of(cookie, now);
    if (entry.ends != no_end) stored.expires = std::chrono::nanoseconds(entry.ends);
    if (entry.ends > now) return put(std::move(entry));
    remove(stored);
    return false;
}

void CookieStore::remove(const StoredCookie& cookie) {
    const auto found = domains_.find(cookie.domain);
    if (found == domains_.end()) return;
    count_ -= std::erase_if(found->second, [&](const Entry& entry) { return is_same(entry.cookie, cookie); });
    if (found->second.empty()) domains_.erase(found);
}

// In place of the cookie of the same name, domain and path. Whether it has stayed.
bool CookieStore::put(Entry entry) {
    Entries& entries = domains_[entry.cookie.domain];
    next_end_ = std::min(next_end_, entry.ends);
    entry.made = entry.used = ++moment_;
    for (Entry& old : entries) {
        if (!is_same(old.cookie, entry.cookie)) continue;
        entry.made = old.made;
        old = std::move(entry);
        return true;
    }
    const std::uint64_t added = entry.made;
    entries.push_back(std::move(entry));
    ++count_;
    if (options_.max_per_domain != 0 && entries.size() > options_.max_per_domain) return evict_from(entries) != added;
    return options_.max_cookies == 0 || count_ <= options_.max_cookies || evict_any() != added;
}

// Of a domain that has too many, those go first that are not secure.
std::uint64_t CookieStore::evict_from(Entries& entries) {
    const auto victim = std::min_element(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return a.cookie.secure != b.cookie.secure ? !a.cookie.secure : is_used_before(a, b);
    });
    const std::uint64_t made = victim->made;
    entries.erase(victim);
    --count_;
    return made;
}

std::uint64_t CookieStore::evict_any() {
    const Entry* victim = nullptr;
    for (const auto& [domain, entries] : domains_) {
        for (const Entry& entry : entries) {
            if (!victim || is_used_before(entry, *victim)) victim = &entry;
        }
    }
    const std::uint64_t made = victim->made;
    const StoredCookie cookie = victim->cookie;
    remove(cookie);
    return made;
}

void CookieStore::drop_expired(std::int64_t now) {
    if (now < next_end_) return;
    next_end_ = no_end;
    for (auto domain = domains_.begin(); domain != domains_.end();) {
        Entries& entries = domain->second;
        count_ -= std::erase_if(entries, [now](const Entry& entry) { return entry.ends <= now; });
        for (const Entry& entry : entries) next_end_ = std::min(next_end_, entry.ends);
        domain = entries.empty() ? domains_.erase(domain) : std::next(domain);
    }
}

// RFC 6265bis, 5.8.3.
Params CookieStore::matching(const Url& url, std::int64_t now) {
    Params result;
    const std::string_view host = url.host();
    if (count_ == 0 || host.empty() || host.size() > longest_host) return result;
    drop_expired(now);
    const bool secure = is_secure(url);
    std::vector<Entry*> chosen;
    std::string_view domain = host;
    for (;;) {
        const auto found = domains_.find(std::string(domain));
        if (found != domains_.end()) {
            for (Entry& entry : found->second) {
                if (entry.cookie.host_only && domain.size() != host.size()) continue;
                if (entry.cookie.secure && !secure) continue;
                if (path_matches(url.path(), entry.cookie.path)) chosen.push_back(&entry);
            }
        }
        const std::size_t dot = domain.find('.');
        if (dot == std::string_view::npos || is_address(host)) break;
        domain.remove_prefix(dot + 1);
    }
    std::sort(chosen.begin(), chosen.end(), [](const Entry* a, const Entry* b) {
        const std::size_t left = a->cookie.path.size();
        const std::size_t right = b->cookie.path.size();
        return left != right ? left > right : a->made < b->made;
    });
    result.reserve(chosen.size());
    ++moment_;
    for (Entry* entry : chosen) {
        entry->used = moment_;
        result.emplace_back(entry->cookie.name, entry->cookie.value);
    }
    return result;
}

void CookieStore::clear() noexcept {
    domains_.clear();
    count_ = 0;
    next_end_ = no_end;
}

void CookieStore::clear_domain(std::string_view domain) {
    for (auto found = domains_.begin(); found != domains_.end();) {
        if (!domain_matches(found->first, domain)) {
            ++found;
            continue;
        }
        count_ -= found->second.size();
        found = domains_.erase(found);
    }
}

std::vector<StoredCookie> CookieStore::all() const {
    std::vector<const Entry*> order;
    order.reserve(count_);
    for (const auto& [domain, entries] : domains_) {
        for (const Entry& entry : entries) order.push_back(&entry);
    }
    std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) { return a->made < b->made; });
    std::vector<StoredCookie> cookies;
    cookies.reserve(order.size());
    for (const Entry* entry : order) cookies.push_back(entry->cookie);
    return cookies;
}

void CookieStore::restore(StoredCookie cookie) {
    if (!options_.accept || cookie.domain.empty() || cookie.domain.size() > longest_host) return;
    if (cookie.name.size() + cookie.value.size() > most_bytes_of_a_cookie) return;
    if (!can_be_sent(cookie.name, cookie.value)) return;
    // A cookie that was for one host only had no attribute Domain, or one that said no more.
    const Cookie as_set{.name = cookie.name,
                        .value = cookie.value,
                        .domain = cookie.host_only ? std::string() : cookie.domain,
                        .path = cookie.path,
                        .secure = cookie.secure,
                        .same_site = cookie.same_site};
    if (!broken_promise(as_set).empty()) return;
    if (!cookie.host_only && (is_address(cookie.domain) || is_public_suffix(cookie.domain))) return;
    Entry entry{.cookie = std::move(cookie)};
    if (entry.cookie.expires) entry.ends = entry.cookie.expires->count();
    put(std::move(entry));
}

}  // namespace hocket::http
