// SPDX-License-Identifier: MIT
// What holds of queues in every program: no item is lost or made, there are never too many, and nobody sleeps who could go on.
#include <hocket/sync/lifo_queue.h>
#include <hocket/sync/priority_queue.h>
#include <hocket/sync/queue.h>

#include <hocket/sync/properties_test.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace hocket::testing {
namespace {

struct Item {
    int rank;
    int serial;  // one each
    friend bool operator<(const Item& a, const Item& b) { return a.rank < b.rank; }
    friend bool operator==(const Item&, const Item&) = default;
};

using Items = std::vector<Item>;  // in the order in which they were put
using Next = Items::iterator (*)(Items&);

Items::iterator oldest(Items& items) { return items.begin(); }
Items::iterator newest(Items& items) { return items.end() - 1; }
Items::iterator smallest(Items& items) {
    return std::min_element(items.begin(), items.end());
}  // the oldest of equal ones

template <class Q>
class QueueRun final : public ProgramRun {
public:
    enum : std::uint8_t {
        put = Vocabulary::first_own,
        get,
        put_nowait,
        get_nowait,
        task_done,
        join,
        shut,
        shut_at_once
    };
    QueueRun(const Program& program, Next next) : ProgramRun(program), queue_(program.size), next_(next) {}

private:
    Coro<> step(std::size_t worker, Step step) override {
        switch (step.verb) {
            case put: co_return co_await puts(worker, step.number);
            case get: co_return co_await gets(worker);
            case put_nowait: co_return puts_nowait(step.number);
            case get_nowait: co_return gets_nowait();
            case task_done: co_return finishes();
            case join: co_return co_await joins(worker);
            default: shuts_down(step.verb == shut_at_once);
        }
    }

    Coro<> puts(std::size_t worker, int rank) {
        const Item item{rank, serials_++};
        Visit visit(*this, putters_, worker);
        begin(visit);
        try {
            co_await queue_.put(item);
            end(visit);
            check(!shut_down_, "an item was put into a queue that is shut down");
            was_put(item);
        } catch (const QueueShutDown&) {
            check(shut_down_, "a queue that is not shut down says that it is");
        }
    }
    Coro<> gets(std::size_t worker) {
        Visit visit(*this, getters_, worker);
        begin(visit);
        try {
            const Item item = co_await queue_.get();
            end(visit);
            was_taken(item);
        } catch (const QueueShutDown&) {
            check(shut_down_ && items_.empty(), "a queue that is not shut down, or not empty, says that it is");
        }
    }
    void puts_nowait(int rank) {
        const Item item{rank, serials_++};
        try {
            queue_.put_nowait(item);
            check(!shut_down_, "an item was put into a queue that is shut down");
            overtakes(putters_);
            was_put(item);
        } catch (const QueueFull&) {
            check(items_.size() == queue_.maxsize(), "a queue that is not full says that it is");
        } catch (const QueueShutDown&) {
            check(shut_down_, "a queue that is not shut down says that it is");
        }
    }
    void gets_nowait() {
        try {
            const Item item = queue_.get_nowait();
            overtakes(getters_);
            was_taken(item);
        } catch (const QueueEmpty&) {
            check(items_.empty(), "a queue that is not empty says that it is");
        } catch (const QueueShutDown&) {
            check(shut_down_ && items_.empty(), "a queue that is not shut down, or not empty, says that it is");
        }
    }
    void finishes() {
        try {
            queue_.task_done();
            check(unfinished_ > 0, "more items are done than were put");
            if (--unfinished_ == 0) all_done();
        } catch (const ValueError&) {
            check(unfinished_ == 0, "an item could not be done");
        }
    }
    Coro<> joins(std::size_t worker) {
        const bool was_done = unfinished_ == 0;
        Visit visit(*this, joiners_, worker);
        co_await queue_.join();
        visit.served(was_done);
        check(was_done || visit.promised, "join returned though not everything was done");
        check(!was_done || !visit.suspended(), "join let others run though everything was done");
    }
    void shuts_down(bool immediate) {
        queue_.shutdown({.immediate = immediate});
        shut_down_ = true;
        if (!immediate) return;
        unfinished_ -= std::min(items_.size(), unfinished_);
        items_.clear();
        if (unfinished_ == 0) all_done();
    }

    void was_put(const Item& item) {
        items_.push_back(item);
        ++unfinished_;
    }
    void was_taken(const Item& item) {
        check(!items_.empty(), "an item came out that was not there");
        if (items_.empty()) return;
        const auto next = next_(items_);
        check(*next == item, "another item came out than the one whose turn it was");
        items_.erase(next);
    }
    void all_done() {
        for (Visit* visit : joiners_) visit->promised = true;
    }

    // A newcomer may take what a woken task was to get, as in asyncio; that one goes to the end of the line then.
    void begin(Visit& visit) { visit.excused = overtaken_; }
    void end(Visit& visit) {
        visit.served(!visit.suspended());
        if (!visit.suspended() && visit.line.size() > 1) overtakes(visit.line);
    }
    void overtakes(Line& line) {
        overtaken_ = true;
        for (Visit* visit : line) visit->excused = true;
    }

    void check_always() override {
        check(queue_.qsize() == items_.size(), "an item was lost, or is there that nobody has put");
        check(items_.size() <= queue_.maxsize(), "there are more items than its size allows");
        check(queue_.empty() == items_.empty() && queue_.full() == (items_.size() == queue_.maxsize()),
              "empty() or full() is wrong");
    }
    void check_at_rest() override {
        overtaken_ = false;
        check(getters_.empty() || items_.empty(), "a task waits for an item that is there");
        check(putters_.empty() || items_.size() == queue_.maxsize(), "a task waits for room that is there");
        check(!shut_down_ || (getters_.empty() && putters_.empty()), "a task waits at a queue that is shut down");
        check(std::ranges::all_of(joiners_, &Visit::waits), "a task waits for the end though everything is done");
    }
    Coro<> release_some() override {
        if (!getters_.empty()) {
            puts_nowait(0);
        } else if (!putters_.empty()) {
            gets_nowait();
        } else {
            finishes();
        }
        co_return;
    }

    Q queue_;
    const Next next_;
    Items items_;
    std::size_t unfinished_ = 0;
    bool shut_down_ = false;
    int serials_ = 0;
    bool overtaken_ = false;  // since nothing was ready
    Line getters_, putters_, joiners_;
};

const Vocabulary working{{"put #", 6},       {"get", 6},       {"put # at once", 1},
                         {"get at once", 1}, {"task_done", 3}, {"join", 3}};
const Vocabulary ending{{"put #", 6},     {"get", 6},  {"put # at once", 1}, {"get at once", 1},
                        {"task_done", 3}, {"join", 3}, {"shut down", 1},     {"shut down and drop all", 1}};

TEST(VirtualQueueProperties, loses_no_item_and_no_wakeup_and_serves_in_order) {
    expect_property<QueueRun<Queue<Item>>>(working, oldest);
}

TEST(VirtualQueueProperties, shut_down_it_lets_everybody_go) { expect_property<QueueRun<Queue<Item>>>(ending, oldest); }

TEST(VirtualPriorityQueueProperties, gives_the_smallest_and_loses_none) {
    expect_property<QueueRun<PriorityQueue<Item>>>(ending, smallest);
}

TEST(VirtualLifoQueueProperties, gives_the_newest_and_loses_none) {
    expect_property<QueueRun<LifoQueue<Item>>>(ending, newest);
}

}  // namespace
}  // namespace hocket::testing
