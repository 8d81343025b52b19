// SPDX-License-Identifier: MIT
// The URL standard's basic URL parser (section 4.4): its states are functions here, each of which takes all that belongs to it.
#pragma once

#include <hocket/http/url.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

/// One of the schemes of the web, whose URLs have a host, and a path of segments.
struct Special {
    std::string_view scheme;
    std::uint16_t port;  // its own; 0 for none
};

/// Null for all other schemes.
const Special* find_special(std::string_view scheme) noexcept;

/// Reads one URL. Throws UrlFault.
class UrlParser {
public:
    /// `base`: what a relative URL is relative to, or null.
    explicit UrlParser(const Url* base) noexcept : base_(base) {}

    /// `text` has no white space around it, and no tab or line end in it.
    Url parse(std::string_view text);
    /// Whether it is an absolute URL of http or https that is what `parse` would make of it, which `url` is then. False for some of these, too.
    static bool parse_plain(std::string_view text, Url& url);

private:
    // The standard's states. Each is given what is left of the text.
    void with_scheme(std::string_view rest);
    void without_scheme(std::string_view text);
    void relative(std::string_view text);
    void relative_slash(std::string_view text);
    void slashes_before_authority(std::string_view text);
    void authority(std::string_view text);
    void host_and_port(std::string_view text);
    void file(std::string_view text);
    void file_slash(std::string_view text);
    void file_host(std::string_view text);
    void path_start(std::string_view text);
    void path(std::string_view text);
    void opaque_path(std::string_view text);
    void after_path(std::string_view text);
    void query(std::string_view text);
    void fragment(std::string_view text);

    void set_scheme(std::string scheme);
    void copy_authority();
    void copy_query();
    void shorten_path() noexcept;
    Url written() const;

    bool is_file() const noexcept { return scheme_ == "file"; }
    bool is_separator(char c) const noexcept { return c == '/' || (special_ && c == '\\'); }
    bool is_base_file() const noexcept { return base_ && base_->scheme() == "file"; }
    bool is_base_opaque() const noexcept;  // such as mailto:a@b
    bool has_base_authority() const noexcept;

    const Url* base_;
    std::string scheme_;
    const Special* special_ = nullptr;
    std::string username_;
    std::string password_;
    std::optional<std::string> host_;
    std::optional<std::uint16_t> port_;
    std::string path_;  // each segment with the slash before it
    bool has_opaque_path_ = false;
    std::optional<std::string> query_;
    std::optional<std::string> fragment_;
};

}  // namespace hocket::http
