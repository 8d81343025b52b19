// SPDX-License-Identifier: MIT
// A replica: who leads, what the log holds, and when it is safe.
#include "journal.h"
#include "kv.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <sstream>
#include <utility>

using namespace hocket;
using namespace std::chrono_literals;

namespace kv {

namespace {

constexpr auto heartbeat = 250ms;  // a leader lets nobody wait longer
constexpr auto patience_of_clients = 1s;
constexpr std::size_t most_entries = 50;  // of one message

struct Entry {
    std::uint64_t term = 0;
    std::string command;
};

// What is known of another replica while this one leads, or wants to.
struct Peer {
    Link link;
    std::uint64_t asked = 0;  // the last term in which it has answered whether this one has its vote
    bool voted = false;
    std::size_t next = 1;   // the first entry that it may not have
    std::size_t match = 0;  // the last that it is known to have
    std::size_t batch = 1;  // entries of a message: as many as get there in time
};

enum class Role { follower, candidate, leader };

template <class... Words>
std::string line_of(const Words&... words) {
    std::ostringstream line;
    const char* between = "";
    ((line << std::exchange(between, " ") << words), ...);
    return line.str();
}

class Replica {
public:
    explicit Replica(Options options) : options_(std::move(options)) {
        for (std::size_t i = 0; i < options_.hosts.size(); ++i) {
            if (i != options_.self) peers_.push_back({.link = Link(options_.hosts[i])});
        }
    }
    Coro<> load();
    Coro<> serve(StreamReader reader, StreamWriter writer);
    Coro<> talk_to(Peer& peer);
    Coro<> stand_when_it_is_time();
    std::vector<Peer>& peers() { return peers_; }

private:
    void take(const std::string& line);
    Coro<> save(std::vector<std::string> lines);
    Coro<> follow(std::uint64_t term);
    void lead();
    Coro<> ask_for_vote(Peer& peer);
    Coro<std::string> vote(std::istringstream words);
    Coro<> send_entries(Peer& peer);
    Coro<std::string> append(std::istringstream words, StreamReader reader);
    void commit_what_is_safe();
    void commit(std::size_t index);
    Coro<std::string> request(std::string command);
    Coro<std::string> answer(std::string line, StreamReader reader);

    // Entries are counted from 1; before the first there is one of term 0.
    std::uint64_t term_at(std::size_t index) const { return index == 0 ? 0 : log_[index - 1].term; }
    std::size_t majority() const { return options_.hosts.size() / 2 + 1; }
    const std::string& self() const { return options_.hosts[options_.self]; }
    TimePoint now() const { return get_running_loop().time(); }
    void tell(std::string text) const {
        if (options_.log) options_.log(std::move(text));
    }
    // What waits for news is woken, and looks again.
    void wake_all() {
        news_.set();
        news_.clear();
    }
    Coro<> news(Duration at_most) {
        try {
            co_await wait_for(news_.wait(), at_most);
        } catch (const TimeoutError&) {
            co_return;
        }
    }

    const Options options_;
    Journal journal_;
    Lock lock_;  // whoever holds it may change term, vote and log
    Event news_;

    // What is on disk.
    std::uint64_t term_ = 0;
    std::string vote_;  // in this term
    std::vector<Entry> log_;

