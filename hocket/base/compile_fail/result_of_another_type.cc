// SPDX-License-Identifier: MIT
// A result is made from its value as the value itself would be: an int is no vector of so many elements.
#include <hocket/base/result.h>

#include <vector>

// error: no viable conversion|could not convert|conversion from
hocket::Result<std::vector<int>> numbers() {
#ifdef HOCKET_FIXED
    return std::vector<int>(5);
#else
    return 5;
#endif
}
