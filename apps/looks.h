// SPDX-License-Identifier: MIT
// Looking at a process again and again, for `hocket top`: on a terminal, as lines of JSON and for a page.
#pragma once

#include "rates.h"

#include <hocket/core/coro.h>
#include <hocket/http/json.h>
#include <hocket/inspect/remote.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

/// As long as this lives, the process counts what its loops run.
class Looks {
public:
    /// Throws what `Observation` throws.
    explicit Looks(int pid);

    /// Looks once more, in a thread, since it may take a while until the process answers. Throws what `Observation::look` throws.
    hocket::Coro<> next();
    /// There were two looks.
    bool has_rates() const noexcept { return before_.pid != 0; }
    /// What was between the last two looks.
    std::vector<LoopRates> rates(std::string_view order) const;
    /// The same for programs: all tasks in that order.
    hocket::http::Json json(std::string_view order) const;
    /// Of each loop only so many tasks, those that are busiest, the oldest first.
    hocket::http::Json json_of_busiest(std::size_t most) const;

    const hocket::inspect::Sources& sources() const noexcept { return sources_; }

private:
    std::shared_ptr<hocket::inspect::Observation> observation_;  // a look that is given up goes on in its thread
    bool counts_ = false;
    hocket::inspect::Snapshot before_, now_;
    hocket::inspect::Sources sources_;
};

/// A process may end while it is looked at; nobody may have waited for it yet.
bool has_ended(int pid);
