"""Tasks: their results, their errors, and those who await them."""

import asyncio

from harness import clock, failer, outcome, program, sleeper, state, yielder


@program
async def cancelled_error_without_a_cancel(log):
    async def pretender():
        raise asyncio.CancelledError

    task = asyncio.create_task(pretender())
    log(f"main: {await outcome(task)}")
    log(f"pretender is {'cancelled' if task.cancelled() else 'failed'}")


@program
async def task_raises(log):
    task = asyncio.create_task(failer(log, "A", 1))
    log(f"first: {await outcome(task)}")
    log(f"second: {await outcome(task)}")
    log(f"A is {state(task)}")


@program
async def task_error_passes_through_awaiters(log):
    async def middle():
        log("middle start")
        try:
            await asyncio.create_task(failer(log, "A", 1))
        finally:
            log("middle leaves")

    task = asyncio.create_task(middle())
    log(f"main: {await outcome(task)}")
    log(f"middle is {state(task)}")


@program
async def await_cancelled_task(log):
    task = asyncio.create_task(sleeper(log, "A", 10))
    await asyncio.sleep(0)
    task.cancel()
    log(f"first: {await outcome(task)}")
    log(f"second: {await outcome(task)}")
    await asyncio.sleep(0)
    log("main itself goes on")


@program
async def waiters_of_a_cancelled_task(log):
    slow = asyncio.create_task(sleeper(log, "slow", 10))

    async def waiter(name):
        log(f"{name}: {await outcome(slow)}")
        await asyncio.sleep(0)
        log(f"{name} goes on")

    waiters = [asyncio.create_task(waiter(name)) for name in "AB"]
    await asyncio.sleep(1)
    slow.cancel()
    for task in waiters:
        await task


@program
async def result_of_pending_task(log):
    task = asyncio.create_task(yielder(log, "A", 1))
    try:
        task.result()
    except asyncio.InvalidStateError:
        log("result: not done")
    log(f"main: {await outcome(task)}")
    log(f"result: {task.result()}")


@program
async def tasks_that_await_each_other(log):
    async def first():
        log(f"first {await outcome(asyncio.shield(b))}")

    async def second():
        log(f"second {await outcome(asyncio.wait_for(asyncio.shield(a), 5))} {clock()}")

    a, b = asyncio.create_task(first()), asyncio.create_task(second())
    await a
    await b
