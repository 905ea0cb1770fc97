"""Task groups in which something fails."""

import asyncio

from harness import (
    Boom,
    cleaner,
    clock,
    describe,
    failer,
    fails,
    group,
    outcome,
    program,
    sleeper,
    sore,
    state,
    TaskGroup,
)


@program
async def group_child_fails_while_the_body_waits(log):
    async def body(tg):
        tg.create_task(sleeper(log, "A", 9))
        tg.create_task(failer(log, "B", 1))
        await sleeper(log, "body", 9)

    log(f"group {await outcome(group(body))} {clock()}")
    await asyncio.sleep(1)
    log(f"main goes on {clock()}")


@program
async def group_child_fails_after_the_body(log):
    async def body(tg):
        tg.create_task(sleeper(log, "A", 9))
        tg.create_task(failer(log, "B", 1))
        tg.create_task(sleeper(log, "C", 9))
        log("body ends")

    log(f"group {await outcome(group(body))} {clock()}")


@program
async def group_waits_for_cleanup_of_siblings(log):
    async def body(tg):
        tg.create_task(cleaner(log, "A", 9, 2))
        tg.create_task(failer(log, "B", 1))

    log(f"group {await outcome(group(body))} {clock()}")


@program
async def group_finished_children_stay_finished(log):
    tasks = []

    async def body(tg):
        tasks.append(tg.create_task(sleeper(log, "A", 1)))
        tasks.append(tg.create_task(failer(log, "B", 2)))
        tasks.append(tg.create_task(sleeper(log, "C", 9)))

    log(f"group {await outcome(group(body))}")
    for name, task in zip("ABC", tasks):
        log(f"{name} is {state(task)}")


@program
async def group_body_fails(log):
    async def body(tg):
        tg.create_task(sleeper(log, "A", 9))
        tg.create_task(sleeper(log, "B", 9))
        await asyncio.sleep(1)
        log("body fails")
        raise Boom("body")

    log(f"group {await outcome(group(body))} {clock()}")


@program
async def group_body_fails_before_the_children_start(log):
    async def body(tg):
        tg.create_task(sleeper(log, "A", 9))
        tg.create_task(sleeper(log, "B", 9))
        raise Boom("body")

    log(f"group {await outcome(group(body))}")


@program
async def group_child_fails_before_its_sibling_starts(log):
    async def body(tg):
        tg.create_task(fails(log, "A"))
        b = tg.create_task(sleeper(log, "B", 9))
        b.add_done_callback(lambda t: log(f"B is {state(t)}"))

    log(f"group {await outcome(group(body))}")


@program
async def group_two_errors(log):
    async def body(tg):
        tg.create_task(sore(log, "A"))
        tg.create_task(failer(log, "B", 1))
        tg.create_task(sore(log, "C"))

    log(f"group {await outcome(group(body))}")


@program
async def group_two_errors_in_one_turn(log):
    async def body(tg):
        tg.create_task(fails(log, "A"))
        tg.create_task(fails(log, "B"))

    log(f"group {await outcome(group(body))}")


@program
async def group_two_errors_of_started_children_in_one_turn(log):
    async def body(tg):
        tg.create_task(failer(log, "A", 0))
        tg.create_task(failer(log, "B", 0))

    log(f"group {await outcome(group(body))}")


@program
async def group_body_error_and_child_error(log):
    async def body(tg):
        tg.create_task(sore(log, "child"))
        await asyncio.sleep(1)
        raise Boom("body")

    log(f"group {await outcome(group(body))}")


@program
async def group_child_error_and_body_error(log):
    async def body(tg):
        tg.create_task(failer(log, "child", 1))
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            raise Boom("body")

    log(f"group {await outcome(group(body))}")


@program
async def group_body_swallows_the_cancel_of_a_failed_child(log):
    async def body(tg):
        tg.create_task(failer(log, "A", 1))
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            log("body swallows it")
        log("body ends")

    log(f"group {await outcome(group(body))} {clock()}")


@program
async def group_child_added_during_exit_fails(log):
    async def parent(tg):
        await asyncio.sleep(1)
        tg.create_task(failer(log, "grandchild", 1))
        await sleeper(log, "parent", 9)

    async def body(tg):
        tg.create_task(parent(tg))

    log(f"group {await outcome(group(body))} {clock()}")


@program
async def group_nested_error_goes_up(log):
    async def inner(tg):
        tg.create_task(sleeper(log, "A1", 9))
        tg.create_task(failer(log, "A2", 1))

    async def body(tg):
        tg.create_task(group(inner))
        tg.create_task(sleeper(log, "B", 9))

    log(f"group {await outcome(group(body))} {clock()}")


@program
async def group_child_created_while_it_aborts(log):
    async def last_wish(tg):
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            log("asks for one more child")
            coro = sleeper(log, "wish", 1)
            try:
                tg.create_task(coro)
            except RuntimeError:
                log("refused")
            raise

    async def body(tg):
        tg.create_task(last_wish(tg))
        tg.create_task(failer(log, "B", 1))

    log(f"group {await outcome(group(body))} {clock()}")


@program
async def group_error_is_caught_and_life_goes_on(log):
    for name in "AB":
        try:
            async with TaskGroup() as tg:
                tg.create_task(failer(log, name, 1))
        except ExceptionGroup as exc:
            log(f"caught {describe(exc)} {clock()}")
    log(await sleeper(log, "C", 1))
