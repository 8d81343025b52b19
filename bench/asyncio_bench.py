#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The workloads with Python's asyncio, fewer times: the figures are per item.

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


def timed(figure, items, coroutine):
    start = time.perf_counter()
    asyncio.run(coroutine)
    report(figure, (time.perf_counter() - start) * 1e9 / items)


async def yield_once():
    await asyncio.sleep(0)


async def batches(total, at_once):
    for _ in range(0, total, at_once):
        for task in [asyncio.create_task(yield_once()) for _ in range(at_once)]:
            await task


def spawn_and_join():
    timed("ns", 50_000, batches(50_000, 1000))


async def nested(depth):
    return 1 + await nested(depth - 1) if depth else 1


def nested_await():
    async def main():
        for _ in range(20_000):
            await nested(9)

    timed("ns", 200_000, main())


async def yields(n):
    for _ in range(n):
        await asyncio.sleep(0)


def yields_alone():
    timed("ns", 100_000, yields(100_000))


def yields_with_a_timer():
    async def main():
        pending = asyncio.create_task(asyncio.sleep(100))
        await yields(100_000)
        pending.cancel()

    timed("ns", 100_000, main())


def queue():
    async def producer(q, n):
        for i in range(n):
            await q.put(i)

    async def consumer(q, n):
        for _ in range(n):
            await q.get()

    async def main():
        q = asyncio.Queue(1)
        await asyncio.gather(producer(q, 50_000), consumer(q, 50_000))

    timed("ns", 50_000, main())


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
    n = 50_000

    async def answerer(asked):
        for i in range(n):
            while not asked:
                await asyncio.sleep(0)
            asked.pop().set_result(i)
            await asyncio.sleep(0)

    async def main():
        asked = []
        task = asyncio.create_task(answerer(asked))
        loop = asyncio.get_running_loop()
        for _ in range(n):
            answer = loop.create_future()
            asked.append(answer)
            await answer
        await task

    timed("ns", n, main())


WORKLOADS = {"A": spawn_and_join, "B": nested_await, "C1": yields_alone, "C1t": yields_with_a_timer, "C2": queue,
             "D": timers_at_once, "E": waiting_tasks, "future": future}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in WORKLOADS:
        sys.exit(f"usage: {sys.argv[0]} WORKLOAD, one of: {' '.join(WORKLOADS)}")
    WORKLOADS[sys.argv[1]]()
