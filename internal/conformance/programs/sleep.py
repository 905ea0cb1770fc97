"""What an await costs: one turn for sleep(0), none for what is done already."""

import asyncio

from harness import count_turns, program, sleeper, yielder


@program
async def sleep0_interleaves(log):
    a = asyncio.create_task(yielder(log, "A", 3))
    b = asyncio.create_task(yielder(log, "B", 3))
    await a
    await b
    log("main again")


@program
async def sleep0_different_counts(log):
    tasks = [asyncio.create_task(yielder(log, name, n)) for name, n in (("A", 4), ("B", 1), ("C", 2), ("D", 0))]
    for task in tasks:
        log(f"main has {await task}")


@program
async def sleep0_is_one_turn(log):
    turns = count_turns(log, 4)
    for n in (1, 2, 3):
        await asyncio.sleep(0)
        log(f"main after {n}")
    await turns


@program
async def sleep_negative_is_one_turn(log):
    turns = count_turns(log, 3)
    await asyncio.sleep(-5)
    log("main after sleep(-5)")
    await asyncio.sleep(-1)
    log("main after sleep(-1)")
    await turns


@program
async def sleep0_against_callbacks(log):
    loop = asyncio.get_running_loop()
    loop.call_soon(log, "callback before")
    task = asyncio.create_task(yielder(log, "A", 1))
    await asyncio.sleep(0)
    log("main 1")
    loop.call_soon(log, "callback after")
    await asyncio.sleep(0)
    log("main 2")
    await task


@program
async def await_done_task_costs_nothing(log):
    task = asyncio.create_task(yielder(log, "A", 0))
    await asyncio.sleep(0)
    turns = count_turns(log, 2)
    for n in (1, 2, 3):
        log(f"await {n}: {await task}")
    await asyncio.sleep(0)
    log("main again")
    await turns


@program
async def await_done_future_costs_nothing(log):
    fut = asyncio.get_running_loop().create_future()
    fut.set_result(5)
    turns = count_turns(log, 2)
    log(f"await 1: {await fut}")
    log(f"await 2: {await fut}")
    await asyncio.sleep(0)
    log("main again")
    await turns


@program
async def await_coroutine_runs_inline(log):
    async def three():
        log("three")
        return 3

    async def add(n):
        log("add")
        return n + await three()

    turns = count_turns(log, 2)
    log(f"got {await add(4)}")
    await asyncio.sleep(0)
    log("main again")
    await turns


@program
async def await_coroutine_pays_only_for_its_awaits(log):
    async def leaf():
        await asyncio.sleep(0)
        log("leaf")

    async def branch():
        await leaf()
        log("branch")
        await leaf()

    turns = count_turns(log, 3)
    await branch()
    log("main again")
    await turns


@program
async def coroutine_starts_when_awaited(log):
    coro = yielder(log, "coroutine", 0)
    task = asyncio.create_task(yielder(log, "task", 0))
    log("both made")
    await asyncio.sleep(0)
    log("one turn later")
    log(f"got {await coro}")
    log(f"got {await task}")


@program
async def await_new_task_takes_two_turns(log):
    turns = count_turns(log, 3)
    task = asyncio.create_task(yielder(log, "A", 0))
    await task
    log("main again")
    await turns


@program
async def chain_of_tasks(log):
    async def link(n):
        log(f"link {n} start")
        if n < 3:
            await asyncio.create_task(link(n + 1))
        log(f"link {n} end")

    turns = count_turns(log, 7)
    await link(0)
    log("main again")
    await turns


@program
async def sleepers_wake_by_deadline(log):
    loop = asyncio.get_running_loop()
    tasks = [asyncio.create_task(sleeper(log, name, d)) for name, d in (("A", 3), ("B", 1), ("C", 2))]
    for task in tasks:
        log(f"{await task} at {loop.time():g}")


@program
async def sleepers_of_one_instant_wake_in_order(log):
    tasks = [asyncio.create_task(sleeper(log, name, 1)) for name in "ABC"]
    for task in tasks:
        await task
    log("main again")


@program
async def sequence_takes_longer_than_tasks(log):
    loop = asyncio.get_running_loop()
    for name in "ABC":
        await sleeper(log, name, 2)
    log(f"one after the other: {loop.time():g}")
    tasks = [asyncio.create_task(sleeper(log, name, 2)) for name in "DEF"]
    for task in tasks:
        await task
    log(f"together: {loop.time():g}")
