// SPDX-License-Identifier: MIT
// The queue of done futures behind as_completed.
#include <hocket/flow/as_completed.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/gate.h>

#include <new>

namespace hocket {

// A future that never ends, for the life of its block: this, then the entries. The done ones wait here, as in asyncio's queue, until
// somebody takes them; a time limit that passes puts an empty place there for each of the others.
class AsCompletedBase::State final : public FutureBase, public Follower {
public:
    State(EventLoop& loop, Room room) noexcept : FutureBase(loop), Follower(*this, this + 1, room) {}

    static void* operator new(std::size_t size, Room room) { return allocate(size, room); }
    static void operator delete(State* state, std::destroying_delete_t) { Follower::destroy(state); }

    void start(const std::optional<Duration>& timeout) {
        check_futures();
        drop_duplicates();
        left_ = to_give_ = count();
        for (Followed& entry : *this) enlist(entry);
        if (left_ > 0 && timeout) alarm_.set(*this, *timeout);
    }
    void leave() noexcept {
        if (alarm_.follower) alarm_.stop();
        unfollow();
        late_ = true;  // for what stands in the ready queue already
        door_.reset();
        drop();
    }

    // Each caller of `next` has a claim on one place, until it is cancelled.
    bool claim() noexcept {
        if (to_give_ == 0) return false;
        --to_give_;
        return true;
    }
    Gate& door() noexcept { return *door_; }

    FutureBase* take() {
        --places_;
        if (!first_) throw TimeoutError();
        Followed& entry = *first_;
        first_ = static_cast<Followed*>(entry.next);
        return std::exchange(entry.future, nullptr);
    }

private:
    void ended(Followed& entry) noexcept override {
        if (late_) return entry.drop_future();
        if (--left_ == 0 && alarm_.follower) alarm_.stop();
        entry.next = nullptr;
        if (first_) {
            last_->next = &entry;
        } else {
            first_ = &entry;
        }
        last_ = &entry;
        put();
    }
    void timed_out() noexcept override {
        late_ = true;
        unfollow();
        for (; left_ > 0; --left_) put();
    }
    void put() noexcept {
        ++places_;
        door_->wake_next();
    }

    std::size_t left_ = 0;     // not done
    std::size_t to_give_ = 0;  // not claimed
    std::size_t places_ = 0;   // done or late, and not taken
    Followed *first_ = nullptr, *last_ = nullptr;
    struct Door final : Gate {
        State& state;
        explicit Door(State& s) noexcept : Gate("as_completed", s.places_, 0), state(s) {}
        bool cancel_wait(TaskBase& t) noexcept override {
            ++state.to_give_;
            return Gate::cancel_wait(t);
        }
        void pass_on(const TaskBase& t) noexcept override {
            ++state.to_give_;
            Gate::pass_on(t);
        }
        void describe(AwaitDescription& to) const override {
            state.describe_followed(to, "as_completed", &state.alarm_);
        }
    };
    std::optional<Door> door_{std::in_place, *this};  // none once the iterator is gone: whoever waits has been told
    Alarm alarm_;
    bool late_ = false;
};

AsCompletedBase::AsCompletedBase(std::size_t futures) {
    EventLoop& loop = get_running_loop();
    const Follower::Room room{futures};
    state_ = new (room) State(loop, room);
}

AsCompletedBase::~AsCompletedBase() {
    if (state_) state_->leave();
}

void AsCompletedBase::add(FutureHandle future) { state_->add(std::move(future)); }

void AsCompletedBase::start(const AsCompletedOptions& options) { state_->start(options.timeout); }

bool AsCompletedBase::NextBase::await_ready() {
    state_->door().check_loop();
    if (!state_->claim()) {
        stage_ = Stage::over;
        return true;
    }
    stage_ = Stage::claimed;
    return !state_->door().closed();
}

void AsCompletedBase::NextBase::await_suspend(AwaitingFrame h) noexcept {
    stage_ = Stage::waits;
    state_->door().wait(h);
}

FutureBase* AsCompletedBase::NextBase::resume() {
    if (stage_ == Stage::over) return nullptr;
    if (stage_ == Stage::waits) resume_point();  // if it throws, the iterator may be gone
    return state_->take();
}

}  // namespace hocket
