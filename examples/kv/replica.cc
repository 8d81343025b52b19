// SPDX-License-Identifier: MIT
// A replica: who leads, what is stored, and when that is safe.
#include "kv.h"

#include <exception>
#include <map>
#include <memory>
#include <sstream>
#include <utility>

using namespace hocket;
using namespace std::chrono_literals;

namespace kv {

namespace {

// What a replica has on disk. The leader of a term makes one version after the other, beginning with what it had when it was elected.
struct State {
    std::uint64_t promised = 0;  // nothing is heard any more of leaders of earlier terms
    std::uint64_t term = 0, version = 0;
    std::map<std::string, std::string> values;
    std::map<std::string, std::uint64_t> puts;  // the last one of each client

    // Of two states, that with the greater age has all that was acknowledged in the other.
    auto age() const { return std::pair(term, version); }
};

std::string line_of(const State& state) {
    std::ostringstream line;
    line << state.promised << ' ' << state.term << ' ' << state.version << ' ' << state.values.size();
    for (const auto& [key, value] : state.values) line << ' ' << key << ' ' << value;
    for (const auto& [client, number] : state.puts) line << ' ' << client << ' ' << number;
    return line.str();
}

State state_of(std::istream& words) {
    State state;
    std::size_t values = 0;
    words >> state.promised >> state.term >> state.version >> values;
    for (std::string key; state.values.size() < values && words >> key;) words >> state.values[key];
    for (std::string client; words >> client;) words >> state.puts[client];
    return state;
}

class Replica {
public:
    explicit Replica(Options options) : options_(std::move(options)) {}
    Coro<> load();
    Coro<> see_to_a_leader();
    Coro<std::string> answer(std::string line);
    void log(std::string text) const {
        if (options_.log) options_.log(std::move(text));
    }

private:
    Coro<> save(State state);
    Coro<bool> a_majority_says_yes(std::string question) const;
    Coro<> stand();
    Coro<std::string> vote(std::istream& words);
    Coro<std::string> store(std::istream& words);
    Coro<std::string> put(std::istream& words);
    Coro<std::string> get(std::istream& words);

    // Each replica has terms of its own, every third, so no two can lead in one. Term 0 is the first one's, without an election.
    bool leads() const {
        return state_.term == state_.promised && state_.term % options_.hosts.size() == options_.self;
    }
    TimePoint now() const { return get_running_loop().time(); }

