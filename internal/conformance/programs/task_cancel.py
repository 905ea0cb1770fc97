"""Cancelling tasks."""

import asyncio

from harness import cleaner, count_turns, outcome, program, show, sleeper, sore, state, stubborn, yielder


@program
async def cancel_before_first_step(log):
    task = asyncio.create_task(sleeper(log, "A", 1))
    log(f"cancel: {show(task.cancel())}, {state(task)}")
    log(f"main: {await outcome(task)}")
    log(f"A is {state(task)}")


@program
async def cancel_before_first_step_turns(log):
    task = asyncio.create_task(sleeper(log, "A", 1))
    task.cancel()
    turns = count_turns(log, 3)
    log(f"main: {await outcome(task)}")
    await turns


@program
async def cancel_while_sleeping(log):
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(sleeper(log, "A", 10))
    await asyncio.sleep(1)
    log(f"cancel: {show(task.cancel())}")
    log(f"A is {state(task)}")
    log(f"main: {await outcome(task)}")
    log(f"A is {state(task)} at {loop.time():g}")


@program
async def cancel_is_delivered_next_turn(log):
    task = asyncio.create_task(sleeper(log, "A", 10))
    await asyncio.sleep(0)
    turns = count_turns(log, 3)
    task.cancel()
    await outcome(task)
    log("main again")
    await turns


@program
async def cancel_several_in_order(log):
    tasks = [asyncio.create_task(sleeper(log, name, 10)) for name in "ABC"]
    await asyncio.sleep(0)
    for task in (tasks[2], tasks[0], tasks[1]):
        task.cancel()
    for task in tasks:
        log(f"main: {await outcome(task)}")


@program
async def cancel_done_task(log):
    task = asyncio.create_task(yielder(log, "A", 0))
    log(f"main: {await outcome(task)}")
    log(f"cancel: {show(task.cancel())}")
    log(f"main: {await outcome(task)}")
    log(f"A is {state(task)}")


@program
async def cancel_twice_is_delivered_once(log):
    task = asyncio.create_task(sleeper(log, "A", 10))
    await asyncio.sleep(0)
    log(f"cancel: {show(task.cancel())} {show(task.cancel())}")
    log(f"main: {await outcome(task)}")
    log(f"cancel: {show(task.cancel())}")


@program
async def cancel_a_task_between_turns(log):
    task = asyncio.create_task(yielder(log, "A", 3))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    log(f"main: {await outcome(task)}")


@program
async def cancel_at_the_instant_a_sleep_ends(log):
    # The timer that cancels is older than the sleep's and fires first.
    task = asyncio.create_task(sleeper(log, "A", 1))
    asyncio.get_running_loop().call_later(1, lambda: log(f"cancel: {show(task.cancel())}"))
    log(f"main: {await outcome(task)}")


@program
async def cancel_swallowed(log):
    task = asyncio.create_task(stubborn(log, "A", 10))
    await asyncio.sleep(1)
    log(f"cancel: {show(task.cancel())}")
    log(f"main: {await outcome(task)}")
    log(f"A is {state(task)}")


@program
async def cancel_swallowed_then_awaits(log):
    async def deaf():
        for n in (1, 2, 3):
            try:
                await asyncio.sleep(1)
                log(f"sleep {n} ended")
            except asyncio.CancelledError:
                log(f"sleep {n} cancelled")
        return "deaf"

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    task.cancel()
    log(f"main: {await outcome(task)}")


@program
async def cancel_turned_into_error(log):
    task = asyncio.create_task(sore(log, "A"))
    await asyncio.sleep(0)
    task.cancel()
    log(f"main: {await outcome(task)}")
    log(f"A is {state(task)}")


@program
async def cancel_waits_for_cleanup(log):
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(cleaner(log, "A", 10, 2))
    await asyncio.sleep(1)
    task.cancel()
    log(f"main: {await outcome(task)} at {loop.time():g}")


