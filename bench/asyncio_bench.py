#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The workloads with Python's asyncio, fewer times, the figures per item; where the number matters, it is in the name (D1e5).

usage: asyncio_bench.py WORKLOAD
"""
import asyncio
import random
import sys
import time


def report(figure, value):
    print(f"{figure} {value:.4f}")


def memory(file, label):
    """A figure of /proc in bytes."""
    with open(file) as lines:
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(label))


def resident_bytes():
    return memory("/proc/self/smaps_rollup", "Rss:")


def peak_bytes():
    return memory("/proc/self/status", "VmHWM:")


def report_ns(items, work):
    """Reports the nanoseconds that `work(items)` takes for each item; a short round before it fills the caches."""
    async def main():
        await work(1000)
        start = time.perf_counter()
        await work(items)
        report("ns", (time.perf_counter() - start) * 1e9 / items)

    asyncio.run(main())


async def yield_once():
    await asyncio.sleep(0)


async def batches(total, at_once):
    for _ in range(0, total, at_once):
        for task in [asyncio.create_task(yield_once()) for _ in range(at_once)]:
            await task


def spawn_and_join():
    report_ns(50_000, lambda n: batches(n, 1000))


async def nested(depth):
    return 1 + await nested(depth - 1) if depth else 1


def nested_await():
    async def work(n):
        for _ in range(0, n, 10):
            await nested(9)

    report_ns(200_000, work)


async def yields(n):
    for _ in range(n):
        await asyncio.sleep(0)


def yields_alone():
    report_ns(100_000, yields)


def yields_with_a_timer():
    async def work(n):
        pending = asyncio.create_task(asyncio.sleep(100))
        await yields(n)
        pending.cancel()

    report_ns(100_000, work)


def queue():
    async def producer(q, n):
        for i in range(n):
            await q.put(i)

    async def consumer(q, n):
        for _ in range(n):
            await q.get()

    async def work(n):
        q = asyncio.Queue(1)
        await asyncio.gather(producer(q, n), consumer(q, n))

    report_ns(50_000, work)


def timers_at_once():
    n = 100_000
    seconds = random.Random(1).random

    async def main():
        for task in [asyncio.create_task(asyncio.sleep(seconds())) for _ in range(n)]:
            await task

    before, start = resident_bytes(), time.perf_counter()
    asyncio.run(main())
    report("over_s", time.perf_counter() - start - 1)
    report("bytes", (peak_bytes() - before) / n)


def waiting_tasks():
    n = 100_000

    async def main():
        before = resident_bytes()
        event = asyncio.Event()

        async def waiter():
            await event.wait()

        tasks = [asyncio.create_task(waiter()) for _ in range(n)]
        await asyncio.sleep(0)
        report("bytes", (resident_bytes() - before) / n)
        event.set()
        for task in tasks:
            await task

    asyncio.run(main())


def future():
    async def answerer(asked, n):
        for i in range(n):
            while not asked:
                await asyncio.sleep(0)
            asked.pop().set_result(i)
            await asyncio.sleep(0)

    async def work(n):
        asked = []
        task = asyncio.create_task(answerer(asked, n))
        loop = asyncio.get_running_loop()
        for _ in range(n):
            answer = loop.create_future()
            asked.append(answer)
            await answer
        await task

    report_ns(50_000, work)


WORKLOADS = {"A": spawn_and_join, "B": nested_await, "C1": yields_alone, "C1t": yields_with_a_timer, "C2": queue,
             "D1e5": timers_at_once, "E": waiting_tasks, "future": future}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in WORKLOADS:
        sys.exit(f"usage: {sys.argv[0]} WORKLOAD, one of: {' '.join(WORKLOADS)}")
    WORKLOADS[sys.argv[1]]()
