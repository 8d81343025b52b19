// SPDX-License-Identifier: MIT
// Files, pipes, devices and their readiness on both real backends.
#include <hocket/io/operations_test.h>

#include <poll.h>
#include <sys/inotify.h>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace hocket {
namespace {

TEST_P(OnceOperations, files_are_read_and_written_at_an_offset_and_at_their_position) {
    char path[] = "/tmp/hocket_io_XXXXXX";
    Descriptor file(mkostemp(path, O_CLOEXEC));
    ASSERT_GE(file, 0);
    unlink(path);
    char text[] = "0123456789";
    TestOperation write(Opcode::write, file, text, 10, 0);
    EXPECT_EQ(run(write), 10);
    TestOperation read(Opcode::read, file, buffer, 4, 3);
    EXPECT_EQ(run(read), 4);
    EXPECT_EQ(std::string_view(buffer, 4), "3456");
    read.offset = -1;
    EXPECT_EQ(run(read), 4);
    EXPECT_EQ(run(read), 4);
    EXPECT_EQ(std::string_view(buffer, 4), "4567");
    read.offset = 10;
    EXPECT_EQ(run(read), 0);
}

TEST_P(OnceOperations, a_pipe_is_read_and_written) {
    for (const int flags : {O_NONBLOCK, 0}) {
        auto [out, in] = make_pipe(flags);
        TestOperation read(Opcode::read, out, buffer, sizeof buffer);
        begin(read);
        char text[] = "through";
        TestOperation write(Opcode::write, in, text, 7);
        EXPECT_EQ(run(write), 7);
        if (read.completions == 0) result_of(read);
        EXPECT_EQ(read.result, 7);
        backend->submit(read);
        backend->poll(0);
        backend->close(in.release());
        EXPECT_EQ(result_of(read), 0);
        backend->close(out.release());
    }
}

TEST_P(OnceOperations, a_write_to_a_full_pipe_waits) {
    auto [out, in] = make_pipe();
    fill_up(in);
    TestOperation write(Opcode::write, in, buffer, 1);
    begin(write);
    char drained[65536];
    ASSERT_GT(::read(out, drained, sizeof drained), 0);
    EXPECT_EQ(result_of(write), 1);
}

TEST_P(OnceOperations, a_device_that_cannot_be_waited_for_is_read_at_once) {
    Descriptor zero(open("/dev/zero", O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    TestOperation read(Opcode::read, zero, buffer, sizeof buffer);
    EXPECT_EQ(run(read), 64);
}

TEST_P(OnceOperations, descriptors_that_only_know_plain_reads_are_waited_for_and_cancelled) {
    for (const int flags : {int{IN_NONBLOCK}, 0}) {
        Descriptor watch(inotify_init1(IN_CLOEXEC | flags));
        char path[] = "/tmp/hocket_io_XXXXXX";
        Descriptor file(mkostemp(path, O_CLOEXEC));
        ASSERT_GE(inotify_add_watch(watch, path, IN_MODIFY), 0);
        for (int i = 0; i < 20; ++i) {
            TestOperation read(Opcode::read, watch, buffer, sizeof buffer);
            begin(read);
            if (i % 2 == 0) {
                ASSERT_EQ(::write(file, "x", 1), 1);
                EXPECT_EQ(result_of(read), static_cast<int>(sizeof(inotify_event)));
            } else {
                if (i % 4 == 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                backend->cancel(read);
                EXPECT_EQ(result_of(read), -ECANCELED);
            }
        }
        unlink(path);
        backend->close(watch.release());
    }
}

TEST_P(OnceOperations, a_terminal_is_read) {
    for (const int flags : {O_NONBLOCK, 0}) {
        Descriptor terminal(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | flags));
        ASSERT_GE(terminal, 0);
        ASSERT_EQ(grantpt(terminal), 0);
        ASSERT_EQ(unlockpt(terminal), 0);
        Descriptor inside(open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC));
        ASSERT_GE(inside, 0);
        TestOperation read(Opcode::read, terminal, buffer, sizeof buffer);
        begin(read);
        ASSERT_EQ(::write(inside, "x", 1), 1);
        EXPECT_EQ(result_of(read), 1);
        begin(read);
        backend->cancel(read);
        EXPECT_EQ(result_of(read), -ECANCELED);
        backend->close(terminal.release());
    }
}

TEST_P(OnceOperations, poll_tells_the_events_that_hold) {
    auto [a, b] = socket_pair();
    TestOperation writable = poll_for(a, POLLOUT | POLLIN);
    EXPECT_EQ(run(writable), POLLOUT);
    TestOperation readable = poll_for(a, POLLIN);
    begin(readable);
    ASSERT_EQ(::write(b, "x", 1), 1);
    EXPECT_EQ(result_of(readable), POLLIN);
    EXPECT_EQ(run(readable), POLLIN);  // it still holds
}

TEST_P(OnceOperations, poll_tells_a_hang_up_unasked) {
    auto [out, in] = make_pipe();
    TestOperation readable = poll_for(out, POLLIN);
    begin(readable);
    in.close();
    EXPECT_EQ(result_of(readable), POLLHUP);
    auto [a, b] = socket_pair();
    TestOperation half = poll_for(a, POLLRDHUP);
    begin(half);
    ::shutdown(b, SHUT_WR);
    EXPECT_EQ(result_of(half), POLLRDHUP);
}

TEST_P(OnceOperations, polls_of_one_descriptor_are_independent) {
    auto [a, b] = socket_pair();
    TestOperation reading = poll_for(a, POLLIN), writing = poll_for(a, POLLOUT), both = poll_for(a, POLLIN | POLLOUT);
    begin(reading);
    backend->submit(both);
    EXPECT_EQ(run(writing), POLLOUT);
    if (both.completions == 0) result_of(both);
    EXPECT_EQ(both.result, POLLOUT);
    EXPECT_EQ(reading.completions, 0);
    ASSERT_EQ(::write(b, "x", 1), 1);
    EXPECT_EQ(result_of(reading), POLLIN);
}

TEST_P(OnceOperations, a_regular_file_is_always_ready) {
    Descriptor file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    TestOperation op = poll_for(file, POLLIN | POLLOUT);
    EXPECT_EQ(run(op), POLLIN | POLLOUT);
}

TEST_P(OnceOperations, poll_notices_a_descriptor_that_others_replaced) {
    auto [a, b] = socket_pair();
    TestOperation op = poll_for(a, POLLIN);
    begin(op);
    ASSERT_EQ(::write(b, "x", 1), 1);
    EXPECT_EQ(result_of(op), POLLIN);
    auto [c, d] = socket_pair();
    ASSERT_EQ(dup2(c, a), static_cast<int>(a));  // as a library might: closed and opened under the same number
    begin(op);
    ASSERT_EQ(::write(d, "x", 1), 1);
    EXPECT_EQ(result_of(op), POLLIN);
}

}  // namespace
}  // namespace hocket