@program
async def cancel_reaches_the_innermost_coroutine(log):
    async def outer():
        try:
            await sleeper(log, "inner", 10)
        except asyncio.CancelledError:
            log("outer cancelled")
            raise

    task = asyncio.create_task(outer())
    await asyncio.sleep(0)
    task.cancel()
    log(f"main: {await outcome(task)}")


@program
async def cancel_of_a_task_about_to_resume(log):
    fut = asyncio.get_running_loop().create_future()

    async def waiter():
        try:
            log(f"waiter got {await fut}")
            await asyncio.sleep(0)
            log("waiter went on")
        except asyncio.CancelledError:
            log("waiter cancelled")
            raise

    task = asyncio.create_task(waiter())
    await asyncio.sleep(0)
    fut.set_result(7)
    log(f"cancel: {show(task.cancel())}")
    log(f"main: {await outcome(task)}")


@program
async def cancel_of_a_task_about_to_resume_with_its_result(log):
    fut = asyncio.get_running_loop().create_future()

    async def waiter():
        return await fut

    task = asyncio.create_task(waiter())
    await asyncio.sleep(0)
    fut.set_result(7)
    task.cancel()
    log(f"main: {await outcome(task)}")


@program
async def self_cancel_then_await(log):
    async def selfish():
        log(f"cancel: {show(asyncio.current_task().cancel())}")
        log("goes on until the next await")
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            log("sleep cancelled")
            raise
        log("not reached")

    task = asyncio.create_task(selfish())
    log(f"main: {await outcome(task)}")
    log(f"selfish is {state(task)}")


@program
async def self_cancel_then_return(log):
    async def selfish():
        asyncio.current_task().cancel()
        log("returns")
        return 42

    task = asyncio.create_task(selfish())
    log(f"main: {await outcome(task)}")
    log(f"selfish is {state(task)}")


@program
async def waiter_without_handler_ends_cancelled(log):
    # A waiter that lets the CancelledError of the awaited task out counts as cancelled itself.
    slow = asyncio.create_task(sleeper(log, "slow", 10))

    async def waiter():
        await slow

    task = asyncio.create_task(waiter())
    await asyncio.sleep(1)
    slow.cancel()
    log(f"main: {await outcome(task)}")
    log(f"waiter is {'cancelled' if task.cancelled() else 'failed'}")


@program
async def cancel_a_waiter_of_a_foreign_task(log):
    slow = asyncio.create_task(sleeper(log, "slow", 3))

    async def waiter():
        try:
            await slow
        except asyncio.CancelledError:
            log("waiter cancelled")
            raise

    task = asyncio.create_task(waiter())
    await asyncio.sleep(1)
    task.cancel()
    log(f"main: {await outcome(task)}")
    await asyncio.sleep(5)
    log(f"slow is {state(slow)}")


@program
async def cancel_a_waiter_of_its_own_task(log):
    async def outer():
        inner = asyncio.create_task(sleeper(log, "inner", 10))
        try:
            await inner
        except asyncio.CancelledError:
            log("outer cancelled")
            raise

    task = asyncio.create_task(outer())
    await asyncio.sleep(1)
    task.cancel()
    log(f"main: {await outcome(task)}")


@program
async def cancel_of_a_task_that_made_another(log):
    async def outer():
        made.append(asyncio.create_task(sleeper(log, "inner", 3)))
        await sleeper(log, "outer", 10)

    made = []
    task = asyncio.create_task(outer())
    await asyncio.sleep(1)
    task.cancel()
    log(f"main: {await outcome(task)}")
    log(f"inner: {await outcome(made[0])}")


@program
async def cancel_from_callback_and_from_sibling(log):
    a = asyncio.create_task(sleeper(log, "A", 10))
    b = asyncio.create_task(sleeper(log, "B", 10))

    async def sibling():
        await asyncio.sleep(1)
        log(f"sibling cancels B: {show(b.cancel())}")

    c = asyncio.create_task(sibling())
    asyncio.get_running_loop().call_later(2, lambda: log(f"callback cancels A: {show(a.cancel())}"))
    for task in (a, b, c):
        log(f"main: {await outcome(task)}")
