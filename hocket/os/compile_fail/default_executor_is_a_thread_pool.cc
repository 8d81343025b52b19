// SPDX-License-Identifier: MIT
// A loop's default executor is a pool of threads: what blocks in this process cannot be blocked in another one.
#include <hocket/os/executor.h>
#include <hocket/os/process_pool.h>

#include <memory>

// error: (no matching function for call to 'set_default_executor|no viable conversion|could not convert|cannot convert)
void prepare(hocket::EventLoop& loop) {
#ifdef HOCKET_FIXED
    hocket::set_default_executor(loop, std::make_unique<hocket::ThreadPoolExecutor>());
#else
    hocket::set_default_executor(loop, std::make_unique<hocket::ProcessPoolExecutor>());
#endif
}
