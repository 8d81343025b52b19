# SPDX-License-Identifier: MIT
# One producer, two consumers, a queue with room for two jobs, and
# a sentinel that ends the day.
import asyncio


async def consume(name, queue):
    while (job := await queue.get()) is not None:
        print(f"{name} does job {job}")
        await asyncio.sleep(0)
        queue.task_done()
    print(f"{name} goes home")
    queue.task_done()
    await queue.put(None)  # for the next one


async def main():
    queue = asyncio.Queue(maxsize=2)
    consumers = [
        asyncio.create_task(consume("Anna", queue)),
        asyncio.create_task(consume("Bert", queue)),
    ]
    for job in range(1, 7):
        await queue.put(job)  # waits while the queue is full
    await queue.join()
    print("all jobs are done")

    await queue.put(None)
    await asyncio.gather(*consumers)
    print(f"left in the queue: {queue.qsize()}")


asyncio.run(main())
