// SPDX-License-Identifier: MIT
// The lines of a run's story, and which of them become one.
#pragma once

#include <hocket/io/sim_network_internal.h>
#include <hocket/sim/config.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hocket::sim {

/// Written line by line, as `Tell` says.
class Story {
public:
    explicit Story(Tell how) noexcept : how_(how) {}
    bool told() const noexcept { return how_ != Tell::off; }

    void line(std::int64_t now, const std::string& host, Told import, const std::string& what);
    /// `size` bytes have arrived; `what` goes on behind their number.
    void carried(std::int64_t now, const std::string& from, const std::string& to, std::size_t size,
                 const std::string& what);
    /// All of it. Nothing is added from there on.
    std::string take();

private:
    struct Way {
        std::string from, to;
        std::size_t bytes, times;
    };
    void finish_line();
    void finish_ways();
    void write(std::int64_t when, const std::string& host, const std::string& what);

    const Tell how_;
    std::string text_;

    // The line that may still grow.
    std::int64_t when_ = 0;
    std::string host_, what_;
    Told import_ = Told::notable;
    std::size_t more_ = 0;  // like it

    std::vector<Way> ways_;  // what was carried since the last line
    std::int64_t last_carried_ = 0;
};

}  // namespace hocket::sim
