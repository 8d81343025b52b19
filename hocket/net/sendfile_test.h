// SPDX-License-Identifier: MIT
// What the tests of sending files share: files without a name, and sockets for which the system cannot do it.
#pragma once

#include <hocket/net/net_test.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <string>
#include <string_view>

namespace hocket::testing {

/// In memory; its position is at its beginning.
class NamelessFile {
public:
    explicit NamelessFile(std::string_view content) : fd_(memfd_create("test", MFD_CLOEXEC)) {
        EXPECT_EQ(::pwrite(fd_, content.data(), content.size(), 0), static_cast<ssize_t>(content.size()));
    }
    NamelessFile(const NamelessFile&) = delete;
    NamelessFile& operator=(const NamelessFile&) = delete;
    ~NamelessFile() { ::close(fd_); }

    int fd() const { return fd_; }
    std::int64_t position() const { return ::lseek(fd_, 0, SEEK_CUR); }
    /// A name for `fs::open`.
    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_;
};

/// The system refuses to send files to a socket with this flag (man 2 sendfile), which changes nothing else.
inline void refuse_sendfile(int sock) { EXPECT_EQ(fcntl(sock, F_SETFL, O_NONBLOCK | O_APPEND), 0); }
/// Waits until bytes have come that nobody has read.
inline Coro<> until_some_came(const StreamReader& reader) {
    return until([reader] { return !reader.transport()->silent(); });
}

/// Of a test that runs once with the system's way, and once where that is refused.
inline std::string name_of_way(const ::testing::TestParamInfo<bool>& info) {
    return info.param ? "by_reading_and_writing" : "by_the_system";
}

}  // namespace hocket::testing
