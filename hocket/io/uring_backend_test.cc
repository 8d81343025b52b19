// SPDX-License-Identifier: MIT
// What only the io_uring backend promises.
#include <hocket/io/operations_test.h>

#include <deque>
#include <thread>

namespace hocket {

namespace {

class OnceUring : public ::testing::Test {
protected:
    void SetUp() override {
        try {
            UringBackend::probe();
        } catch (const OSError& e) {
            GTEST_SKIP() << e.what();
        }
    }
};

TEST_F(OnceUring, what_does_not_fit_in_the_queue_is_queued_and_can_be_cancelled) {
    UringBackend backend(UringBackend::Options{.entries = 2});
    auto [a, b] = socket_pair();
    char byte = 0;
    std::deque<TestOperation> ops;
    for (int i = 0; i < 5; ++i) {
        ops.emplace_back(Opcode::recv, a, &byte, 1);
        backend.submit(ops.back());
    }
    EXPECT_EQ(ops[1].state, Operation::State::in_flight);
    EXPECT_EQ(ops[2].state, Operation::State::queued);
    backend.cancel(ops[3]);
    EXPECT_EQ(ops[3].state, Operation::State::finished);
    backend.poll(0);
    EXPECT_EQ(ops[3].completions, 1);
    EXPECT_EQ(ops[4].state, Operation::State::in_flight);
    for (TestOperation& op : ops) backend.cancel(op);
    while (backend.pending() > 0) backend.poll(Backend::forever);
    for (TestOperation& op : ops) {
        EXPECT_EQ(op.completions, 1);
        EXPECT_EQ(op.result, -ECANCELED);
    }
}

TEST_F(OnceUring, little_locked_memory_makes_it_smaller) {
    const int status = in_child([] {
        const rlimit little{.rlim_cur = 64 << 10, .rlim_max = 64 << 10};
        setrlimit(RLIMIT_MEMLOCK, &little);
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return 1;
        std::deque<std::unique_ptr<UringBackend>> backends;
        try {
            while (backends.size() < 100) backends.push_back(std::make_unique<UringBackend>());
        } catch (const OSError& e) {
            if (e.error_number() != ENOMEM) return 2;
        }
        if (backends.empty()) return 3;
        for (auto& backend : backends) {
            auto [a, b] = socket_pair();
            char byte = 0;
            if (::write(b, "x", 1) != 1) return 4;
            TestOperation op(Opcode::recv, a, &byte, 1);
            backend->submit(op);
            while (op.completions == 0) backend->poll(Backend::forever);
            if (op.result != 1) return 5;
        }
        return 0;
    });
    EXPECT_EQ(status, 0);
}

TEST_F(OnceUring, polling_on_a_second_thread_ends_the_process) {
    const int status = in_child([] {
        UringBackend backend;
        backend.poll(0);
        std::thread([&] {
            TestOperation op(Opcode::recv, -1);
            backend.submit(op);
            backend.poll(0);
        }).join();
        return 0;
    });
    EXPECT_TRUE(status == -SIGABRT || status == 0);  // 0 before Linux 6.0, where a ring has no thread
}

}  // namespace

}  // namespace hocket
