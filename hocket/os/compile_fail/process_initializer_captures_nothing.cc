// SPDX-License-Identifier: MIT
// What a worker process is prepared by is a plain function: it cannot hold what is the parent's.
#include <hocket/os/process_pool.h>

#include <string>

void prepare();

// error: (no viable conversion|could not convert|cannot convert|cannot initialize|invalid conversion)
hocket::ProcessPoolOptions options([[maybe_unused]] std::string model) {
#ifdef HOCKET_FIXED
    return {.initializer = prepare};
#else
    return {.initializer = [model] { prepare(); }};
#endif
}
