"""gather, with and without return_exceptions."""

import asyncio

from harness import count_turns, failer, program, show, sleeper, yielder


@program
async def gather_results_in_argument_order(log):
    results = await asyncio.gather(sleeper(log, "A", 3), sleeper(log, "B", 1), sleeper(log, "C", 2))
    log(f"gather -> {show(results)}")


@program
async def gather_nothing(log):
    turns = count_turns(log, 2)
    log(f"gather -> {show(await asyncio.gather())}")
    await asyncio.sleep(0)
    log("main again")
    await turns


@program
async def gather_coroutines_and_tasks(log):
    b = asyncio.create_task(yielder(log, "B", 2))
    results = await asyncio.gather(yielder(log, "A", 1), b, yielder(log, "C", 0))
    log(f"gather -> {show(results)}")


@program
async def gather_starts_nothing_inline(log):
    asyncio.get_running_loop().call_soon(log, "callback")
    results = await asyncio.gather(yielder(log, "A", 0), yielder(log, "B", 0))
    log(f"gather -> {show(results)}")


@program
async def gather_turns(log):
    turns = count_turns(log, 4)
    await asyncio.gather(yielder(log, "A", 0), yielder(log, "B", 0))
    log("main again")
    await turns


@program
async def gather_of_done_tasks(log):
    tasks = [asyncio.create_task(yielder(log, name, 0)) for name in "AB"]
    await asyncio.sleep(0)
    turns = count_turns(log, 4)
    log(f"gather -> {show(await asyncio.gather(*tasks))}")
    await asyncio.sleep(0)
    await turns


@program
async def gather_same_task_twice(log):
    task = asyncio.create_task(sleeper(log, "A", 1))
    log(f"gather -> {show(await asyncio.gather(task, task))}")


@program
async def gather_nested(log):
    async def pair(name, d):
        results = await asyncio.gather(sleeper(log, f"{name}1", d), sleeper(log, f"{name}2", d + 1))
        log(f"{name} -> {show(results)}")
        return results

    log(f"gather -> {show(await asyncio.gather(pair('A', 4), pair('B', 1)))}")


@program
async def gather_futures(log):
    loop = asyncio.get_running_loop()
    a, b = loop.create_future(), loop.create_future()
    loop.call_later(2, lambda: (log("sets a"), a.set_result("a")))
    loop.call_later(1, lambda: (log("sets b"), b.set_result("b")))
    log(f"gather -> {show(await asyncio.gather(a, b))} at {loop.time():g}")


@program
async def gather_return_exceptions(log):
    c = asyncio.create_task(sleeper(log, "C", 10))
    asyncio.get_running_loop().call_later(2, c.cancel)
    results = await asyncio.gather(
        sleeper(log, "A", 3), failer(log, "B", 1), c, return_exceptions=True
    )
    log(f"gather -> {show(results)}")


@program
async def gather_return_exceptions_all_fail(log):
    results = await asyncio.gather(failer(log, "A", 2), failer(log, "B", 1), return_exceptions=True)
    log(f"gather -> {show(results)}")
