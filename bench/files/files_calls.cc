// SPDX-License-Identifier: MIT
// Reading many small files with plain calls, one after the other.

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "../measure.h"

namespace {

void read_file(const std::string& path) {
    char buffer[4096];
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, buffer, sizeof buffer) != sizeof buffer) std::abort();
    close(fd);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::string folder = std::string(argv[1]) + "/";
    bench::report_us(std::atoi(argv[2]), [&](int n) {
        for (int i = 0; i < n; ++i) read_file(folder + std::to_string(i));
    });
}
