// SPDX-License-Identifier: MIT
// What the targets of HTTP/1 share: events as text, of the input whole and in pieces, which must be the same.
#pragma once

#include "fuzz.h"

#include <hocket/base/errors.h>
#include <hocket/http/http1_parser.h>
#include <hocket/http/http1_writer.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace hocket::fuzz {

using Reads = http::Http1Parser::Reads;

/// What a parser finds in an input.
class Events {
public:
    Events(Reads what, std::string_view method) : what_(what), parser_(what, {.body = 1 << 16}) {
        if (what == Reads::responses) parser_.expect_response_to(method);
    }

    /// Takes the next bytes. False: no more are to be given.
    bool take(std::string_view bytes) {
        const std::string copy(
            bytes);  // what has been read is gone: a view kept for too long shows under AddressSanitizer
        std::string_view input = copy;
        return guarded([&] {
            for (;;) {
                const std::size_t before = input.size();
                const http::Event event = parser_.next(input);
                check(input.size() <= before, "bytes were given back");
                if (std::holds_alternative<std::monostate>(event)) break;
                if (!add(event)) return false;
            }
            check(input.empty(), "more is wanted, and bytes are left");
            return true;
        });
    }
    void end() {
        guarded([&] { return add(parser_.eof()); });
    }

    /// `head`, a list of fields, `body`, `end`, `error`: all that was found.
    std::string text;

private:
    template <class F>
    bool guarded(const F& f) {
        try {
            return f();
        } catch (const http::ProtocolError& e) {
            text += "\nerror " + std::to_string(e.status()) + ' ' + e.what();
        }
        std::string_view more = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        try {
            parser_.next(more);
        } catch (const http::ProtocolError&) {
            return false;
        }
        check(false, "an error is not for ever", text);
        return false;
    }

    // False after the last message.
    bool add(const http::Event& event) {
        if (const auto* request = std::get_if<http::RequestHead>(&event)) {
            check(what_ == Reads::requests, "a request among responses");
            text += "\nhead " + request->method + ' ' + request->target;
            add_head(*request);
            check_round_trip(*request);
        } else if (const auto* response = std::get_if<http::ResponseHead>(&event)) {
            check(what_ == Reads::responses, "a response among requests");
            text += "\nhead " + std::to_string(response->status) + ' ' + response->reason;
            add_head(*response);
        } else if (const auto* data = std::get_if<http::BodyData>(&event)) {
            check(!data->bytes.empty(), "a piece of a body that is empty");
            if (!std::exchange(in_body_, true)) text += "\nbody ";
            text += data->bytes;
        } else if (const auto* end = std::get_if<http::MessageEnd>(&event)) {
            in_body_ = false;
            text += "\nend";
            add_fields(end->trailers);
            return keeps_alive_;
        }
        return true;
    }

    template <class Head>
    void add_head(const Head& head) {
        keeps_alive_ = head.keep_alive;
        in_body_ = false;
        check(!(head.chunked && head.content_length), "chunked, and with a length");
        text += std::string(" 1.") + std::to_string(head.minor_version) + (head.keep_alive ? " kept" : "") +
                (head.chunked ? " chunked" : "");
        if (head.content_length) text += ' ' + std::to_string(*head.content_length);
        add_fields(head.headers);
    }

    void add_fields(const http::Headers& fields) {
        for (const auto& [name, value] : fields) {
            check(http::is_token(name) && http::is_field_value(value) && http::trim(value) == value,
                  "a field that is none");
            text.append("\n").append(name).append(": ").append(value);
        }
    }

    // What was read can be written, and is read as the same again.
    static void check_round_trip(http::RequestHead head) {
        std::string bytes;
        if (head.content_length)
            head.headers.set("Content-Length", std::to_string(*head.content_length));  // may have been 007
        http::write_head(bytes, head);
        http::Http1Parser again(Reads::requests,
                                {.line = 1 << 20, .field = 1 << 20, .fields = 1 << 10, .head = 1 << 20});
        std::string_view input = bytes;
        const http::Event event = again.next(input);
        const auto* read = std::get_if<http::RequestHead>(&event);
        check(read && read->method == head.method && read->target == head.target &&
                  read->minor_version == head.minor_version && read->keep_alive == head.keep_alive &&
                  read->content_length == head.content_length && read->chunked == head.chunked &&
                  read->upgrade == head.upgrade && read->expects_continue == head.expects_continue,
              "what was read is written as something else", bytes);
    }

    Reads what_;
    http::Http1Parser parser_;
    bool in_body_ = false;
    bool keeps_alive_ = true;
};

/// Reads `input` whole, in random pieces and byte by byte; the peer closes after it if `closed`.
inline void read_in_all_ways(Reads what, std::string_view method, std::string_view input, bool closed) {
    Numbers numbers(input);
    const auto found = [&](std::size_t most) {
        Events events(what, method);
        bool goes_on = true;
        for (std::string_view rest = input; goes_on && !rest.empty();) {
            const std::size_t size = std::min(rest.size(), most == 0 ? rest.size() : 1 + numbers.below(most));
            goes_on = events.take(rest.substr(0, size));
            rest.remove_prefix(size);
        }
        if (goes_on && closed) events.end();
        return events.text;
    };
    const std::string whole = found(0);
    constexpr std::size_t most_of_pieces[] = {1, 7, 100};
    for (const std::size_t most : most_of_pieces) {
        const std::string pieces = found(most);
        check(whole == pieces, "whole and in pieces are not the same", whole + "\n---- in pieces:" + pieces);
    }
}

}  // namespace hocket::fuzz
