// SPDX-License-Identifier: MIT
// HTTP/1 as a server reads it: whatever comes is found to be the same however it is divided, and can be written again.
#include "http1.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hocket::fuzz;
    const std::string_view input = text_of(data, size);
    read_in_all_ways(Reads::requests, "GET", input, false);
    read_in_all_ways(Reads::requests, "GET", input, true);
    return 0;
}
