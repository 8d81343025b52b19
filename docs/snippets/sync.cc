// SPDX-License-Identifier: MIT
// The programs of docs/sync.md.

#include <hocket/hocket.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>
using namespace std::chrono_literals;
using hocket::Coro, hocket::Task, hocket::create_task;

namespace {

int balance = 100;
Coro<int> read_balance() {
    co_await hocket::sleep(1ms);
    co_return balance;
}
Coro<> write_balance(int value) {
    co_await hocket::sleep(1ms);
    balance = value;
}

// [lock]
Coro<> withdraw(hocket::Lock& lock, int amount) {
    auto guard = co_await lock.scoped();  // async with lock:
    const int before = co_await read_balance();
    co_await write_balance(before - amount);
}
// [/lock]

// [semaphore]
Coro<> fetch(hocket::Semaphore& limit, int& running, int& most) {
    auto guard = co_await limit.scoped();
    most = std::max(most, ++running);
    co_await hocket::sleep(1ms);
    --running;
}

Coro<> fetch_all() {
    hocket::Semaphore limit(3);
    int running = 0, most = 0;
    std::vector<Coro<>> fetches;
    for (int i = 0; i < 10; ++i) fetches.push_back(fetch(limit, running, most));
    co_await hocket::gather(std::move(fetches));
    std::printf("at most %d at once\n", most);
}
// [/semaphore]

// [event]
Coro<> serve(hocket::Event& ready) {
    co_await ready.wait();
    std::printf("serving\n");
}

Coro<> start() {
    hocket::Event ready;
    const Task<> server = create_task(serve(ready));
    co_await hocket::sleep(1ms);
    std::printf("ready\n");
    ready.set();
    co_await server;
}
// [/event]

// [condition]
struct Account {
    int money = 0;
    hocket::Condition changed;
};

Coro<> pay(Account& account, int price) {
    auto guard = co_await account.changed.scoped();  // async with condition:
    co_await account.changed.wait_for([&] { return account.money >= price; });
    account.money -= price;
    std::printf("paid %d, %d left\n", price, account.money);
}

Coro<> earn(Account& account, int wage) {
    auto guard = co_await account.changed.scoped();
    account.money += wage;
    account.changed.notify_all();
}
// [/condition]

// [barrier]
Coro<> runner(hocket::Barrier& line, int lane) {
    co_await hocket::sleep(lane * 1ms);
    if (co_await line.wait() == 0) std::printf("lane %d was there first\n", lane);
    std::printf("%d runs\n", lane);
}
// [/barrier]

// [queue]
Coro<> worker(hocket::Queue<std::string>& jobs, std::size_t& letters) {
    for (;;) {
        const std::string job = co_await jobs.get();
        co_await hocket::sleep(1ms);
        letters += job.size();
        jobs.task_done();
    }
}

Coro<> work() {
    hocket::Queue<std::string> jobs(2);
    std::size_t letters = 0;
    std::vector<Task<>> workers;
    for (int i = 0; i < 3; ++i) workers.push_back(create_task(worker(jobs, letters)));
    for (const char* job : {"one", "two", "three", "four", "five"}) co_await jobs.put(job);
    co_await jobs.join();  // until each has been taken and task_done
    for (const Task<>& w : workers) w.cancel();
    std::printf("%zu letters\n", letters);
}
// [/queue]

// [shutdown]
Coro<> print_all(hocket::Queue<std::unique_ptr<int>>& numbers) {
    try {
        for (;;) {
            const std::unique_ptr<int> number = co_await numbers.get();
            std::printf("%d ", *number);
        }
    } catch (const hocket::QueueShutDown&) {
        std::printf("and that was all\n");
    }
}

Coro<> feed() {
    hocket::Queue<std::unique_ptr<int>> numbers(1);
    const Task<> printer = create_task(print_all(numbers));
    for (int i = 1; i <= 3; ++i) co_await numbers.put(std::make_unique<int>(i));
    numbers.shutdown();  // what is left is still taken
    co_await printer;
}
// [/shutdown]

// [priority]
struct Job {
    int priority;
    std::string name;
    bool operator<(const Job& other) const { return priority < other.priority; }
};

void sort_out() {
    hocket::PriorityQueue<Job> jobs;
    jobs.put_nowait({2, "wash up"});
    jobs.put_nowait({1, "put out the fire"});
    jobs.put_nowait({2, "tidy up"});
    while (!jobs.empty()) std::printf("%s\n", jobs.get_nowait().name.c_str());
}
// [/priority]

// [destroyed]
Coro<> wait_in_vain() {
    auto event = std::make_unique<hocket::Event>();
    const Task<> waiter = create_task([](hocket::Event& e) -> Coro<> { co_await e.wait(); }, std::ref(*event));
    co_await hocket::sleep(0);
    event.reset();
    try {
        co_await waiter;
    } catch (const hocket::RuntimeError& error) {
        std::printf("%s\n", error.what());
    }
}
// [/destroyed]

Coro<> amain() {
    hocket::Lock lock;
    co_await hocket::gather(withdraw(lock, 10), withdraw(lock, 20));
    std::printf("%d left\n", balance);
    co_await fetch_all();
    co_await start();
    Account account;
    co_await hocket::gather(pay(account, 50), pay(account, 20), earn(account, 30), earn(account, 50));
    hocket::Barrier line(3);
    co_await hocket::gather(runner(line, 1), runner(line, 2), runner(line, 3));
    co_await work();
    co_await feed();
    sort_out();
    co_await wait_in_vain();
}

}  // namespace

int main() { hocket::run(amain()); }
