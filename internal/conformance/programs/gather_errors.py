"""gather when a member fails, or when it is cancelled."""

import asyncio

from harness import Boom, cleaner, failer, fails, outcome, program, show, sleeper, sore, state, stubborn


@program
async def gather_first_error_of_coroutines(log):
    loop = asyncio.get_running_loop()
    result = await outcome(asyncio.gather(sleeper(log, "A", 3), failer(log, "B", 1), sleeper(log, "C", 2)))
    log(f"gather {result} at {loop.time():g}")
    await asyncio.sleep(5)


@program
async def gather_first_error_of_tasks(log):
    loop = asyncio.get_running_loop()
    a = asyncio.create_task(sleeper(log, "A", 3))
    b = asyncio.create_task(failer(log, "B", 1))
    log(f"gather {await outcome(asyncio.gather(a, b))} at {loop.time():g}")
    log(f"A is {state(a)}")
    log(f"A {await outcome(a)} at {loop.time():g}")


@program
async def gather_two_errors_first_wins(log):
    a = asyncio.create_task(failer(log, "A", 2))
    b = asyncio.create_task(failer(log, "B", 1))
    log(f"gather {await outcome(asyncio.gather(a, b))}")
    await asyncio.sleep(2)
    log(f"A is {state(a)}")


@program
async def gather_two_errors_in_one_turn(log):
    a = asyncio.create_task(fails(log, "A"))
    b = asyncio.create_task(fails(log, "B"))
    log(f"gather {await outcome(asyncio.gather(b, a))}")
    log(f"A is {state(a)}, B is {state(b)}")


@program
async def gather_error_of_task_already_failed(log):
    b = asyncio.create_task(failer(log, "B", 1))
    a = asyncio.create_task(sleeper(log, "A", 5))
    await asyncio.sleep(2)
    log(f"gather {await outcome(asyncio.gather(a, b))} at {asyncio.get_running_loop().time():g}")
    log(f"A {await outcome(a)}")


@program
async def gather_member_cancelled(log):
    a = asyncio.create_task(sleeper(log, "A", 3))
    b = asyncio.create_task(sleeper(log, "B", 10))
    asyncio.get_running_loop().call_later(1, b.cancel)
    log(f"gather {await outcome(asyncio.gather(a, b))}")
    log(f"A is {state(a)}, B is {state(b)}")
    log(f"A {await outcome(a)}")


@program
async def gather_cancelled_cancels_coroutines(log):
    async def gatherer():
        result = await outcome(asyncio.gather(sleeper(log, "A", 10), sleeper(log, "B", 10)))
        log(f"gather {result}")

    task = asyncio.create_task(gatherer())
    await asyncio.sleep(1)
    task.cancel()
    await task


@program
async def gather_cancelled_with_tasks_handed_in(log):
    a = asyncio.create_task(sleeper(log, "A", 3))
    b = asyncio.create_task(sleeper(log, "B", 4))

    async def gatherer():
        log(f"gather {await outcome(asyncio.gather(a, b))}")

    task = asyncio.create_task(gatherer())
    await asyncio.sleep(1)
    task.cancel()
    await task
    log(f"A {await outcome(a)}")
    log(f"B {await outcome(b)}")


@program
async def gather_cancelled_while_members_clean_up(log):
    loop = asyncio.get_running_loop()

    async def gatherer():
        result = await outcome(asyncio.gather(cleaner(log, "A", 10, 1), cleaner(log, "B", 10, 2)))
        log(f"gather {result} at {loop.time():g}")

    task = asyncio.create_task(gatherer())
    await asyncio.sleep(1)
    task.cancel()
    await task
    await asyncio.sleep(5)


@program
async def gather_cancelled_but_members_swallow_it(log):
    async def gatherer():
        log(f"gather {await outcome(asyncio.gather(stubborn(log, 'A', 10), stubborn(log, 'B', 10)))}")

    task = asyncio.create_task(gatherer())
    await asyncio.sleep(1)
    task.cancel()
    await task


@program
async def gather_return_exceptions_cancelled(log):
    async def gatherer():
        coros = [sleeper(log, "A", 10), sleeper(log, "B", 1), sleeper(log, "C", 10)]
        log(f"gather {await outcome(asyncio.gather(*coros, return_exceptions=True))}")

    task = asyncio.create_task(gatherer())
    await asyncio.sleep(2)
    task.cancel()
    await task


@program
async def gather_nested_error(log):
    async def inner():
        await asyncio.gather(asyncio.create_task(failer(log, "A", 1)), asyncio.create_task(sleeper(log, "B", 2)))

    outer = asyncio.create_task(inner())
    c = asyncio.create_task(sleeper(log, "C", 3))
    log(f"gather {await outcome(asyncio.gather(outer, c))}")
    log(f"C {await outcome(c)}")


@program
async def gather_cancelled_and_a_member_fails_on_its_way_out(log):
    async def waiter():
        log(f"gather {await outcome(asyncio.gather(sore(log, 'A'), sleeper(log, 'B', 9)))}")

    task = asyncio.create_task(waiter())
    await asyncio.sleep(1)
    task.cancel()
    await outcome(task)


@program
async def gather_cancelled_by_a_member_that_then_fails(log):
    async def member():
        await asyncio.sleep(1)
        log(f"cancel: {show(task.cancel())}")
        raise Boom("member")

    async def waiter():
        log(f"gather {await outcome(asyncio.gather(member()))}")

    task = asyncio.create_task(waiter())
    await outcome(task)
