"""The ready queue: what runs in which turn, and in which order."""

import asyncio

from harness import count_turns, program, state, yielder


@program
async def call_soon_fifo(log):
    loop = asyncio.get_running_loop()
    for name in "abc":
        loop.call_soon(log, f"callback {name}")
    log("main goes on")
    await asyncio.sleep(0)
    log("main again")


@program
async def call_soon_from_callback(log):
    loop = asyncio.get_running_loop()

    def first():
        log("first")
        loop.call_soon(log, "made by first")

    loop.call_soon(first)
    loop.call_soon(log, "second")
    await asyncio.sleep(0)
    log("main again")
    await asyncio.sleep(0)
    log("main once more")


@program
async def turn_takes_only_what_was_ready(log):
    # A timer that is due joins the queue between turns. It comes before "third" only if the turn of
    # "second" ended before what "second" scheduled.
    loop = asyncio.get_running_loop()

    def first():
        log("first")
        loop.call_later(0, log, "timer")
        loop.call_soon(second)

    def second():
        log("second")
        loop.call_soon(log, "third")

    loop.call_soon(first)
    for _ in range(4):
        await asyncio.sleep(0)


@program
async def call_soon_cancel(log):
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: (log("a cancels c"), c.cancel()))
    b = loop.call_soon(log, "b")
    c = loop.call_soon(log, "c")
    loop.call_soon(log, "d")
    b.cancel()
    await asyncio.sleep(0)
    log("main again")


@program
async def create_task_order(log):
    tasks = []
    for name in "ABC":
        tasks.append(asyncio.create_task(yielder(log, name, 1)))
        log(f"created {name}")
    log("main waits")
    for task in tasks:
        await task
    log("main again")


@program
async def tasks_and_callbacks_share_the_queue(log):
    loop = asyncio.get_running_loop()
    loop.call_soon(log, "callback 1")
    a = asyncio.create_task(yielder(log, "A", 1))
    loop.call_soon(log, "callback 2")
    b = asyncio.create_task(yielder(log, "B", 0))
    loop.call_soon(log, "callback 3")
    await a
    await b
    log("main again")


@program
async def task_made_by_a_task_waits_its_turn(log):
    made = []

    async def parent(name):
        log(f"{name} start")
        made.append(asyncio.create_task(yielder(log, f"{name}1", 0)))
        log(f"{name} end")

    a = asyncio.create_task(parent("A"))
    b = asyncio.create_task(parent("B"))
    await a
    await b
    log("main has A and B")
    for task in made:
        await task
    log("main has all")


@program
async def set_result_never_runs_inline(log):
    fut = asyncio.get_running_loop().create_future()

    async def waiter():
        log("waiter start")
        log(f"waiter got {await fut}")

    fut.add_done_callback(lambda f: log("callback"))
    task = asyncio.create_task(waiter())
    await asyncio.sleep(0)
    log("setting")
    fut.set_result(7)
    log("set")
    await task
    log("main again")


@program
async def done_callbacks_order(log):
    fut = asyncio.get_running_loop().create_future()
    for n in (1, 2, 3):
        fut.add_done_callback(lambda f, n=n: log(f"callback {n} sees {state(f)}"))
    fut.set_result("x")
    asyncio.get_running_loop().call_soon(log, "scheduled after set_result")
    log("set")
    await asyncio.sleep(0)
    log("main again")


@program
async def done_callback_of_done_future(log):
    fut = asyncio.get_running_loop().create_future()
    fut.set_result("x")
    asyncio.get_running_loop().call_soon(log, "scheduled before")
    fut.add_done_callback(lambda f: log("callback"))
    log("added")
    await asyncio.sleep(0)
    log("main again")


@program
async def done_callback_added_by_done_callback(log):
    fut = asyncio.get_running_loop().create_future()

    def first(f):
        log("first")
        f.add_done_callback(lambda f: log("added by first"))

    fut.add_done_callback(first)
    fut.add_done_callback(lambda f: log("second"))
    fut.set_result("x")
    await asyncio.sleep(0)
    log("main again")
    await asyncio.sleep(0)
    log("main once more")


@program
async def callbacks_and_waiters_in_order_of_registration(log):
    fut = asyncio.get_running_loop().create_future()

    async def waiter(name):
        await fut
        log(f"waiter {name}")

    fut.add_done_callback(lambda f: log("callback 1"))
    a = asyncio.create_task(waiter("A"))
    await asyncio.sleep(0)
    fut.add_done_callback(lambda f: log("callback 2"))
    b = asyncio.create_task(waiter("B"))
    await asyncio.sleep(0)
    fut.add_done_callback(lambda f: log("callback 3"))
    fut.set_result("x")
    await a
    await b
    log("main again")


@program
async def waiters_of_a_task_wake_in_order(log):
    slow = asyncio.create_task(yielder(log, "slow", 3))

    async def waiter(name):
        log(f"{name} waits")
        log(f"{name} got {await slow}")

    waiters = [asyncio.create_task(waiter(name)) for name in "ABC"]
    for task in waiters:
        await task


@program
async def task_done_callback_runs_a_turn_later(log):
    task = asyncio.create_task(yielder(log, "A", 1))
    task.add_done_callback(lambda t: log(f"callback sees {state(t)}"))
    turns = count_turns(log, 4)
    await task
    log("main again")
    await asyncio.sleep(0)
    await turns


@program
async def current_task_is_the_running_one(log):
    async def inner():
        log(f"inner in {asyncio.current_task().get_name()}")
        await asyncio.sleep(0)
        log(f"inner still in {asyncio.current_task().get_name()}")

    async def outer():
        log(f"outer in {asyncio.current_task().get_name()}")
        await inner()
        log(f"outer still in {asyncio.current_task().get_name()}")

    a = asyncio.create_task(outer(), name="A")
    b = asyncio.create_task(outer(), name="B")
    await a
    await b


@program
async def all_tasks_lists_the_unfinished(log):
    def names():
        return " ".join(sorted(t.get_name() for t in asyncio.all_tasks() if t.get_name() in "ABC"))

    log(f"before: {names() or 'none'}")
    tasks = [asyncio.create_task(yielder(log, n, i), name=n) for i, n in enumerate("ABC")]
    log(f"created: {names()}")
    await asyncio.sleep(0)
    log(f"started: {names()}")
    await asyncio.sleep(0)
    log(f"a turn later: {names()}")
    for task in tasks:
        await task
    log(f"at the end: {names() or 'none'}")
