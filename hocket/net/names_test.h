// SPDX-License-Identifier: MIT
// A system of names for tests: it knows what it is told, and answers when it is told.
#pragma once

#include <hocket/core/sleep.h>
#include <hocket/net/resolve.h>
#include <hocket/net/resolver_internal.h>

#include <netdb.h>
#include <condition_variable>
#include <initializer_list>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::testing {

/// Hosts and services by their names; others do not exist. Who asks for what is held waits until that is released.
class TestNames final : public NameSystem {
public:
    /// In place of the running loop's.
    static Shared<TestNames> install() {
        auto names = Shared<TestNames>::make();
        Resolver::of(get_running_loop())->system = names;
        return names;
    }

    void add_host(const std::string& name, std::initializer_list<std::string_view> hosts) {
        const std::lock_guard lock(mutex_);
        for (const std::string_view host : hosts) hosts_[name].push_back(Address::numeric(host, 0).value());
    }
    void add_service(const std::string& name, std::uint16_t port) {
        const std::lock_guard lock(mutex_);
        services_[name] = port;
    }
    void hold(const std::string& name) {
        const std::lock_guard lock(mutex_);
        held_.insert(name);
    }
    void release(const std::string& name) {
        const std::lock_guard lock(mutex_);
        held_.erase(name);
        released_.notify_all();
    }
    /// What was asked so far, in order.
    std::vector<std::string> asked() const {
        const std::lock_guard lock(mutex_);
        return asked_;
    }
    /// Waits, while others run, until so much was.
    Coro<> until_asked(std::size_t n) const {
        while (asked().size() < n) co_await hocket::sleep(0);
    }

    NameAnswer answer(const NameQuestion& question) override {
        std::unique_lock lock(mutex_);
        asked_.push_back(question.text);
        released_.wait(lock, [&] { return !held_.contains(question.text); });
        NameAnswer answer;
        bool known = false;
        if (question.kind == NameQuestion::Kind::port) {
            const auto service = services_.find(question.text);
            known = service != services_.end();
            if (known) answer.port = service->second;
        } else if (const auto host = hosts_.find(question.text); host != hosts_.end()) {
            known = true;
            answer.addresses = host->second;
        }
        if (!known) throw GaiError(EAI_NONAME, 0, question.text);
        return answer;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable released_;
    std::map<std::string, std::vector<Address>> hosts_;
    std::map<std::string, std::uint16_t> services_;
    std::set<std::string> held_;
    std::vector<std::string> asked_;
};

}  // namespace hocket::testing
