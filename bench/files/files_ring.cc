// SPDX-License-Identifier: MIT
// The limit on io_uring: 64 opens on the ring at a time; what is open is read and closed by plain calls, since its pages are there.

#include <fcntl.h>
#include <liburing.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "../measure.h"

namespace {

constexpr int at_once = 64;

io_uring ring;

void open_on_ring(const std::string& path, int slot) {
    io_uring_sqe* const sqe = io_uring_get_sqe(&ring);
    io_uring_prep_openat(sqe, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC, 0);
    io_uring_sqe_set_data64(sqe, static_cast<std::uint64_t>(slot));
}

void read_and_close(int fd) {
    char buffer[4096];
    if (fd < 0 || read(fd, buffer, sizeof buffer) != sizeof buffer) std::abort();
    close(fd);
}

void read_all(const std::string& folder, int n) {
    std::string paths[at_once];  // the kernel reads a path until its file is open
    int begun = 0;
    const auto begin = [&](int slot) {
        paths[slot] = folder + std::to_string(begun++);
        open_on_ring(paths[slot], slot);
    };
    while (begun < at_once && begun < n) begin(begun);
    for (int done = 0; done < n;) {
        io_uring_submit_and_wait(&ring, 1);
        io_uring_cqe* cqes[at_once];
        const unsigned arrived = io_uring_peek_batch_cqe(&ring, cqes, at_once);
        for (unsigned i = 0; i < arrived; ++i) {
            read_and_close(cqes[i]->res);
            ++done;
            if (begun < n) begin(static_cast<int>(cqes[i]->user_data));
        }
        io_uring_cq_advance(&ring, arrived);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    io_uring_params params{};
    params.flags = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    if (io_uring_queue_init_params(256, &ring, &params) != 0) std::abort();
    const std::string folder = std::string(argv[1]) + "/";
    bench::report_us(std::atoi(argv[2]), [&](int n) { read_all(folder, n); });
}
