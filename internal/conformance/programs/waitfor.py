"""wait_for."""

import asyncio

from harness import cleaner, clock, count_turns, failer, outcome, program, sleeper, sore, state, stubborn, yielder


@program
async def wait_for_in_time(log):
    log(f"wait_for {await outcome(asyncio.wait_for(sleeper(log, 'A', 1), 2))} {clock()}")
    await asyncio.sleep(5)


@program
async def wait_for_late(log):
    log(f"wait_for {await outcome(asyncio.wait_for(sleeper(log, 'A', 3), 2))} {clock()}")
    await asyncio.sleep(5)


@program
async def wait_for_runs_inline(log):
    turns = count_turns(log, 3)
    log(f"wait_for {await outcome(asyncio.wait_for(yielder(log, 'A', 1), 2))}")
    await asyncio.sleep(0)
    await turns


@program
async def wait_for_late_waits_for_cleanup(log):
    log(f"wait_for {await outcome(asyncio.wait_for(cleaner(log, 'A', 9, 3), 2))} {clock()}")


@program
async def wait_for_late_value_is_returned(log):
    log(f"wait_for {await outcome(asyncio.wait_for(stubborn(log, 'A', 9), 2))} {clock()}")


@program
async def wait_for_late_own_error(log):
    log(f"wait_for {await outcome(asyncio.wait_for(sore(log, 'A'), 2))} {clock()}")


@program
async def wait_for_inner_error(log):
    log(f"wait_for {await outcome(asyncio.wait_for(failer(log, 'A', 1), 2))} {clock()}")


@program
async def wait_for_zero_never_starts(log):
    log(f"wait_for {await outcome(asyncio.wait_for(sleeper(log, 'A', 1), 0))} {clock()}")


@program
async def wait_for_negative_never_starts(log):
    log(f"wait_for {await outcome(asyncio.wait_for(sleeper(log, 'A', 1), -1))} {clock()}")


@program
async def wait_for_zero_of_done_task(log):
    task = asyncio.create_task(yielder(log, "A", 0))
    await asyncio.sleep(0)
    log(f"wait_for {await outcome(asyncio.wait_for(task, 0))}")


@program
async def wait_for_zero_of_running_task(log):
    task = asyncio.create_task(sleeper(log, "A", 1))
    await asyncio.sleep(0)
    log(f"wait_for {await outcome(asyncio.wait_for(task, 0))} {clock()}")
    log(f"A {await outcome(task)}")


@program
async def wait_for_task_in_time(log):
    task = asyncio.create_task(sleeper(log, "A", 1))
    log(f"wait_for {await outcome(asyncio.wait_for(task, 2))} {clock()}")
    log(f"A is {state(task)}")


@program
async def wait_for_task_late(log):
    task = asyncio.create_task(sleeper(log, "A", 3))
    log(f"wait_for {await outcome(asyncio.wait_for(task, 2))} {clock()}")
    log(f"A {await outcome(task)} {clock()}")


@program
async def wait_for_task_that_gets_cancelled(log):
    task = asyncio.create_task(sleeper(log, "A", 3))
    asyncio.get_running_loop().call_later(1, task.cancel)
    log(f"wait_for {await outcome(asyncio.wait_for(task, 2))} {clock()}")


@program
async def wait_for_future(log):
    loop = asyncio.get_running_loop()
    fut = loop.create_future()
    loop.call_later(1, fut.set_result, "x")
    log(f"wait_for {await outcome(asyncio.wait_for(fut, 2))} {clock()}")


@program
async def wait_for_cancelled_from_outside(log):
    async def waiter():
        log(f"waiter: {await outcome(asyncio.wait_for(sleeper(log, 'A', 9), 5))} {clock()}")

    task = asyncio.create_task(waiter())
    await asyncio.sleep(1)
    task.cancel()
    await task


@program
async def wait_for_nested_inner_first(log):
    async def inner():
        log(f"inner {await outcome(asyncio.wait_for(sleeper(log, 'A', 9), 1))} {clock()}")
        return await sleeper(log, "B", 1)

    log(f"outer {await outcome(asyncio.wait_for(inner(), 5))} {clock()}")


@program
async def wait_for_nested_outer_first(log):
    async def inner():
        try:
            await asyncio.wait_for(sleeper(log, "A", 9), 5)
        except asyncio.CancelledError:
            log("inner cancelled")
            raise

    log(f"outer {await outcome(asyncio.wait_for(inner(), 1))} {clock()}")


@program
async def wait_for_result_at_the_deadline(log):
    # The sleeper's timer is set after that of the time-out, for the same instant.
    log(f"wait_for {await outcome(asyncio.wait_for(sleeper(log, 'A', 2), 2))} {clock()}")
