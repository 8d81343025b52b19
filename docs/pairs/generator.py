# SPDX-License-Identifier: MIT
# Generators without a loop: values pulled, and values sent in.


def countdown(n):
    while n > 0:
        yield n
        n -= 1


def running_average():
    total = count = average = 0
    while True:
        total += yield average
        count += 1
        average = total / count


for number in countdown(3):
    print(number)

numbers = countdown(2)
print(next(numbers), next(numbers), next(numbers, "end"))

average = running_average()
next(average)  # to its first yield
for value in (10, 20, 60):
    print(f"{average.send(value):.1f}")
average.close()
