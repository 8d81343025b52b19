// SPDX-License-Identifier: MIT
// Multipart bodies: what is found is the same however the input is divided, stays within the limits, and can be written and read again.
#include "fuzz.h"

#include <hocket/base/errors.h>
#include <hocket/http/errors.h>
#include <hocket/http/multipart.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>

namespace {

using namespace hocket;

constexpr http::MultipartLimits limits{.parts = 20, .fields = 4, .head = 300};

// The parts as they were found, and the error, if there was one.
struct Found {
    std::string text;
    std::string written;
    std::string error;
};

Found read(std::string_view input, std::size_t size) {
    Found found;
    http::MultipartParser parser("XX", limits);
    int parts = 0;
    try {
        while (!input.empty()) {
            std::string_view piece = input.substr(0, size);
            input.remove_prefix(piece.size());
            for (;;) {
                const http::PartEvent event = parser.next(piece);
                if (std::holds_alternative<std::monostate>(event)) break;
                if (const auto* head = std::get_if<http::PartHead>(&event)) {
                    fuzz::check(++parts <= 20 && head->headers.size() <= 4, "more than the limits allow");
                    found.text += "<" + head->name + "|" + head->filename.value_or("none") + ">";
                    http::write_part_head(found.written, "XX", head->headers);
                } else if (const auto* data = std::get_if<http::PartData>(&event)) {
                    fuzz::check(!data->bytes.empty(), "an empty piece");
                    found.text += data->bytes;
                    found.written += data->bytes;
                } else if (std::holds_alternative<http::PartEnd>(event)) {
                    found.text += "</>";
                    found.written += "\r\n";
                } else {
                    found.text += "<end>";
                    http::write_multipart_end(found.written, "XX");
                }
            }
            fuzz::check(piece.empty(), "input was left");
        }
        parser.finish();
    } catch (const http::ProtocolError& e) {
        found.error = e.what();
    }
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = fuzz::text_of(data, size);
    const Found whole = read(input, std::max<std::size_t>(input.size(), 1));
    for (const std::size_t piece : {1UL, 2UL, 3UL, 7UL}) {
        const Found divided = read(input, piece);
        fuzz::check(divided.text == whole.text && divided.error == whole.error, "divided otherwise, it is another",
                    divided.text);
    }
    if (!whole.error.empty()) return 0;
    const Found again = read(whole.written, std::max<std::size_t>(whole.written.size(), 1));
    fuzz::check(again.error.empty() && again.text == whole.text, "what was written is read otherwise", whole.written);
    return 0;
}
