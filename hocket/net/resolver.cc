// SPDX-License-Identifier: MIT
// The order in which questions about names are asked, who gets the answers, and what the loop's end makes of those that are open.
#include <hocket/net/resolver_internal.h>

#include <hocket/base/report.h>
#include <hocket/core/await_graph.h>
#include <hocket/core/gate.h>
#include <hocket/net/socket.h>
#include <hocket/os/simulated_threads.h>
#include <hocket/os/wrap_future.h>

#include <exception>

namespace hocket {

NameSystem::~NameSystem() = default;

std::string NameQuestion::key() const {
    const char kinds[] = {static_cast<char>('0' + static_cast<int>(kind)),
                          static_cast<char>('0' + static_cast<int>(family)), '\0'};
    std::string all = kinds + text;
    if (kind == Kind::names) {
        all += address.str();
        all += ' ';
        all += std::to_string(flags);
    }
    return all;
}

/// A question, and the tasks that wait for its answer.
struct Resolver::Asked {
    NameQuestion question;
    std::string key;
    struct Answered final : WaitPoint {
        const NameQuestion& question;
        explicit Answered(const NameQuestion& q) noexcept : WaitPoint("getaddrinfo"), question(q) {}
        void describe(AwaitDescription& to) const override;
    };
    Answered answered{question};
    NameAnswer answer;
    std::exception_ptr error;
    Handle slow_timer;
    unsigned waiters = 0;
    bool begun = false, slow = false, done = false;

    explicit Asked(NameQuestion q) : question(std::move(q)), key(question.key()) {}
};

void Resolver::Asked::Answered::describe(AwaitDescription& to) const {
    const bool names = question.kind == NameQuestion::Kind::names;
    to.text = names ? "getnameinfo of " + question.address.str() : "getaddrinfo of " + question.text;
}

/// One of the tasks. With the last, a question whose turn has not come is dropped.
class Resolver::Waiting {
public:
    Waiting(Shared<Resolver> resolver, Shared<Asked> asked) noexcept
        : resolver_(std::move(resolver)), asked_(std::move(asked)) {
        ++asked_->waiters;
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
        if (--asked_->waiters > 0 || asked_->begun) return;
        resolver_->open_.erase(asked_->key);
        std::erase(resolver_->queue_, asked_);
    }
    Asked& question() const noexcept { return *asked_; }

private:
    Shared<Resolver> resolver_;
    Shared<Asked> asked_;
};

Resolver::Resolver(EventLoop& loop) : LoopResource(loop), loop_(loop) {}
Resolver::~Resolver() = default;

Shared<Resolver> Resolver::of(EventLoop& loop) {
    Network& network = Network::of(loop);
    if (!network.resolver) network.resolver = Shared<Resolver>::make(loop);
    return network.resolver;
}

Coro<NameAnswer> Resolver::ask(NameQuestion question) {
    const Shared<Resolver> resolver = of(get_running_loop());
    const Waiting here(resolver, resolver->join(std::move(question)));
    Asked& asked = here.question();
    resolver->begin_next();
    while (!asked.done) co_await asked.answered.suspend();
    if (asked.error) std::rethrow_exception(asked.error);
    co_return asked.answer;
}

Shared<Resolver::Asked> Resolver::join(NameQuestion question) {
    auto asked = Shared<Asked>::make(std::move(question));
    const auto [place, is_new] = open_.emplace(asked->key, asked);
    if (is_new) queue_.push_back(asked);
    return place->second;
}

void Resolver::begin_next() {
    while (!queue_.empty() && busy_ - slow_ < at_once && busy_ < most) {
        const Shared<Asked> next = std::move(queue_.front());
        queue_.pop_front();
        begin(next);
    }
}

void Resolver::begin(const Shared<Asked>& asked) {
    asked->begun = true;
    ++busy_;
    try {
        asked->slow_timer = loop_.call_later(slow_after, [this, question = asked.get()] {  // until `end`, it lives
            question->slow = true;
            ++slow_;
            begin_next();
        });
        if (!threads_)
            threads_ = Unique<ThreadPoolExecutor>::make(
                ThreadPoolOptions{.max_workers = most, .thread_name_prefix = "resolver"});
        auto job = threads_->submit([names = system, asks = asked->question] { return names->answer(asks); });
        const Future<NameAnswer> answer = wrap_future(std::move(job), loop_);
        answer.add_done_callback([this, asked](const Future<NameAnswer>& result) {
            try {
                asked->answer = result.result();
            } catch (...) {  // for those who wait
                asked->error = std::current_exception();
            }
            end(*asked);
            begin_next();
        });
    } catch (...) {  // there is no thread, or no memory
        asked->error = std::current_exception();
        end(*asked);
    }
}

void Resolver::end(Asked& asked) noexcept {
    asked.slow_timer.cancel();
    if (asked.slow) --slow_;
    --busy_;
    asked.done = true;
    open_.erase(asked.key);
    asked.answered.wake_all();
}

void Resolver::loop_closing() noexcept {
    for (const auto& [key, asked] : open_) asked->slow_timer.cancel();
    open_.clear();
    queue_.clear();
    if (!threads_) return;
    threads_->shutdown({.wait = false, .cancel_futures = true});
    if (simulated_threads) {  // no thread exists, and nothing waits for the answer
        threads_->abandon();
    } else if (!threads_->ended().object().wait(patience)) {
        report(
            "the loop ends while the system looks up a name: the thread that waits for it ends when the answer comes");
        threads_->abandon();
    }
    threads_.reset();
}

}  // namespace hocket
