// SPDX-License-Identifier: MIT
// How long each phase of a request took, from what the client tells.
#pragma once

#include <hocket/http/client_trace.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Of one URL, with all that it was redirected to.
class Phases {
public:
    enum Phase : std::uint8_t { lookup, connect, tls, first_byte, body };
    static constexpr std::array<std::string_view, 5> names = {"lookup", "connect", "tls", "first_byte", "body"};

    struct Redirect {
        int status;
        std::string to;
    };

    void note(const hocket::http::TraceEvent& event);

    /// Seconds, added up; nothing where there was no such phase.
    std::optional<double> seconds(Phase phase) const;
    /// Seconds from the beginning to the last that happened.
    double total() const { return static_cast<double>(last_) * 1e-9; }
    /// Whether a name is looked up, or was when it failed.
    bool is_resolving() const noexcept { return is_open_ && open_ == lookup; }
    const std::vector<Redirect>& redirects() const noexcept { return redirects_; }

private:
    void begin(Phase phase, std::int64_t at);
    void end(Phase phase, std::int64_t at);

    std::array<std::int64_t, 5> spent_{};  // nanoseconds
    std::array<bool, 5> happened_{};
    Phase open_ = lookup;
    bool is_open_ = false;
    std::int64_t begun_ = 0, last_ = 0;
    std::vector<Redirect> redirects_;
};
