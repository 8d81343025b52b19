// SPDX-License-Identifier: MIT
// An executor that is busy as long as a test wants it to be.
#pragma once

#include <hocket/os/executor.h>

#include <latch>
#include <memory>

namespace hocket::testing {

/// One thread, which is busy: what is submitted does not begin.
class BusyThread {
public:
    BusyThread() {
        set_default_executor(get_running_loop(),
                             std::make_unique<ThreadPoolExecutor>(ThreadPoolOptions{.max_workers = 1}));
    }
    void occupy() {
        default_executor().submit([end = end_] { end->wait(); });
    }
    void release() { end_->count_down(); }

private:
    std::shared_ptr<std::latch> end_ = std::make_shared<std::latch>(1);
};

}  // namespace hocket::testing
