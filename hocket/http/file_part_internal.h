// SPDX-License-Identifier: MIT
// A part of a file as the body of an answer.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/http/response.h>
#include <hocket/os/file.h>

#include <cstdint>

namespace hocket::http {

/// What is still to be sent.
struct FilePart {
    fs::File file;
    std::uint64_t offset, size;
    bool by_kernel;  // reading it waits for a disk at most
};

/// Its bytes, up to 64 KiB at a time; closes the file behind them. Throws RuntimeError when the file ends before: it has become shorter.
Response::Pieces pieces_of(Shared<FilePart> part);

/// `send assets/film.mp4: the file has become shorter meanwhile`
[[noreturn]] void throw_shorter(const FilePart& part);

}  // namespace hocket::http
