// SPDX-License-Identifier: MIT
// Streams over descriptors that exist already: pipes, terminals, FIFOs.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/net/stream_reader.h>
#include <hocket/net/stream_writer.h>

#include <cstddef>

namespace hocket {

/// `connect_read_pipe(fd, {.limit = 1 << 20})`
struct PipeOptions {
    std::size_t limit = Transport::default_limit;  ///< of the reader: see StreamReader::readuntil
};

/// A stream that reads from `fd`, a pipe, FIFO, terminal or socket (asyncio's `loop.connect_read_pipe` with a StreamReaderProtocol). Does not
/// suspend.
///
/// The stream takes `fd` over, unless this throws: it is closed at the end of the stream, with the last handle, or by
/// `reader.transport()->close()`. Whoever needs it still gives a copy: `dup(fd)`. It blocks no more (O_NONBLOCK), and neither do the
/// copies of it that other processes have.
///
/// Throws ValueError for a file or a directory, OSError: `connect a stream to descriptor 7: Bad file descriptor`.
HOCKET_EXPORT Coro<StreamReader> connect_read_pipe(int fd, PipeOptions options = {});

/// The same for writing (`loop.connect_write_pipe`). The stream closes when nobody reads any more; writing then throws OSError (`write to
/// descriptor 7: Broken pipe`), and never raises SIGPIPE. `write_eof` is `close`.
HOCKET_EXPORT Coro<StreamWriter> connect_write_pipe(int fd);

}  // namespace hocket
