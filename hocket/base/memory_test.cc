// SPDX-License-Identifier: MIT
// Frame memory: reuse, trade between threads, threads that end, fork.
#include <hocket/base/memory.h>

#include <hocket/base/owners.h>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace hocket {
namespace {

class Memory : public ::testing::Test {
protected:
    void SetUp() override {
        if (!HOCKET_POOL) GTEST_SKIP() << "built without free lists";
    }
};

std::vector<void*> allocate(std::size_t count, std::size_t size) {
    std::vector<void*> blocks(count);
    for (void*& b : blocks) {
        b = FramePool::allocate(size);
        std::memset(b, 0xAB, size);
    }
    return blocks;
}

void release(const std::vector<void*>& blocks, std::size_t size) {
    for (void* b : blocks) FramePool::release(b, size);
}

template <class F>
void on_another_thread(F f) {
    std::thread(f).join();
}

constexpr std::size_t many = 20'000;  // more blocks of 64 bytes than a thread keeps for itself

TEST_F(Memory, gives_the_block_freed_last) {
    void* first = FramePool::allocate(100);
    FramePool::release(first, 100);
    void* second = FramePool::allocate(112);  // the same class: 97 to 112
    EXPECT_EQ(first, second);
    FramePool::release(second, 112);
}

TEST_F(Memory, blocks_are_aligned_and_do_not_overlap) {
    for (const std::size_t size : {1U, 16U, 32U, 33U, 64U, 1000U, 1024U}) {
        const std::vector<void*> blocks = allocate(1000, size);
        std::vector<std::uintptr_t> at;
        for (void* b : blocks) at.push_back(reinterpret_cast<std::uintptr_t>(b));
        std::sort(at.begin(), at.end());
        for (std::size_t i = 0; i < at.size(); ++i) {
            EXPECT_EQ(at[i] % 16, 0U);
            if (i > 0) {
                EXPECT_GE(at[i] - at[i - 1], size);
            }
        }
        release(blocks, size);
    }
}

TEST_F(Memory, larger_blocks_come_from_the_system) {
    const std::size_t before = FramePool::system_allocations();
    void* block = FramePool::allocate(FramePool::largest + 1);
    EXPECT_EQ(FramePool::system_allocations(), before + 1);
    FramePool::release(block, FramePool::largest + 1);
}

TEST_F(Memory, asks_the_system_for_nothing_in_steady_state) {
    release(allocate(many, 64), 64);
    const std::size_t before = FramePool::system_allocations();
    for (int round = 0; round < 5; ++round) release(allocate(many, 64), 64);
    EXPECT_EQ(FramePool::system_allocations(), before);
}

TEST_F(Memory, does_not_trade_at_the_boundary_of_a_full_list) {
    std::vector<void*> blocks = allocate(many, 64);
    release(blocks, 64);
    const std::size_t before = FramePool::system_allocations();
    for (std::size_t kept = 4090; kept < 4100; ++kept) release(allocate(kept, 64), 64);
    EXPECT_EQ(FramePool::system_allocations(), before);
}

TEST_F(Memory, blocks_freed_on_another_thread_come_back) {
    on_another_thread([] {
        std::size_t after_first = 0;
        for (int round = 0; round < 20; ++round) {
            const std::vector<void*> blocks = allocate(many, 64);
            on_another_thread([&] { release(blocks, 64); });
            if (round == 0) after_first = FramePool::system_allocations();
        }
        EXPECT_EQ(FramePool::system_allocations(), after_first);
    });
}

TEST_F(Memory, grows_no_further_when_one_thread_allocates_and_another_frees) {
    std::atomic<std::vector<void*>*> handed = nullptr;
    std::thread consumer([&] {
        for (int round = 0; round < 200; ++round) {
            std::vector<void*>* blocks = nullptr;
            while (!(blocks = handed.exchange(nullptr))) std::this_thread::yield();
            release(*blocks, 64);
            delete blocks;
        }
    });
    std::size_t asked = 0;
    std::thread producer([&] {
        for (int round = 0; round < 200; ++round) {
            auto* blocks = new std::vector<void*>(allocate(5'000, 64));
            while (handed.load()) std::this_thread::yield();
            handed = blocks;
        }
        asked = FramePool::system_allocations();
    });
    producer.join();
    consumer.join();
    // A million blocks of 64 bytes would be 977 chunks; what can be under way at a time is a few lists.
    EXPECT_LT(asked, 60U);
}

TEST_F(Memory, what_a_thread_leaves_serves_the_others) {
    on_another_thread([] { release(allocate(many, 208), 208); });
    on_another_thread([] {
        const std::vector<void*> blocks = allocate(many, 208);
        EXPECT_EQ(FramePool::system_allocations(), 0U);
        release(blocks, 208);
    });
}

TEST_F(Memory, a_thread_that_only_frees_leaves_the_blocks_to_others) {
    on_another_thread([] {
        const std::vector<void*> blocks = allocate(100, 240);
        on_another_thread([&] { release(blocks, 240); });
        const std::size_t before = FramePool::system_allocations();
        const std::vector<void*> again = allocate(100, 240);
        EXPECT_EQ(FramePool::system_allocations(), before);
        EXPECT_EQ(std::set<void*>(blocks.begin(), blocks.end()), std::set<void*>(again.begin(), again.end()));
        release(again, 240);
    });
}

// Made before the thread's lists, such an object is destroyed after them.
struct LateUser {
    std::atomic<bool>* ran = nullptr;
    ~LateUser() {
        if (!ran) return;
        release(allocate(500, 64), 64);
        *ran = true;
    }
};
thread_local LateUser late_user;

TEST_F(Memory, serves_destructors_that_run_after_the_threads_own_lists_are_gone) {
    std::atomic<bool> ran = false;
    on_another_thread([&] {
        late_user.ran = &ran;
        release(allocate(10, 64), 64);
    });
    EXPECT_TRUE(ran);
}

struct alignas(64) Wide : Pooled {
    char bytes[64];
};
struct WideBase : Pooled {
    virtual ~WideBase() = default;
};
struct WideDerived final : WideBase {
    alignas(128) char bytes[128];
};

TEST(OncePooled, objects_aligned_to_more_than_16_bytes_stand_where_they_must) {
    std::vector<Unique<Wide>> plain;
    std::vector<Unique<WideBase>> derived;
    for (int i = 0; i < 10; ++i) {
        plain.push_back(Unique<Wide>::make());
        derived.push_back(Unique<WideDerived>::make());
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(plain.back().get()) % 64, 0U);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(derived.back().get()) % 128, 0U);
    }
}

int exit_status_of(pid_t child) {
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

struct Frame {
    const void* resume = &resume;
    void* destroy = nullptr;
    void* other = nullptr;
    void* unused = nullptr;
};

TEST_F(Memory, of_a_frame_that_is_hollowed_stays_until_its_husk_is_released) {
    auto* frame = new (FramePool::allocate(sizeof(Frame))) Frame;
    EXPECT_FALSE(FramePool::is_husk(frame));
    frame->other = FramePool::allocate(64);
    FramePool::hollow(frame, [](void* f) {
        FramePool::release(static_cast<Frame*>(f)->other, 64);
        release(allocate(many, 64), 64);  // the rest of the pool works as ever
        FramePool::release(f, sizeof(Frame));
        void* another = FramePool::allocate(sizeof(Frame));
        EXPECT_NE(another, f);
        FramePool::release(another, sizeof(Frame));
    });
    EXPECT_TRUE(FramePool::is_husk(frame));
    void* another = FramePool::allocate(sizeof(Frame));
    EXPECT_NE(another, frame);
    FramePool::release(another, sizeof(Frame));
    FramePool::release_husk(frame);
}

TEST_F(Memory, of_frames_that_are_hollowed_within_each_other_stays_too) {
    Frame* frames[2] = {new (FramePool::allocate(sizeof(Frame))) Frame, new (FramePool::allocate(sizeof(Frame))) Frame};
    frames[0]->other = frames[1];
    FramePool::hollow(frames[0], [](void* f) {
        FramePool::hollow(static_cast<Frame*>(f)->other, [](void* inner) { FramePool::release(inner, sizeof(Frame)); });
        FramePool::release(f, sizeof(Frame));
    });
    for (Frame* f : frames) {
        EXPECT_TRUE(FramePool::is_husk(f));
        FramePool::release_husk(f);
    }
}

TEST_F(Memory, works_after_fork) {
    const std::vector<void*> blocks = allocate(100, 64);
    const pid_t child = fork();
    if (child == 0) {
        release(blocks, 64);
        release(allocate(many, 64), 64);
        _exit(0);
    }
    EXPECT_EQ(exit_status_of(child), 0);
    release(blocks, 64);
}

TEST_F(Memory, works_after_a_fork_while_other_threads_trade_with_the_depot) {
    std::atomic<bool> end = false;
    std::vector<std::thread> traders;
    for (int i = 0; i < 3; ++i) {
        traders.emplace_back([&] {
            std::vector<void*> blocks(1'000);  // about four lists
            while (!end) {
                for (void*& b : blocks) b = FramePool::allocate(1024);
                for (void* b : blocks) FramePool::release(b, 1024);
            }
        });
    }
    for (int round = 0; round < 200; ++round) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(10);  // a depot that was locked at the time of the fork would be so for ever
            release(allocate(1'000, 1024), 1024);
            _exit(0);
        }
        const int status = exit_status_of(child);
        EXPECT_EQ(status, 0);
        if (status != 0) break;
    }
    end = true;
    for (std::thread& t : traders) t.join();
}

}  // namespace
}  // namespace hocket
