"""timeout and timeout_at around a block."""

import asyncio

from harness import cleaner, clock, describe, failer, group, outcome, program, sleeper, sore, stubborn


async def within(delay, coro):
    async with asyncio.timeout(delay):
        return await coro


@program
async def timeout_in_time(log):
    log(f"block {await outcome(within(2, sleeper(log, 'A', 1)))} {clock()}")
    await asyncio.sleep(5)
    log(f"main goes on {clock()}")


@program
async def timeout_late(log):
    log(f"block {await outcome(within(2, sleeper(log, 'A', 9)))} {clock()}")
    log(await sleeper(log, "B", 1))


@program
async def timeout_zero(log):
    async def block():
        log("block runs up to its first await")
        return await sleeper(log, "A", 1)

    log(f"block {await outcome(within(0, block()))} {clock()}")


@program
async def timeout_zero_without_await(log):
    async def block():
        log("block")
        return 1

    log(f"block {await outcome(within(0, block()))}")
    await asyncio.sleep(0)
    log("main goes on")


@program
async def timeout_at_absolute(log):
    loop = asyncio.get_running_loop()

    async def block():
        async with asyncio.timeout_at(loop.time() + 2):
            return await sleeper(log, "A", 9)

    await asyncio.sleep(1)
    log(f"block {await outcome(block())} {clock()}")


@program
async def timeout_swallowed(log):
    log(f"block {await outcome(within(2, stubborn(log, 'A', 9)))} {clock()}")
    await asyncio.sleep(1)
    log(f"main goes on {clock()}")


@program
async def timeout_waits_for_cleanup(log):
    log(f"block {await outcome(within(2, cleaner(log, 'A', 9, 3)))} {clock()}")


@program
async def timeout_own_error(log):
    log(f"block {await outcome(within(2, failer(log, 'A', 1)))} {clock()}")
    await asyncio.sleep(5)
    log(f"main goes on {clock()}")


@program
async def timeout_nested_inner_first(log):
    async def block():
        log(f"inner {await outcome(within(1, sleeper(log, 'A', 9)))} {clock()}")
        return await sleeper(log, "B", 9)

    log(f"outer {await outcome(within(3, block()))} {clock()}")


@program
async def timeout_nested_outer_first(log):
    async def block():
        try:
            await within(3, sleeper(log, "A", 9))
        except asyncio.CancelledError:
            log("inner cancelled")
            raise

    log(f"outer {await outcome(within(1, block()))} {clock()}")


@program
async def timeout_cancelled_from_outside(log):
    async def task():
        try:
            await within(5, sleeper(log, "A", 9))
        except (TimeoutError, asyncio.CancelledError) as exc:
            log(f"block {describe(exc)} {clock()}")
            raise

    t = asyncio.create_task(task())
    await asyncio.sleep(1)
    t.cancel()
    log(f"task {await outcome(t)}")


@program
async def timeout_and_cancel_in_one_turn(log):
    async def task():
        try:
            await within(2, sleeper(log, "A", 9))
        except (TimeoutError, asyncio.CancelledError) as exc:
            log(f"block {describe(exc)}")
        log(f"next await {await outcome(asyncio.sleep(1))}")

    t = asyncio.create_task(task())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(2, lambda: t.cancel())
    log(f"task {await outcome(t)}")


@program
async def timeout_of_awaited_task(log):
    task = asyncio.create_task(sleeper(log, "A", 3))
    log(f"block {await outcome(within(2, task))} {clock()}")
    log(f"A {await outcome(task)} {clock()}")


@program
async def timeout_several_in_a_row(log):
    for n in (1, 2, 3):
        log(f"block {n} {await outcome(within(2, sleeper(log, f'A{n}', n)))} {clock()}")


@program
async def timeout_in_two_tasks(log):
    async def task(name, delay):
        log(f"{name} {await outcome(within(delay, sleeper(log, name, 2)))} {clock()}")

    tasks = [asyncio.create_task(task("A", 3)), asyncio.create_task(task("B", 1))]
    for t in tasks:
        await t


@program
async def timeout_at_in_the_past(log):
    loop = asyncio.get_running_loop()

    async def block():
        async with asyncio.timeout_at(loop.time() - 1):
            return await sleeper(log, "A", 9)

    await asyncio.sleep(2)
    log(f"block {await outcome(block())} {clock()}")


@program
async def timeout_nested_of_one_instant(log):
    async def inner():
        log(f"inner {await outcome(within(2, asyncio.sleep(9)))}")

    log(f"outer {await outcome(within(3, inner()))} {clock()}")


@program
async def timeout_in_the_cleanup_of_a_cancelled_task(log):
    async def task():
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            log(f"cleanup {await outcome(within(2, asyncio.sleep(5)))} {clock()}")
            raise

    task = asyncio.create_task(task())
    await asyncio.sleep(1)
    task.cancel()
    log(f"task {await outcome(task)}")


@program
async def timeout_around_a_group_with_an_error_on_the_way_out(log):
    async def body(tg):
        tg.create_task(sleeper(log, "A", 9))
        tg.create_task(sore(log, "B"))

    log(f"block {await outcome(within(2, group(body)))} {clock()}")
    log(f"next await {await outcome(asyncio.sleep(1))} {clock()}")
