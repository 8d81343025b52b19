// SPDX-License-Identifier: MIT
// The slow paths of the frame memory: trade with the depot, chunks from the system, threads that end.
#include <hocket/base/memory.h>

#include <pthread.h>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>

namespace hocket {

const char HOCKET_VARIANT = 0;

namespace {

constexpr std::size_t chunk_size = 64 << 10, list_bytes = 256 << 10;

// The words of the first block of a list that lies in the depot.
struct Batch {
    void* next_block;
    Batch* next_batch;
    std::uint32_t count;
};
static_assert(sizeof(Batch) <= FramePool::smallest);

void* system_block(std::size_t size) {
    if (void* block = std::malloc(size)) return block;
    throw std::bad_alloc();
}

// What detectors want to know of; by far the most programs have none.
constinit std::atomic<std::size_t> large_block = SIZE_MAX;
constinit std::atomic<FramePool::LargeBlockHook> large_block_hook = nullptr;

// At the beginning of a cache line: where the blocks lie across lines would else be chance, which is worth a third of a task's spawn.
char* new_chunk() {
    if (void* chunk = std::aligned_alloc(64, chunk_size)) return static_cast<char*>(chunk);
    throw std::bad_alloc();
}

}  // namespace

struct FramePool::Depot {
    std::mutex mutex;
    Batch* batches[classes] = {};

    void put(std::size_t i, void* head, std::uint32_t count) noexcept {
        if (!head) return;
        auto* batch = static_cast<Batch*>(head);
        batch->count = count;
        const std::lock_guard lock(mutex);
        batch->next_batch = std::exchange(batches[i], batch);
    }
    bool take(std::size_t i, List& list) noexcept {
        const std::lock_guard lock(mutex);
        Batch* batch = batches[i];
        if (!batch) return false;
        batches[i] = batch->next_batch;
        list.head = batch;
        list.count = batch->count;
        return true;
    }
    // Never destroyed: threads may end after static destructors. There from the beginning: a fork in the midst of its making would leave it
    // unmade in the child for ever.
    static Depot& get() noexcept {
        static constinit Depot depot;
        return depot;
    }
    static const int fork_handlers;
};
static_assert(std::is_trivially_destructible_v<std::mutex>);

// A fork waits until no other thread trades, so that the child finds the depot whole and unlocked.
const int FramePool::Depot::fork_handlers =
    pthread_atfork([] { get().mutex.lock(); }, [] { get().mutex.unlock(); }, [] { get().mutex.unlock(); });

struct FramePool::Thread : Lists {
    List full[classes];  // the second list of each size: full or empty
    char* cursor = nullptr;
    char* end = nullptr;
    std::size_t system_allocations = 0;
    bool ended = false;

    Thread() noexcept {
        for (std::size_t i = 0; i < classes; ++i) {
            const auto limit = static_cast<std::uint32_t>(list_bytes / ((i ? i : 1) * granule));
            lists[i] = full[i] = {nullptr, 0, limit};
        }
    }
    ~Thread() {
        for (std::size_t i = 0; i < classes; ++i) {
            Depot::get().put(i, lists[i].head, lists[i].count);
            Depot::get().put(i, full[i].head, full[i].count);
        }
        ended = true;
        mine_ = const_cast<Lists*>(&none_);
    }
    // After the thread-local object is gone, destructors that run later are served by the system and the depot.
    static Thread* mine() noexcept {
        static constinit thread_local bool gone = false;
        struct Holder {
            Thread thread;
            Holder() { mine_ = &thread; }
            ~Holder() { gone = true; }
        };
        if (gone) return nullptr;
        static thread_local Holder holder;
        return &holder.thread;
    }
};

// What a husk holds in the place of the addresses with which every frame begins: of its code to resume, and of that to destroy it.
struct FramePool::Husk {
    const void* mark;  // &none_
    std::size_t size;  // 0: it is a part of another block
};

// While it lives, this thread's lists are out of use, so that every block that is released comes by `drain`.
class FramePool::Hollowing {
public:
    explicit Hollowing(void* frame) noexcept : frame_(frame) {
        Thread::mine();
        outer_ = std::exchange(now_, this);
        lists_ = std::exchange(mine_, const_cast<Lists*>(&none_));
    }
    ~Hollowing() {
        *static_cast<Husk*>(frame_) = {&none_, size_};
        now_ = outer_;
        mine_ = lists_;
    }
    static Hollowing* now() noexcept { return now_; }

