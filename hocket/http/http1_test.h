// SPDX-License-Identifier: MIT
// What tests of HTTP/1 share: a parser's events as text, with the input given whole and byte by byte.
#pragma once

#include <gtest/gtest.h>
#include <hocket/http/http1_parser.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>

namespace hocket::http {

using Reads = Http1Parser::Reads;

/// Reads a stream of messages, and writes down what it finds: `GET / |hello|end`; `400` for an error, with its text in `error`.
class Transcript {
public:
    explicit Transcript(Reads what, const Limits& limits = {}) : parser(what, limits) {}

    /// Reads `input`, in pieces of `size` bytes.
    Transcript& read(std::string_view input, std::size_t size) {
        while (!input.empty() && !is_failed) {
            piece(input.substr(0, size));
            input.remove_prefix(std::min(size, input.size()));
        }
        return *this;
    }

    /// Reads `input` up to its first end of a message that the connection does not outlive; what is left stays in `rest`.
    void piece(std::string_view input) {
        try {
            while (!is_failed) {
                const Event event = parser.next(input);
                if (std::holds_alternative<std::monostate>(event)) break;
                write(event);
            }
        } catch (const ProtocolError& e) {
            fail(e);
        }
        rest = input;
    }

    Transcript& eof() {
        try {
            if (!is_failed) write(parser.eof());
        } catch (const ProtocolError& e) {
            fail(e);
        }
        return *this;
    }

    Http1Parser parser;
    std::string text;
    std::string error;
    std::string_view rest;
    RequestHead request;
    ResponseHead response;
    Headers trailers;

private:
    void fail(const ProtocolError& e) {
        is_failed = true;
        in_body = false;
        text += text.empty() || text.ends_with('\n') ? "" : "|";
        text += std::to_string(e.status());
        error = e.what();
    }

    void write(const Event& event) {
        if (const auto* head = std::get_if<RequestHead>(&event)) {
            request = *head;
            text += head->method + ' ' + head->target;
        } else if (const auto* head_ = std::get_if<ResponseHead>(&event)) {
            response = *head_;
            text += std::to_string(head_->status);
        } else if (const auto* data = std::get_if<BodyData>(&event)) {
            EXPECT_FALSE(data->bytes.empty());
            if (!in_body) text += '|';
            text += data->bytes;
            in_body = true;
        } else if (const auto* end = std::get_if<MessageEnd>(&event)) {
            trailers = end->trailers;
            text += "|end\n";
            in_body = false;
        }
    }

    bool in_body = false;
    bool is_failed = false;
};

/// What is found in a stream of requests, whole and byte by byte, which must be the same.
inline Transcript read_requests(std::string_view input, const Limits& limits = {}) {
    Transcript whole(Reads::requests, limits);
    Transcript bytes(Reads::requests, limits);
    whole.read(input, input.size());
    bytes.read(input, 1);
    EXPECT_EQ(whole.text, bytes.text) << "whole and byte by byte";
    EXPECT_EQ(whole.error, bytes.error) << "whole and byte by byte";
    return whole;
}

/// The same of responses to a request with `method`; `closed`: the server closes after them.
inline Transcript read_responses(std::string_view input, std::string_view method = "GET", bool closed = false,
                                 const Limits& limits = {}) {
    Transcript whole(Reads::responses, limits);
    Transcript bytes(Reads::responses, limits);
    whole.parser.expect_response_to(method);
    bytes.parser.expect_response_to(method);
    whole.read(input, input.size());
    bytes.read(input, 1);
    if (closed) {
        whole.eof();
        bytes.eof();
    }
    EXPECT_EQ(whole.text, bytes.text) << "whole and byte by byte";
    EXPECT_EQ(whole.error, bytes.error) << "whole and byte by byte";
    return whole;
}

}  // namespace hocket::http
