// SPDX-License-Identifier: MIT
// Compressing what a generator gives.
#include <hocket/http/encoded_pieces_internal.h>

#include <exception>
#include <utility>

namespace hocket::http {

AsyncGenerator<std::string> encoded_pieces(AsyncGenerator<std::string> pieces, ContentCoding coding) {
    Encoder encoder(coding);
    while (const auto piece = co_await pieces.next()) {
        if (piece->empty()) continue;
        std::string bytes;
        encoder.encode(*piece, bytes);
        encoder.flush(bytes);
        std::exception_ptr ended;
        try {
            co_yield std::move(bytes);
        } catch (...) {  // nobody wants more
            ended = std::current_exception();
        }
        if (!ended) continue;
        co_await pieces.aclose();
        std::rethrow_exception(ended);
    }
    std::string end;
    encoder.finish(end);
    co_yield std::move(end);
}

}  // namespace hocket::http
