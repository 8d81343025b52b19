// SPDX-License-Identifier: MIT
// HTTP/1 as a client reads it: whatever answers a request is found to be the same however it is divided.
#include "http1.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hocket::fuzz;
    const std::string_view input = text_of(data, size);
    for (const std::string_view method : {"GET", "HEAD", "CONNECT"}) {
        read_in_all_ways(Reads::responses, method, input, false);
        read_in_all_ways(Reads::responses, method, input, true);
    }
    return 0;
}
