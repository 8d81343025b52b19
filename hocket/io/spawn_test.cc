// SPDX-License-Identifier: MIT
// Child processes and pipes on both real backends: starting, waiting, writes to a pipe that nobody reads.
#include <hocket/io/operations_test.h>

#include <poll.h>
#include <sys/stat.h>
#include <csignal>
#include <string>

namespace hocket {

namespace {

class OnceSpawn : public RealBackendTest {
protected:
    /// Has a shell run `command`.
    int start(const char* command) {
        arguments[2] = command;
        spawn.programs = programs;
        spawn.arguments = arguments;
        const int result = backend->spawn(spawn);
        if (result == 0) pidfd = Descriptor(spawn.pidfd);
        return result;
    }
    int returncode() {
        TestOperation ended = poll_for(pidfd, POLLIN);
        EXPECT_EQ(run(ended), POLLIN);
        int code = -1000;
        EXPECT_EQ(backend->wait_for_child(pidfd, code), 0);
        return code;
    }

    Spawn spawn;
    Descriptor pidfd;
    const char* programs[2] = {"/bin/sh", nullptr};
    const char* arguments[4] = {"sh", "-c", nullptr, nullptr};
};

INSTANTIATE_TEST_SUITE_P(, OnceSpawn, ::testing::ValuesIn(kinds), name_of);

TestOperation quiet_write(int fd, void* data, std::size_t size) {
    TestOperation op(Opcode::write, fd, data, size);
    op.flags = MSG_NOSIGNAL;
    return op;
}

TEST_P(OnceSpawn, the_exit_status_is_there_when_the_child_has_ended) {
    spawn.standard[0] = Spawn::pipe;
    ASSERT_EQ(start("read line; exit 7"), 0);
    int code = 0;
    EXPECT_EQ(backend->wait_for_child(pidfd, code), -EAGAIN);
    Descriptor input(spawn.ends[0]);
    EXPECT_EQ(spawn.ends[1], -1);
    TestOperation ended = poll_for(pidfd, POLLIN);
    begin(ended);
    EXPECT_EQ(::write(input, "\n", 1), 1);
    EXPECT_EQ(result_of(ended), POLLIN);
    EXPECT_EQ(backend->wait_for_child(pidfd, code), 0);
    EXPECT_EQ(code, 7);
    EXPECT_EQ(backend->wait_for_child(pidfd, code), -ECHILD);
}

TEST_P(OnceSpawn, a_signal_that_ended_it_is_a_negative_status) {
    spawn.standard[0] = Spawn::pipe;
    ASSERT_EQ(start("read line"), 0);
    const Descriptor input(spawn.ends[0]);
    EXPECT_EQ(backend->pidfd_send_signal(pidfd, SIGTERM), 0);
    EXPECT_EQ(returncode(), -SIGTERM);
    EXPECT_EQ(backend->pidfd_send_signal(pidfd, SIGTERM), -ESRCH);
}

TEST_P(OnceSpawn, its_pipes_do_not_block_and_are_not_inherited) {
    spawn.standard[1] = Spawn::pipe;
    ASSERT_EQ(start("echo hello"), 0);
    const Descriptor output(spawn.ends[1]);
    EXPECT_NE(fcntl(output, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(output, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(fcntl(pidfd, F_GETFD) & FD_CLOEXEC, 0);
    TestOperation op(Opcode::read, output, buffer, sizeof buffer);
    EXPECT_EQ(run(op), 6);
    EXPECT_EQ(std::string(buffer, 6), "hello\n");
    EXPECT_EQ(returncode(), 0);
}

TEST_P(OnceSpawn, what_failed_is_told) {
    programs[0] = "/no/such/program";
    EXPECT_EQ(start(""), -ENOENT);
    EXPECT_EQ(spawn.failed, Spawn::Step::program);
    programs[0] = "/bin/sh";
    spawn.directory = "/no/such/folder";
    EXPECT_EQ(start(""), -ENOENT);
    EXPECT_EQ(spawn.failed, Spawn::Step::directory);
    spawn.directory = nullptr;
    spawn.process_group = 99'999'999;  // there is no such
    EXPECT_EQ(start(""), -EPERM);
    EXPECT_EQ(spawn.failed, Spawn::Step::group);
    spawn.process_group = -1;
    spawn.standard[2] = 999;
    EXPECT_EQ(start(""), -EBADF);
    EXPECT_EQ(spawn.failed, Spawn::Step::pass_descriptor);
    EXPECT_EQ(spawn.failed_fd, 999);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST_P(OnceSpawn, a_program_that_may_not_be_run_says_more_than_one_that_is_not_there) {
    const char* several[] = {"/no/such/program", "/dev/null", "/no/such/program/either", nullptr};
    spawn.programs = several;
    spawn.arguments = arguments;
    EXPECT_EQ(backend->spawn(spawn), -EACCES);
    several[2] = "/bin/sh";
    arguments[2] = "exit 3";
    ASSERT_EQ(backend->spawn(spawn), 0);
    pidfd = Descriptor(spawn.pidfd);
    EXPECT_EQ(returncode(), 3);
}

// ---- what is adopted

TEST_P(OnceSpawn, a_pipe_that_is_adopted_blocks_no_more) {
    const Pair pipe = make_pipe(0);
    EXPECT_EQ(backend->adopt(pipe.a), S_IFIFO);
    EXPECT_NE(fcntl(pipe.a, F_GETFL) & O_NONBLOCK, 0);
    const Pair sockets = socket_pair(SOCK_STREAM, 0);
    EXPECT_EQ(backend->adopt(sockets.a), S_IFSOCK);
    EXPECT_NE(fcntl(sockets.a, F_GETFL) & O_NONBLOCK, 0);
}

TEST_P(OnceSpawn, a_file_is_left_alone) {
    const Descriptor file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(backend->adopt(file), S_IFREG);
    EXPECT_EQ(fcntl(file, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(backend->adopt(-1), -EBADF);
}

// ---- writes that raise no signal

TEST_P(OnceSpawn, a_quiet_write_to_a_broken_pipe_is_an_error_and_no_signal) {
    Pair pipe = make_pipe();
    pipe.a.close();
    TestOperation op = quiet_write(pipe.b, buffer, 1);
    EXPECT_EQ(run(op), -EPIPE);
    sigset_t pending;
    sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

TEST_P(OnceSpawn, a_quiet_write_leaves_a_signal_of_another) {
    EXPECT_EQ(in_child([&] {
                  sigset_t broken_pipe, pending;
                  sigemptyset(&broken_pipe);
                  sigaddset(&broken_pipe, SIGPIPE);
                  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
                  pthread_kill(pthread_self(), SIGPIPE);
                  Pair pipe = make_pipe();
                  pipe.a.close();
                  TestOperation op = quiet_write(pipe.b, buffer, 1);
                  if (run(op) != -EPIPE) return 1;
                  sigpending(&pending);
                  return sigismember(&pending, SIGPIPE) == 1 ? 0 : 2;
              }),
              0);
}

TEST_P(OnceSpawn, a_quiet_write_waits_for_room) {
    const Pair pipe = make_pipe();
    fill_up(pipe.b);
    TestOperation op = quiet_write(pipe.b, buffer, sizeof buffer);
    begin(op);
    char block[65536];
    EXPECT_EQ(::read(pipe.a, block, sizeof block), static_cast<ssize_t>(sizeof block));
    EXPECT_EQ(result_of(op), static_cast<int>(sizeof buffer));
}

TEST_P(OnceSpawn, a_quiet_write_that_waits_can_be_cancelled) {
    const Pair pipe = make_pipe();
    fill_up(pipe.b);
    TestOperation op = quiet_write(pipe.b, buffer, sizeof buffer);
    for (int i = 0; i < 20; ++i) {
        begin(op);
        backend->cancel(op);
        EXPECT_EQ(result_of(op), -ECANCELED);
    }
    EXPECT_EQ(backend->pending(), 0U);
}

TEST_P(OnceSpawn, a_quiet_write_that_waits_learns_that_the_reader_went) {
    Pair pipe = make_pipe();
    fill_up(pipe.b);
    TestOperation op = quiet_write(pipe.b, buffer, sizeof buffer);
    begin(op);
    pipe.a.close();
    EXPECT_EQ(result_of(op), -EPIPE);
}

TEST_P(OnceSpawn, a_poll_for_nothing_ends_when_the_reader_went) {
    Pair pipe = make_pipe();
    TestOperation op = poll_for(pipe.b, POLLRDHUP);
    begin(op);
    EXPECT_EQ(::write(pipe.b, "x", 1), 1);
    backend->poll(0);
    EXPECT_EQ(op.completions, 0);
    pipe.a.close();
    EXPECT_EQ(result_of(op) & POLLERR, POLLERR);
}

}  // namespace

}  // namespace hocket
