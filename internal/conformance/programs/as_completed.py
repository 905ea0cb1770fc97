"""as_completed: the order in which things end, time-outs, leaving early."""

import asyncio

from harness import clock, failer, outcome, program, show, sleeper, state, tell


def tasks_of(*coros):
    return [asyncio.create_task(coro) for coro in coros]


async def results(log, aws, timeout=None):
    """Logs what comes of each, and when."""
    for coming in asyncio.as_completed(aws, timeout=timeout):
        result = await outcome(coming)
        log(f"{result} {clock()}")


@program
async def as_completed_in_the_order_of_their_ends(log):
    await results(log, tasks_of(sleeper(log, "A", 3), sleeper(log, "B", 1), sleeper(log, "C", 2)))


@program
async def as_completed_positions(log):
    tasks = tasks_of(sleeper(log, "A", 3), sleeper(log, "B", 1), sleeper(log, "C", 2))
    async for task in asyncio.as_completed(tasks):
        log(f"{tasks.index(task)} is {state(task)} {clock()}")


@program
async def as_completed_with_errors(log):
    await results(log, tasks_of(failer(log, "A", 3), sleeper(log, "B", 2), failer(log, "C", 1)))


@program
async def as_completed_with_a_cancelled_one(log):
    tasks = tasks_of(sleeper(log, "A", 9), sleeper(log, "B", 2))
    asyncio.get_running_loop().call_later(1, tasks[0].cancel)
    await results(log, tasks)


@program
async def as_completed_of_a_coroutine(log):
    await results(log, [sleeper(log, "A", 1)])


@program
async def as_completed_of_nothing(log):
    await results(log, [])
    log(f"over {clock()}")


@program
async def as_completed_of_one_that_is_done(log):
    tasks = tasks_of(sleeper(log, "A", 0))
    await asyncio.sleep(1)
    await results(log, tasks)


@program
async def as_completed_two_in_one_turn(log):
    await results(log, tasks_of(sleeper(log, "A", 1), sleeper(log, "B", 1), sleeper(log, "C", 1)))


@program
async def as_completed_while_the_body_awaits(log):
    tasks = tasks_of(sleeper(log, "A", 3), sleeper(log, "B", 1), sleeper(log, "C", 2))
    async for task in asyncio.as_completed(tasks):
        log(f"{tasks.index(task)} {clock()}")
        await asyncio.sleep(5)


@program
async def as_completed_with_futures(log):
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in range(3)]
    loop.call_later(2, futures[0].set_result, "A")
    loop.call_later(1, futures[2].set_result, "C")
    loop.call_later(3, futures[1].set_result, "B")
    await results(log, futures)


@program
async def as_completed_in_timeout(log):
    tasks = tasks_of(sleeper(log, "A", 1), sleeper(log, "B", 8), sleeper(log, "C", 9))
    await results(log, tasks, timeout=2)
    log(f"B is {state(tasks[1])}")
    await asyncio.gather(*tasks)


@program
async def as_completed_left_early_with_tasks(log):
    tasks = tasks_of(sleeper(log, "A", 1), sleeper(log, "B", 2))
    for coming in asyncio.as_completed(tasks):
        log(f"{await outcome(coming)}")
        break
    log(f"left {clock()}, B is {state(tasks[1])}")
    log(f"B {await outcome(tasks[1])} {clock()}")


@program
async def as_completed_left_early_with_a_coroutine(log):
    task = asyncio.create_task(sleeper(log, "A", 1))
    for coming in asyncio.as_completed([task, sleeper(log, "B", 2)]):
        log(f"{await outcome(coming)}")
        break
    log(f"left {clock()}")
    await asyncio.sleep(5)


@program
async def as_completed_cancelled_leaves_tasks(log):
    tasks = tasks_of(sleeper(log, "A", 3), sleeper(log, "B", 4))

    async def first():
        async for task in asyncio.as_completed(tasks):
            return await task

    waiter = tell(log, "waiter", first())
    await asyncio.sleep(1)
    waiter.cancel()
    await waiter
    log(f"A is {state(tasks[0])}: {show(await asyncio.gather(*tasks))}")
