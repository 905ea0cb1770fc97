"""wait with each of its three conditions."""

import asyncio

from harness import count_turns, failer, outcome, program, show, sleeper, state, yielder


def tasks_of(coros):
    return [asyncio.create_task(coro, name=name) for name, coro in coros.items()]


def names(tasks):
    return show(sorted(t.get_name() for t in tasks))


async def wait(log, tasks, **kwargs):
    """Waits and logs what wait returned and when."""
    done, pending = await asyncio.wait(tasks, **kwargs)
    now = asyncio.get_running_loop().time()
    log(f"wait -> done {names(done)} pending {names(pending)} at {now:g}")


@program
async def wait_all_completed(log):
    tasks = tasks_of({"A": sleeper(log, "A", 3), "B": failer(log, "B", 1), "C": sleeper(log, "C", 2)})
    await wait(log, tasks)
    for task in tasks:
        log(f"{task.get_name()} is {state(task)}")


@program
async def wait_first_completed(log):
    tasks = tasks_of({"A": sleeper(log, "A", 3), "B": sleeper(log, "B", 1), "C": sleeper(log, "C", 2)})
    await wait(log, tasks, return_when=asyncio.FIRST_COMPLETED)
    await wait(log, tasks)


@program
async def wait_first_completed_two_in_one_turn(log):
    tasks = tasks_of({"A": sleeper(log, "A", 1), "B": sleeper(log, "B", 1), "C": sleeper(log, "C", 2)})
    await wait(log, tasks, return_when=asyncio.FIRST_COMPLETED)
    await wait(log, tasks)


@program
async def wait_first_completed_takes_an_error(log):
    tasks = tasks_of({"A": failer(log, "A", 1), "B": sleeper(log, "B", 2)})
    await wait(log, tasks, return_when=asyncio.FIRST_COMPLETED)
    log(f"A is {state(tasks[0])}, B is {state(tasks[1])}")
    await wait(log, tasks)


@program
async def wait_first_exception(log):
    tasks = tasks_of({"A": sleeper(log, "A", 1), "B": failer(log, "B", 2), "C": sleeper(log, "C", 3)})
    await wait(log, tasks, return_when=asyncio.FIRST_EXCEPTION)
    log(f"B is {state(tasks[1])}, C is {state(tasks[2])}")
    await wait(log, tasks)
    log(f"C is {state(tasks[2])}")


@program
async def wait_first_exception_without_one(log):
    tasks = tasks_of({"A": sleeper(log, "A", 1), "B": sleeper(log, "B", 2)})
    await wait(log, tasks, return_when=asyncio.FIRST_EXCEPTION)


@program
async def wait_first_exception_ignores_a_cancel(log):
    tasks = tasks_of({"A": sleeper(log, "A", 10), "B": sleeper(log, "B", 2), "C": failer(log, "C", 3)})
    asyncio.get_running_loop().call_later(1, tasks[0].cancel)
    await wait(log, tasks, return_when=asyncio.FIRST_EXCEPTION)
    log(f"A is {state(tasks[0])}, C is {state(tasks[2])}")


@program
async def wait_first_completed_takes_a_cancel(log):
    tasks = tasks_of({"A": sleeper(log, "A", 10), "B": sleeper(log, "B", 2)})
    asyncio.get_running_loop().call_later(1, tasks[0].cancel)
    await wait(log, tasks, return_when=asyncio.FIRST_COMPLETED)
    log(f"A is {state(tasks[0])}")
    await wait(log, tasks)


@program
async def wait_with_timeout(log):
    tasks = tasks_of({"A": sleeper(log, "A", 1), "B": sleeper(log, "B", 3)})
    await wait(log, tasks, timeout=2)
    log(f"B is {state(tasks[1])}")
    await wait(log, tasks, timeout=2)


@program
async def wait_cancelled_leaves_the_tasks(log):
    tasks = tasks_of({"A": sleeper(log, "A", 2), "B": sleeper(log, "B", 3)})

    async def waiter():
        log(f"waiter: {await outcome(asyncio.wait(tasks))}")

    task = asyncio.create_task(waiter())
    await asyncio.sleep(1)
    task.cancel()
    await task
    await wait(log, tasks)


@program
async def wait_for_done_tasks(log):
    tasks = tasks_of({"A": yielder(log, "A", 0), "B": yielder(log, "B", 0)})
    await asyncio.sleep(0)
    turns = count_turns(log, 4)
    await wait(log, tasks)
    await asyncio.sleep(0)
    await turns


@program
async def wait_turns(log):
    tasks = tasks_of({"A": yielder(log, "A", 0), "B": yielder(log, "B", 1)})
    turns = count_turns(log, 5)
    await wait(log, tasks)
    await turns
