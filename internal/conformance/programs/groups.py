"""Task groups: how long they live, and nesting."""

import asyncio

from harness import clock, count_turns, failer, group, outcome, program, sleeper, TaskGroup, yielder


@program
async def group_ok(log):
    async with TaskGroup() as tg:
        a = tg.create_task(sleeper(log, "A", 2))
        b = tg.create_task(sleeper(log, "B", 1))
        log("body ends")
    log(f"group ended {clock()}: {a.result()} {b.result()}")


@program
async def group_empty_costs_nothing(log):
    turns = count_turns(log, 2)
    async with TaskGroup():
        log("body")
    log("group ended")
    await asyncio.sleep(0)
    await turns


@program
async def group_turns(log):
    turns = count_turns(log, 4)
    async with TaskGroup() as tg:
        tg.create_task(yielder(log, "A", 0))
        tg.create_task(yielder(log, "B", 0))
    log("group ended")
    await turns


@program
async def group_body_and_children_interleave(log):
    async with TaskGroup() as tg:
        tg.create_task(yielder(log, "A", 3))
        await yielder(log, "body", 2)
        tg.create_task(yielder(log, "B", 1))
        await asyncio.sleep(0)
        log("body ends")
    log("group ended")


@program
async def group_children_added_during_exit(log):
    async def parent(tg):
        log("parent start")
        await asyncio.sleep(1)
        tg.create_task(sleeper(log, "grandchild", 2))
        log("parent end")

    async with TaskGroup() as tg:
        tg.create_task(parent(tg))
        log("body ends")
    log(f"group ended {clock()}")


@program
async def group_chain_of_children(log):
    async def link(tg, n):
        log(f"link {n}")
        if n < 3:
            tg.create_task(link(tg, n + 1))

    async with TaskGroup() as tg:
        tg.create_task(link(tg, 1))
    log("group ended")


@program
async def group_nested_ok(log):
    async def inner(tg):
        tg.create_task(sleeper(log, "A1", 1))
        tg.create_task(sleeper(log, "A2", 2))

    async with TaskGroup() as tg:
        tg.create_task(group(inner))
        tg.create_task(sleeper(log, "B", 3))
    log(f"group ended {clock()}")


@program
async def group_nested_in_the_body(log):
    async def inner(tg):
        tg.create_task(failer(log, "inner child", 1))

    async def body(tg):
        tg.create_task(sleeper(log, "A", 2))
        log(f"inner group {await outcome(group(inner))} {clock()}")
        await sleeper(log, "body", 2)

    log(f"outer group {await outcome(group(body))} {clock()}")


@program
async def group_refuses_a_child_after_its_end(log):
    async with TaskGroup() as tg:
        tg.create_task(yielder(log, "A", 0))
    try:
        tg.create_task(yielder(log, "B", 0))
        log("accepted")
    except RuntimeError:
        log("refused")