    bool keeps(const void* block, std::size_t size) noexcept {
        if (block != frame_ || size_ != 0) return false;
        size_ = size;
        return true;
    }
    // Calls `f` with the lists in use.
    template <class F>
    auto outside(F f) {
        struct Back {
            Hollowing* self;
            ~Back() {
                now_ = self;
                mine_ = const_cast<Lists*>(&none_);
            }
        } back{this};
        now_ = outer_;
        mine_ = lists_;
        return f();
    }

private:
    void* frame_;
    std::size_t size_ = 0;
    Hollowing* outer_;
    Lists* lists_;

    static constinit thread_local Hollowing* now_ [[gnu::tls_model("initial-exec")]];
};
constinit thread_local FramePool::Hollowing* FramePool::Hollowing::now_ = nullptr;

void FramePool::hollow(void* frame, void (*destroy)(void*)) noexcept {
    const Hollowing hollowing(frame);
    destroy(frame);
}

bool FramePool::is_husk(const void* frame) noexcept { return static_cast<const Husk*>(frame)->mark == &none_; }

void FramePool::release_husk(void* frame) noexcept {
    if (const std::size_t size = static_cast<Husk*>(frame)->size) release(frame, size);
}

const FramePool::Lists FramePool::none_ = {};
constinit thread_local FramePool::Lists* FramePool::mine_ = const_cast<FramePool::Lists*>(&FramePool::none_);

void FramePool::set_large_block_hook(std::size_t size, LargeBlockHook hook) noexcept {
    large_block.store(SIZE_MAX, std::memory_order_relaxed);
    if (!hook) return;  // the one before stays, for threads that are about to call it
    large_block_hook.store(hook, std::memory_order_relaxed);
    large_block.store(size, std::memory_order_release);
}

void* FramePool::refill(std::size_t size) {
    if (Hollowing* hollowing = Hollowing::now()) return hollowing->outside([&] { return allocate(size); });
    Thread* thread = Thread::mine();
    if (!HOCKET_POOL || size > largest) {
        if (size >= large_block.load(std::memory_order_acquire)) [[unlikely]]
            large_block_hook.load(std::memory_order_relaxed)(size, __builtin_return_address(0));
        if (thread) ++thread->system_allocations;
        return system_block(size);
    }
    const std::size_t i = index(size);
    List late{};
    List& list = thread ? thread->lists[i] : late;
    if (thread && thread->full[i].head) {
        std::swap(list.head, thread->full[i].head);
        std::swap(list.count, thread->full[i].count);
    } else if (!Depot::get().take(i, list)) {
        if (!thread) return system_block(i * granule);
        if (static_cast<std::size_t>(thread->end - thread->cursor) < i * granule) {
            ++thread->system_allocations;
            thread->cursor = new_chunk();
            thread->end = thread->cursor + chunk_size;
        }
        return std::exchange(thread->cursor, thread->cursor + i * granule);
    }
    void* block = list.head;
    list.head = *static_cast<void**>(block);
    --list.count;
    if (!thread) Depot::get().put(i, list.head, list.count);
    return block;
}

void FramePool::drain(void* block, std::size_t size) noexcept {
    if (Hollowing* hollowing = Hollowing::now()) {
        if (!hollowing->keeps(block, size)) hollowing->outside([&] { release(block, size); });
        return;
    }
    if (!HOCKET_POOL || size > largest) return std::free(block);
    const std::size_t i = index(size);
    Thread* thread = Thread::mine();
    *static_cast<void**>(block) = nullptr;
    if (!thread) return Depot::get().put(i, block, 1);
    List& list = thread->lists[i];
    if (list.count == list.limit) {  // not so on the thread's first call
        List& full = thread->full[i];
        Depot::get().put(i, full.head, full.count);
        full.head = std::exchange(list.head, nullptr);
        full.count = std::exchange(list.count, 0);
    }
    *static_cast<void**>(block) = list.head;
    list.head = block;
    ++list.count;
}

std::size_t FramePool::system_allocations() noexcept {
    Thread* thread = Thread::mine();
    return thread ? thread->system_allocations : 0;
}

}  // namespace hocket
