# SPDX-License-Identifier: MIT
# A task that is cancelled, says good-bye, and has clean-up that awaits.
import asyncio


class Journal:
    async def __aenter__(self):
        print("journal opened")
        return self

    async def __aexit__(self, *error):
        await asyncio.sleep(0.001)  # what is written takes its time
        print("journal saved")

    def note(self, line):
        print(f"note: {line}")


async def keep_watch(ready):
    async with Journal() as journal:
        journal.note("the watch begins")
        ready.set()
        try:
            await asyncio.sleep(8 * 3600)
        except asyncio.CancelledError as cancelled:
            journal.note(f"relieved, {cancelled}")
            raise


async def main():
    ready = asyncio.Event()
    watch = asyncio.create_task(keep_watch(ready))
    await ready.wait()
    watch.cancel("it is late")
    try:
        await watch
    except asyncio.CancelledError:
        print("the watch has ended")
    print("cancelled" if watch.cancelled() else "not cancelled")


asyncio.run(main())
