// SPDX-License-Identifier: MIT
// What is known of one URL that is fetched, and how it is told.
#pragma once

#include "get.h"
#include "phases.h"

#include <hocket/http/headers.h>
#include <hocket/sync/event.h>

#include <cstdint>
#include <string>

struct Fetch {
    std::string target;  ///< the URL that is fetched
    std::string url;     ///< the same as it is shown: without user and password
    std::string method;
    std::string path;  ///< where the body is saved; empty: it is not
    Phases phases = {};
    hocket::Event turn = {};  ///< set when it may write to standard output

    int status = 0;            ///< 0: there was no answer
    std::string version = {};  ///< of HTTP, as it was answered
    std::string reason = {};
    hocket::http::Headers headers = {};
    std::string final_url = {};
    std::uint64_t size = 0;  ///< bytes of the body that came

    Exit exit = Exit::ok;
    std::string error = {};
};

/// `HTTP/1.1 200 OK`, with the version of the answer, and the fields, and an empty line.
std::string head_text(const Fetch& fetch);
/// `200 OK  12.3 kB  45.6 ms  http://127.0.0.1/x`
std::string summary_text(const Fetch& fetch);
/// `GET http://127.0.0.1/x: 200 OK, 123 bytes: connect 0.1 ms, first byte 2.0 ms, body 0.3 ms, total 2.6 ms`
std::string timings_text(const Fetch& fetch);
/// An object on one line.
std::string json_text(const Fetch& fetch);
