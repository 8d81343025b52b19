// SPDX-License-Identifier: MIT
// Generators without a loop: values pulled, and values sent in.
#include <hocket/hocket.h>

#include <cstdio>

hocket::Generator<int> countdown(int n) {
    for (; n > 0; --n) co_yield n;
}

hocket::Generator<double, double> running_average() {
    double total = 0, count = 0, average = 0;
    while (true) {
        total += co_yield average;
        count += 1;
        average = total / count;
    }
}

int main() {
    for (const int number : countdown(3)) std::printf("%d\n", number);

    auto numbers = countdown(2);
    while (auto number = numbers.next()) std::printf("%d ", *number);
    std::printf("end\n");

    auto average = running_average();
    average.next();  // to its first co_yield
    for (const double value : {10.0, 20.0, 60.0})
        std::printf("%.1f\n", average.send(value).value());
}