    Role role_ = Role::follower;
    std::string leader_;
    TimePoint heard_{};  // when there was last a leader, or a candidate worth a vote
    std::vector<Peer> peers_;
    std::size_t committed_ = 0;                  // what a majority has
    std::map<std::string, std::string> values_;  // what that comes to
    std::map<std::string, std::uint64_t> done_;  // the last put of each client
};

// ---- What is promised is on disk first: "term 3 kv1", with the vote, and "entry 7 3 put ...", with index and term.

Coro<> Replica::load() {
    for (const std::string& line : co_await journal_.open(options_.journal)) take(line);
    heard_ = now();
}

Coro<> Replica::save(std::vector<std::string> lines) {
    co_await journal_.save(lines);
    for (const std::string& line : lines) take(line);
}

void Replica::take(const std::string& line) {
    std::istringstream words(line);
    std::string kind;
    if (words >> kind; kind == "term") {
        vote_.clear();
        words >> term_ >> vote_;
        return;
    }
    std::size_t index = 0;
    Entry entry;
    words >> index >> entry.term >> std::ws;
    std::getline(words, entry.command);
    log_.resize(index - 1);  // it takes the place of all from there on
    log_.push_back(std::move(entry));
}

// ---- Who leads

// There is a leader of this term, or a later term: whatever we were, that is over.
Coro<> Replica::follow(std::uint64_t term) {
    if (term > term_) co_await save({line_of("term", term)});
    if (role_ == Role::leader) tell("leads no more");
    role_ = Role::follower;
    wake_all();
}

// Whoever has heard of no leader for long stands for the next term. Each has another patience, lest all stand at once and none wins.
Coro<> Replica::stand_when_it_is_time() {
    const auto patience = 1s + 400ms * static_cast<int>(options_.self);
    for (;; co_await news(100ms)) {
        if (journal_.failed()) throw OSError(EIO, "save to the journal");
        const auto guard = co_await lock_.scoped();
        if (role_ == Role::leader || now() - heard_ < patience) continue;
        co_await save({line_of("term", term_ + 1, self())});
        role_ = Role::candidate;
        leader_.clear();
        heard_ = now();
        wake_all();
    }
}

Coro<> Replica::ask_for_vote(Peer& peer) {
    const std::uint64_t term = term_;
    std::istringstream words(co_await peer.link.ask(line_of("vote", term, self(), log_.size(), term_at(log_.size()))));
    std::uint64_t its_term = 0;
    bool yes = false;
    words >> its_term >> yes;
    const auto guard = co_await lock_.scoped();
    if (its_term > term_) co_await follow(its_term);
    if (term != term_ || role_ != Role::candidate) co_return;
    peer.asked = term;
    peer.voted = yes;
    const auto voted = [term](const Peer& p) { return p.asked == term && p.voted; };
    if (1 + static_cast<std::size_t>(std::ranges::count_if(peers_, voted)) >= majority()) lead();
}

void Replica::lead() {
    tell("leads in term " + std::to_string(term_));
    role_ = Role::leader;
    leader_ = self();
    for (Peer& peer : peers_) {
        peer.next = log_.size() + 1;
        peer.match = 0;
    }
    wake_all();
}

Coro<std::string> Replica::vote(std::istringstream words) {
    std::uint64_t term = 0, last_term = 0;
    std::string candidate;
    std::size_t last = 0;
    words >> term >> candidate >> last >> last_term;
    const auto guard = co_await lock_.scoped();
    if (term > term_) co_await follow(term);
    // A leader has all that was acknowledged: one whose log is behind ours may not become it.
    const bool behind = std::pair(last_term, last) < std::pair(term_at(log_.size()), log_.size());
    const bool yes = term == term_ && !behind && (vote_.empty() || vote_ == candidate);
    if (yes && vote_.empty()) co_await save({line_of("term", term, candidate)});
    if (yes) heard_ = now();
    co_return line_of(term_, yes);
}

// ---- The log

Coro<> Replica::send_entries(Peer& peer) {
    const std::uint64_t term = term_;
    const std::size_t before = peer.next - 1, count = std::min(peer.batch, log_.size() - before);
    std::string message = line_of("append", term, self(), before, term_at(before), committed_, count);
    for (std::size_t i = before; i < before + count; ++i) message += "\n" + line_of(log_[i].term, log_[i].command);
    std::istringstream words(co_await peer.link.ask(std::move(message)));
    std::uint64_t its_term = 0;
    bool yes = false;
    std::size_t up_to = 0;
    words >> its_term >> yes >> up_to;
    const auto guard = co_await lock_.scoped();
    if (its_term > term_) co_await follow(its_term);
    if (term != term_ || role_ != Role::leader) co_return;
    if (yes) peer.match = std::max(peer.match, up_to);
    peer.next = up_to + 1;
    peer.batch = std::min(2 * peer.batch, most_entries);
    commit_what_is_safe();
}

Coro<std::string> Replica::append(std::istringstream words, StreamReader reader) {
    std::uint64_t term = 0, term_before = 0;
    std::string leader;
    std::size_t before = 0, committed = 0, count = 0;
    words >> term >> leader >> before >> term_before >> committed >> count;
    std::vector<Entry> entries(count);
    for (Entry& entry : entries) {
        std::istringstream line(co_await reader.readuntil("\n"));
        line >> entry.term >> std::ws;
        std::getline(line, entry.command);
    }
    const auto guard = co_await lock_.scoped();
    if (term < term_) co_return line_of(term_, false, 0);
    if (term > term_ || role_ != Role::follower) co_await follow(term);
    leader_ = leader;
    heard_ = now();
    if (before > log_.size()) co_return line_of(term_, false, log_.size());
    if (term_at(before) != term_before) co_return line_of(term_, false, before - 1);
    // What is here already stays: this may be an old message, and more may have come since.
    std::size_t i = 0;
    while (i < count && before + i < log_.size() && term_at(before + i + 1) == entries[i].term) ++i;
    std::vector<std::string> lines;
    for (; i < count; ++i) lines.push_back(line_of("entry", before + i + 1, entries[i].term, entries[i].command));
    if (!lines.empty()) co_await save(std::move(lines));
    commit(std::min(committed, before + count));
    co_return line_of(term_, true, before + count);
}

void Replica::commit_what_is_safe() {
    std::vector<std::size_t> have{log_.size()};
    for (const Peer& peer : peers_) have.push_back(peer.match);
    std::ranges::sort(have, std::greater());
    const std::size_t index = have[majority() - 1];
    // An entry of an earlier term is safe only with one of this term behind it: section 5.4.2 of the paper.
    if (term_at(index) == term_) commit(index);
}

void Replica::commit(std::size_t index) {
    for (; committed_ < index; ++committed_) {
        std::istringstream words(log_[committed_].command);
        std::string kind, client, key, value;
        std::uint64_t number = 0;
        words >> kind >> client >> number >> key >> value;
        if (kind != "put" || number <= done_[client]) continue;  // it was asked for twice
        done_[client] = number;
        values_[key] = value;
    }
    wake_all();
}

// ---- Clients

// Reads go through the log as well, so that none is answered by a leader that has been deposed and does not know it.
Coro<std::string> Replica::request(std::string command) {
    std::size_t index = 0;
    std::uint64_t term = 0;
    {
        const auto guard = co_await lock_.scoped();
        if (role_ != Role::leader) co_return "leader " + leader_;
        index = log_.size() + 1;
        term = term_;
        co_await save({line_of("entry", index, term, command)});
        wake_all();
    }
    const bool is_put = command.starts_with("put ");
    // [bug]
    if (is_put && options_.hasty) co_return "ok ";  // no other replica has it yet
    // [/bug]
    const TimePoint until = now() + patience_of_clients;
    while (committed_ < index && role_ == Role::leader && term_ == term && now() < until) co_await news(heartbeat);
    // Another leader's entry may have taken the place.
    if (committed_ < index || term_at(index) != term) co_return "again";
    if (is_put) co_return "ok ";
    co_return "ok " + values_[command.substr(4)];
}

Coro<std::string> Replica::answer(std::string line, StreamReader reader) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "vote") co_return co_await vote(std::move(words));
    if (kind == "append") co_return co_await append(std::move(words), reader);
    co_return co_await request(std::move(line));
}

