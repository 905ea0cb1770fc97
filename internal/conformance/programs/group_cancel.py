"""Task groups that are cancelled, and children that are."""

import asyncio

from harness import clock, failer, group, outcome, program, sleeper, sore, state, stubborn, TaskGroup


@program
async def group_child_cancelled_by_hand(log):
    async with TaskGroup() as tg:
        a = tg.create_task(sleeper(log, "A", 9))
        tg.create_task(sleeper(log, "B", 2))
        await asyncio.sleep(1)
        a.cancel()
    log(f"group ended {clock()}, A is {state(a)}")


@program
async def group_child_raises_cancelled_unasked(log):
    async def pretender():
        log("pretender")
        raise asyncio.CancelledError

    async def body(tg):
        tg.create_task(pretender())
        tg.create_task(sleeper(log, "B", 2))

    log(f"group {await outcome(group(body))} {clock()}")


@program
async def group_cancelled_from_outside_in_its_body(log):
    async def body(tg):
        tg.create_task(sleeper(log, "A", 9))
        await sleeper(log, "body", 9)

    task = asyncio.create_task(group(body))
    await asyncio.sleep(1)
    task.cancel()
    log(f"main: {await outcome(task)}")
    log(f"task is {state(task)}")


@program
async def group_cancelled_from_outside_at_its_exit(log):
    async def body(tg):
        tg.create_task(sleeper(log, "A", 9))
        tg.create_task(sleeper(log, "B", 9))
        log("body ends")

    task = asyncio.create_task(group(body))
    await asyncio.sleep(1)
    task.cancel()
    log(f"main: {await outcome(task)}")
    log(f"task is {state(task)}")


@program
async def group_cancelled_from_outside_with_an_error(log):
    async def owner():
        async def body(tg):
            tg.create_task(sore(log, "child"))

        log(f"group {await outcome(group(body))}")
        log(f"next await {await outcome(asyncio.sleep(1))}")

    task = asyncio.create_task(owner())
    await asyncio.sleep(1)
    task.cancel()
    log(f"main: {await outcome(task)}")


@program
async def group_nested_inner_is_cancelled_by_outer(log):
    async def inner(tg):
        tg.create_task(sleeper(log, "A1", 9))
        tg.create_task(sleeper(log, "A2", 9))

    async def body(tg):
        tg.create_task(group(inner))
        tg.create_task(failer(log, "B", 1))

    log(f"group {await outcome(group(body))} {clock()}")


@program
async def group_under_a_timeout(log):
    async def body(tg):
        tg.create_task(sleeper(log, "A", 9))
        tg.create_task(sleeper(log, "B", 1))

    async def limited():
        async with asyncio.timeout(2):
            await group(body)

    log(f"block {await outcome(limited())} {clock()}")


@program
async def group_cancelled_from_outside_and_its_child_swallows_it(log):
    async def body(tg):
        tg.create_task(stubborn(log, "A", 9))

    async def owner():
        log(f"group {await outcome(group(body))}")

    task = asyncio.create_task(owner())
    await asyncio.sleep(1)
    task.cancel()
    await outcome(task)


@program
async def group_child_ended_by_a_timeout_around_the_group(log):
    tasks = []

    async def body(tg):
        tasks.append(tg.create_task(sleeper(log, "A", 9)))

    log(f"block {await outcome(asyncio.wait_for(group(body), 2))}")
    log(f"A {await outcome(tasks[0])}")
