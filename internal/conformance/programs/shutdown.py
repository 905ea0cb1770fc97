"""What becomes of the tasks that are left when main returns or fails."""

import asyncio

from harness import Boom, cleaner, failer, fails, program, sleeper, sore, state, stubborn, TaskGroup, yielder


@program
async def shutdown_cancels_what_is_left_in_order(log):
    for name in "ABC":
        asyncio.create_task(sleeper(log, name, 9))
    await asyncio.sleep(1)
    log("main returns")


@program
async def shutdown_waits_for_cleanup(log):
    for name, cleanup in (("A", 2), ("B", 1)):
        asyncio.create_task(cleaner(log, name, 9, cleanup))
    await asyncio.sleep(1)
    log("main returns")


@program
async def shutdown_leaves_the_finished_alone(log):
    a = asyncio.create_task(yielder(log, "A", 1))
    b = asyncio.create_task(sleeper(log, "B", 9))
    b.add_done_callback(lambda t: log(f"A is {state(a)}, B is {state(b)}"))
    await asyncio.sleep(1)
    log("main returns")


@program
async def shutdown_of_tasks_that_have_not_started(log):
    for name in "AB":
        asyncio.create_task(sleeper(log, name, 9))
    log("main returns")


@program
async def shutdown_of_tasks_about_to_run(log):
    asyncio.create_task(yielder(log, "A", 2))
    await asyncio.sleep(0)
    log("main returns")


@program
async def shutdown_swallowed_cancel(log):
    asyncio.create_task(stubborn(log, "A", 9))
    asyncio.create_task(sleeper(log, "B", 9))
    await asyncio.sleep(1)
    log("main returns")


@program
async def shutdown_of_a_waiter_and_the_task_it_awaits(log):
    a = asyncio.create_task(sleeper(log, "A", 9))

    async def waiter():
        try:
            await a
        except asyncio.CancelledError:
            log("waiter cancelled")
            raise

    asyncio.create_task(waiter())
    await asyncio.sleep(1)
    log("main returns")


@program
async def shutdown_task_born_during_cleanup(log):
    async def parent():
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            log("parent makes a child")
            asyncio.create_task(sleeper(log, "child", 9))
            await asyncio.sleep(1)
            log("parent leaves")
            raise

    asyncio.create_task(parent())
    await asyncio.sleep(1)
    log("main returns")


@program
async def shutdown_of_a_group(log):
    async def owner():
        try:
            async with asyncio.TaskGroup() as tg:
                tg.create_task(sleeper(log, "child", 9))
        except asyncio.CancelledError:
            log("owner cancelled")
            raise

    asyncio.create_task(owner())
    await asyncio.sleep(1)
    log("main returns")


@program
async def shutdown_error_during_cleanup(log):
    asyncio.create_task(sore(log, "A"))
    await asyncio.sleep(1)
    log("main returns")


@program
async def main_fails(log):
    asyncio.create_task(sleeper(log, "A", 9))
    await asyncio.sleep(1)
    log("main fails")
    raise Boom("main")


@program
async def main_fails_by_awaiting(log):
    a = asyncio.create_task(sleeper(log, "A", 9))
    await failer(log, "main", 1)
    await a


@program
async def main_is_cancelled(log):
    main = asyncio.current_task()
    asyncio.create_task(sleeper(log, "A", 9))
    asyncio.get_running_loop().call_later(1, main.cancel)
    await sleeper(log, "main", 9)
