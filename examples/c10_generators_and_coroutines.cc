// SPDX-License-Identifier: MIT
// C10: generators and coroutines both suspend. Who resumes them is the difference: the caller, or the loop.
#include <hocket/hocket.h>

#include <cstdio>

hocket::Generator<int> numbers() {
    std::printf("Start\n");
    co_yield 1;
    std::printf("Middle\n");
    co_yield 2;
    std::printf("End\n");
}

hocket::Generator<double, double> running_average() {
    double sum = 0, count = 0, average = 0;
    while (true) {
        sum += co_yield average;
        average = sum / ++count;
    }
}

hocket::Coro<> coro() {
    std::printf("Start\n");
    co_await hocket::sleep(0);
    std::printf("Middle\n");
    co_await hocket::sleep(0);
    std::printf("End\n");
}

int main() {
    std::printf("a generator, pulled by next:\n");
    auto generator = numbers();
    while (auto number = generator.next()) std::printf("got %d\n", *number);

    std::printf("a generator that is sent values:\n");
    auto average = running_average();
    average.next();
    for (double value : {10.0, 20.0, 60.0}) std::printf("average %.1f\n", *average.send(value));

    std::printf("a coroutine, driven by the loop:\n");
    hocket::run(coro());
}