// ---- Connections

Coro<> Replica::serve(StreamReader reader, StreamWriter writer) {
    try {
        for (;;) {
            std::string line = co_await timeout(5s, reader.readuntil("\n"));  // the other end may have crashed
            line.pop_back();
            const std::string answered = co_await answer(std::move(line), reader);
            co_await writer.write(answered + "\n");
        }
    } catch (const OSError&) {
        co_return;
    } catch (const TimeoutError&) {
        co_return;
    } catch (const IncompleteReadError&) {  // half a line says something else than the whole
        co_return;
    }
}

Coro<> Replica::talk_to(Peer& peer) {
    for (;;) {
        bool reached = true;
        try {
            if (role_ == Role::leader) co_await send_entries(peer);
            if (role_ == Role::candidate && peer.asked != term_) co_await ask_for_vote(peer);
        } catch (const OSError&) {
            reached = false;
            peer.batch = 1;
        }
        if (!reached) {
            co_await hocket::sleep(100ms);
        } else if (role_ != Role::leader || peer.next > log_.size()) {
            co_await news(heartbeat);
        }
    }
}

}  // namespace

Coro<> run_replica(Options options) {
    // The handlers of connections may live longer than this coroutine.
    const auto replica = std::make_shared<Replica>(std::move(options));
    co_await replica->load();
    const auto serve = [replica](StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await replica->serve(std::move(reader), std::move(writer));
    };
    const Server server = co_await start_server(serve, "", port);
    try {
        co_await task_group([&](TaskGroup& group) -> Coro<> {
            for (Peer& peer : replica->peers()) group.create_task(replica->talk_to(peer));
            co_await replica->stand_when_it_is_time();
        });
    } catch (const ExceptionGroup& group) {
        std::rethrow_exception(group.exceptions().front());  // there is only one: the others were cancelled
    }
}

}  // namespace kv
