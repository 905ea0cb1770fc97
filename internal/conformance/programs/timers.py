"""call_later and call_at."""

import asyncio

from harness import clock, count_turns, program, sleeper


@program
async def call_later_order(log):
    loop = asyncio.get_running_loop()
    for delay in (3, 1, 2):
        loop.call_later(delay, lambda d=delay: log(f"timer {d} at {loop.time():g}"))
    log("set")
    await asyncio.sleep(4)
    log(f"main at {loop.time():g}")


@program
async def call_later_same_instant_two(log):
    loop = asyncio.get_running_loop()
    for name in "ab":
        loop.call_later(1, log, f"timer {name}")
    await asyncio.sleep(2)


@program
async def call_later_same_instant_many(log):
    loop = asyncio.get_running_loop()
    for name in "abcdefgh":
        loop.call_later(1, log, f"timer {name}")
    await asyncio.sleep(2)


@program
async def call_later_zero_comes_after_ready(log):
    loop = asyncio.get_running_loop()
    loop.call_later(0, log, "timer 0")
    loop.call_soon(log, "callback 1")
    loop.call_soon(log, "callback 2")
    turns = count_turns(log, 3)
    for _ in range(3):
        await asyncio.sleep(0)
    await turns


@program
async def call_later_negative_delays(log):
    loop = asyncio.get_running_loop()
    loop.call_later(0, log, "timer 0")
    loop.call_later(-1, log, "timer -1")
    loop.call_later(-2, log, "timer -2")
    loop.call_soon(log, "callback")
    await asyncio.sleep(0)
    log("main after one turn")
    await asyncio.sleep(0)
    log(f"main after two turns at {loop.time():g}")


@program
async def call_at_absolute(log):
    loop = asyncio.get_running_loop()
    start = loop.time()
    await asyncio.sleep(1)
    loop.call_at(start + 3, lambda: log(f"at {loop.time() - start:g}"))
    loop.call_at(start + 2, lambda: log(f"at {loop.time() - start:g}"))
    loop.call_at(start, lambda: log(f"long due, at {loop.time() - start:g}"))
    await asyncio.sleep(5)


@program
async def timer_cancel(log):
    loop = asyncio.get_running_loop()
    handle = loop.call_later(1, log, "never")
    loop.call_later(2, log, "timer 2")
    handle.cancel()
    await asyncio.sleep(3)
    log("main again")


@program
async def timer_cancelled_by_one_of_the_same_instant(log):
    loop = asyncio.get_running_loop()
    loop.call_later(1, lambda: (log("a cancels b"), b.cancel()))
    b = loop.call_later(1, log, "b")
    loop.call_later(1, log, "c")
    await asyncio.sleep(2)
    log("main again")


@program
async def timer_set_by_a_timer(log):
    loop = asyncio.get_running_loop()

    def first():
        log(f"first at {loop.time():g}")
        loop.call_later(0, lambda: log(f"later 0 at {loop.time():g}"))
        loop.call_soon(lambda: log(f"soon at {loop.time():g}"))
        loop.call_later(1, lambda: log(f"later 1 at {loop.time():g}"))

    loop.call_later(1, first)
    loop.call_later(1, log, "second")
    await asyncio.sleep(3)


@program
async def callback_scheduled_by_a_timer_comes_after_timers(log):
    loop = asyncio.get_running_loop()
    loop.call_later(1, lambda: (log("a"), loop.call_soon(log, "made by a")))
    loop.call_later(1, lambda: (log("b"), loop.call_soon(log, "made by b")))
    await asyncio.sleep(2)


@program
async def sleeper_and_timer_of_one_instant(log):
    # The sleep's timer is older than the other one and fires first.
    async def sleep():
        await asyncio.sleep(1)
        log("sleeper")

    task = asyncio.create_task(sleep())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(1, log, "timer")
    await task


@program
async def timer_and_sleeper_of_one_instant(log):
    async def sleep():
        await asyncio.sleep(1)
        log("sleeper")

    asyncio.get_running_loop().call_later(1, log, "timer")
    await asyncio.create_task(sleep())


@program
async def timer_many_of_which_most_are_cancelled(log):
    loop = asyncio.get_running_loop()
    timers = [loop.call_later(1 + n % 7 + n / 1000, log, f"timer {n}") for n in range(400)]
    for n, timer in enumerate(timers):
        if n % 40:
            timer.cancel()
    await asyncio.sleep(10)
    log(clock())