    const Options options_;
    Lock lock_;          // whoever holds it may save
    State state_;        // as it is on disk
    TimePoint heard_{};  // when there was last a leader, or a candidate worth a vote
};

// ---- The disk

Coro<> Replica::load() {
    if (co_await fs::exists(options_.path)) {
        std::istringstream words(co_await fs::read_text(options_.path));
        state_ = state_of(words);
    }
    co_await save(state_);  // what was read may not have been on the disk yet
    heard_ = now();
}

// When it returns, this state survives a crash; when it throws, either this or the old one does.
Coro<> Replica::save(State state) {
    fs::File file = co_await fs::open(options_.path + ".new", "wb", {.buffering = 0});
    co_await file.write(line_of(state) + "\n");
    co_await file.fsync();
    co_await fs::replace(options_.path + ".new", options_.path);
    co_await file.fsync();  // the new name, too
    state_ = std::move(state);
}

// ---- Who leads

// Does not wait for more answers than it needs. The others are asked all the same.
Coro<bool> Replica::a_majority_says_yes(std::string question) const {
    std::vector<Coro<std::string>> questions;
    questions.reserve(options_.hosts.size());
    for (const std::string& host : options_.hosts) {
        if (host != options_.hosts[options_.self]) questions.push_back(ask(host, question));
    }
    auto answers = as_completed(std::move(questions));
    std::size_t yes = 1;  // this one's own
    while (2 * yes <= options_.hosts.size()) {
        const auto answer = co_await answers.next();
        if (!answer) co_return false;
        if (co_await *answer == "yes") ++yes;
    }
    co_return true;
}

// Whoever has heard of no leader for long stands for one. Each has another patience, lest all stand at once and none wins.
Coro<> Replica::see_to_a_leader() {
    const auto patience = 1500ms + 500ms * static_cast<int>(options_.self);
    for (;; co_await hocket::sleep(500ms)) {
        if (leads()) {
            co_await a_majority_says_yes("store " + line_of(state_));  // so that they hear that there is a leader
        } else if (now() - heard_ > patience) {
            co_await stand();
        }
    }
}

Coro<> Replica::stand() {
    heard_ = now();
    State candidate;
    {
        const auto guard = co_await lock_.scoped();
        const std::size_t replicas = options_.hosts.size();
        candidate = state_;
        candidate.promised = (state_.promised / replicas + 1) * replicas + options_.self;
        co_await save(candidate);
    }
    std::ostringstream question;
    question << "vote " << candidate.promised << ' ' << candidate.term << ' ' << candidate.version;
    if (!co_await a_majority_says_yes(question.str())) co_return;
    const auto guard = co_await lock_.scoped();
    if (state_.promised != candidate.promised) co_return;  // another one stands by now
    candidate.term = candidate.promised;
    co_await save(std::move(candidate));
    log("leads in term " + std::to_string(state_.term));
}

Coro<std::string> Replica::vote(std::istream& words) {
    State candidate;
    words >> candidate.promised >> candidate.term >> candidate.version;
    const auto guard = co_await lock_.scoped();
    if (candidate.promised <= state_.promised) co_return "no";
    State next = state_;
    next.promised = candidate.promised;
    co_await save(std::move(next));
    // A leader has all that was acknowledged: one that is behind may not become it.
    if (candidate.age() < state_.age()) co_return "no";
    heard_ = now();
    co_return "yes";
}

// ---- What is stored

Coro<std::string> Replica::store(std::istream& words) {
    State leaders = state_of(words);
    const auto guard = co_await lock_.scoped();
    if (leaders.promised < state_.promised) co_return "no";
    if (leaders.age() > state_.age()) co_await save(std::move(leaders));  // else this is an old message
    heard_ = now();
    co_return "yes";
}

Coro<std::string> Replica::put(std::istream& words) {
    std::string client, key, value;
    std::uint64_t number = 0;
    words >> client >> number >> key >> value;
    std::string question;
    {
        const auto guard = co_await lock_.scoped();
        if (!leads()) co_return "no";
        State next = state_;
        if (number > next.puts[client]) {  // else it was asked for twice
            ++next.version;
            next.puts[client] = number;
            next.values[key] = value;
            co_await save(std::move(next));
        }
        question = "store " + line_of(state_);
    }
    // [bug]
    if (options_.hasty) co_return "ok ";  // no other replica has it yet
    // [/bug]
    co_return co_await a_majority_says_yes(question) ? "ok " : "no";
}

// That others follow this leader has to be asked each time: it may have been deposed without having heard of it.
Coro<std::string> Replica::get(std::istream& words) {
    std::string key;
    words >> key;
    if (!leads()) co_return "no";
    const State state = state_;
    if (!co_await a_majority_says_yes("store " + line_of(state))) co_return "no";
    const auto found = state.values.find(key);
    co_return found == state.values.end() ? "ok " : "ok " + found->second;
}

Coro<std::string> Replica::answer(std::string line) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "vote") co_return co_await vote(words);
    if (kind == "store") co_return co_await store(words);
    if (kind == "put") co_return co_await put(words);
    if (kind == "get") co_return co_await get(words);
    co_return "no";
}

}  // namespace

Coro<> run_replica(Options options) {
    // The handlers of connections may live longer than this coroutine.
    const auto replica = std::make_shared<Replica>(std::move(options));
    co_await replica->load();
    const auto serve = [replica](StreamReader reader, StreamWriter writer) -> Coro<> {
        try {
            const std::string line = co_await timeout(5s, reader.readuntil("\n"));  // the other end may have crashed
            co_await writer.write(co_await replica->answer(line) + "\n");
        } catch (const std::exception& e) {
            replica->log(e.what());  // the end of the connection tells the other end
        }
    };
    const Server server = co_await start_server(serve, "", port, {.limit = 1 << 20});
    co_await replica->see_to_a_leader();
}

}  // namespace kv
