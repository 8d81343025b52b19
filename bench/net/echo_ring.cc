// SPDX-License-Identifier: MIT
// The limit on io_uring: a recv and a send in turn for each connection, handed over once a round, no coroutine.

#include <liburing.h>
#include <unistd.h>

#include "listen.h"

namespace {

struct Connection {
    int fd;
    bool sending;
    unsigned sent, size;
    char* buffer;
};

std::size_t buffer_size;

io_uring ring;

io_uring_sqe* entry() {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring);
    if (!sqe) {
        io_uring_submit(&ring);
        sqe = io_uring_get_sqe(&ring);
    }
    return sqe;
}

void receive(Connection& c) {
    c.sending = false;
    io_uring_sqe* const sqe = entry();
    io_uring_prep_recv(sqe, c.fd, c.buffer, buffer_size, 0);
    sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;  // nothing is there as long as the answer is not sent
    io_uring_sqe_set_data(sqe, &c);
}

void send_on(Connection& c) {
    c.sending = true;
    io_uring_sqe* const sqe = entry();
    io_uring_prep_send(sqe, c.fd, c.buffer + c.sent, c.size - c.sent, MSG_NOSIGNAL);
    io_uring_sqe_set_data(sqe, &c);
}

void accept_next(int listener) {
    io_uring_sqe* const sqe = entry();
    io_uring_prep_accept(sqe, listener, nullptr, nullptr, SOCK_CLOEXEC);
    io_uring_sqe_set_data(sqe, nullptr);
}

void completed(Connection& c, int result) {
    if (result <= 0) {
        close(c.fd);
        delete[] c.buffer;
        delete &c;
    } else if (!c.sending) {
        c.sent = 0;
        c.size = static_cast<unsigned>(result);
        send_on(c);
    } else if ((c.sent += static_cast<unsigned>(result)) < c.size) {
        send_on(c);
    } else {
        receive(c);
    }
}

}  // namespace

int main(int, char** argv) {
    buffer_size = std::strtoul(argv[1], nullptr, 10);
    io_uring_params params{};
    params.flags =
        IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    params.cq_entries = 4096;
    bench::check(io_uring_queue_init_params(256, &ring, &params) == 0, "io_uring_queue_init");
    const int listener = bench::listen_somewhere(0);
    accept_next(listener);
    for (;;) {
        io_uring_submit_and_wait(&ring, 1);
        io_uring_cqe* cqes[256];
        const unsigned n = io_uring_peek_batch_cqe(&ring, cqes, 256);
        for (unsigned i = 0; i < n; ++i) {
            auto* const connection = static_cast<Connection*>(io_uring_cqe_get_data(cqes[i]));
            const int result = cqes[i]->res;
            if (connection) {
                completed(*connection, result);
                continue;
            }
            if (result >= 0) {
                bench::no_delay(result);
                auto* const c = new Connection{};
                c->fd = result;
                c->buffer = new char[buffer_size];
                receive(*c);
            }
            accept_next(listener);
        }
        io_uring_cq_advance(&ring, n);
    }
}
