"""Awaiting a task that others own, and leaving it alone: shield there, a plain Await here."""

import asyncio

from harness import clock, failer, outcome, program, sleeper, state, tell


@program
async def shield_waiter_cancelled(log):
    task = asyncio.create_task(sleeper(log, "A", 3))
    waiter = asyncio.create_task(outcome_of(log, "waiter", task))
    await asyncio.sleep(1)
    waiter.cancel()
    log(f"waiter {await outcome(waiter)}")
    log(f"A is {state(task)}")
    log(f"A {await outcome(task)} {clock()}")


async def outcome_of(log, name, task):
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        log(f"{name} cancelled")
        raise


@program
async def shield_one_of_two_waiters_cancelled(log):
    task = asyncio.create_task(sleeper(log, "A", 3))
    first = tell(log, "first", asyncio.shield(task))
    second = tell(log, "second", asyncio.shield(task))
    await asyncio.sleep(1)
    first.cancel()
    await first
    await second
    log(clock())


@program
async def shield_of_a_task_that_is_cancelled(log):
    task = asyncio.create_task(sleeper(log, "A", 3))
    waiter = tell(log, "waiter", asyncio.shield(task))
    await asyncio.sleep(1)
    task.cancel()
    await waiter


@program
async def shield_of_a_task_that_fails(log):
    task = asyncio.create_task(failer(log, "A", 1))
    log(f"waiter {await outcome(asyncio.shield(task))}")
    log(f"again {await outcome(asyncio.shield(task))}")


@program
async def shield_in_a_timeout_and_once_more(log):
    task = asyncio.create_task(sleeper(log, "A", 5))
    for limit in (1, 2, 9):
        log(f"waiter {await outcome(asyncio.wait_for(asyncio.shield(task), limit))} {clock()}")
