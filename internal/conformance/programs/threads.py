"""Other threads: to_thread, call_soon_threadsafe, run_coroutine_threadsafe.

Every program is deterministic: while the other thread works, nothing else of the program does.
"""

import asyncio
import threading

from harness import Boom, fails, outcome, program, yielder


@program
async def to_thread_result_and_error(log):
    def good():
        return 42

    def bad():
        raise Boom("in the thread")

    log(f"good {await outcome(asyncio.to_thread(good))}")
    log(f"bad {await outcome(asyncio.to_thread(bad))}")


@program
async def to_thread_leaves_the_loop_free(log):
    release = threading.Event()

    def block():
        release.wait()
        return "released"

    async def waiter():
        log(f"waiter {await outcome(asyncio.to_thread(block))}")

    task = asyncio.create_task(waiter())
    await asyncio.sleep(0)
    await yielder(log, "main", 3)
    release.set()
    await task


@program
async def to_thread_cancelled(log):
    release = threading.Event()

    def block():
        release.wait()
        return "released"

    async def waiter():
        log(f"waiter {await outcome(asyncio.to_thread(block))}")

    task = asyncio.create_task(waiter())
    await asyncio.sleep(0)
    task.cancel()
    await yielder(log, "main", 3)
    log("main releases the thread")
    release.set()
    await task
    log("main again")


@program
async def call_soon_threadsafe_from_a_thread(log):
    loop = asyncio.get_running_loop()

    def post():
        for n in (1, 2, 3):
            loop.call_soon_threadsafe(log, f"callback {n}")
        return "posted"

    log(f"main {await outcome(asyncio.to_thread(post))}")


@program
async def call_soon_threadsafe_on_the_loop(log):
    loop = asyncio.get_running_loop()
    loop.call_soon(log, "callback 1")
    loop.call_soon_threadsafe(log, "callback 2")
    loop.call_soon(log, "callback 3")
    log("main waits")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    log("main again")


@program
async def run_coroutine_threadsafe_result(log):
    loop = asyncio.get_running_loop()

    def thread():
        return asyncio.run_coroutine_threadsafe(yielder(log, "A", 2), loop).result()

    log(f"main {await outcome(asyncio.to_thread(thread))}")


@program
async def run_coroutine_threadsafe_error(log):
    loop = asyncio.get_running_loop()

    def thread():
        return asyncio.run_coroutine_threadsafe(fails(log, "A"), loop).result()

    log(f"main {await outcome(asyncio.to_thread(thread))}")


@program
async def run_coroutine_threadsafe_in_order(log):
    loop = asyncio.get_running_loop()

    def thread():
        futures = [asyncio.run_coroutine_threadsafe(yielder(log, name, 0), loop) for name in "ABC"]
        return [f.result() for f in futures]

    log(f"main {await outcome(asyncio.to_thread(thread))}")


@program
async def run_coroutine_threadsafe_cancel(log):
    loop = asyncio.get_running_loop()
    started = threading.Event()

    async def wait():
        started.set()
        try:
            await loop.create_future()
        except asyncio.CancelledError:
            log("A cancelled")
            raise

    def thread():
        future = asyncio.run_coroutine_threadsafe(wait(), loop)
        started.wait()
        future.cancel()

    await asyncio.to_thread(thread)
    await asyncio.sleep(0)
    log("main again")


@program
async def future_set_by_call_soon_threadsafe(log):
    loop = asyncio.get_running_loop()
    fut = loop.create_future()

    def thread():
        loop.call_soon_threadsafe(fut.set_result, "from the thread")
        return "thread ended"

    task = asyncio.create_task(asyncio.to_thread(thread))
    log(f"future {await outcome(fut)}")
    log(f"task {await outcome(task)}")
