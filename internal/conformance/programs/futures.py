"""Futures."""

import asyncio

from harness import Boom, outcome, program, show, state


def future():
    return asyncio.get_running_loop().create_future()


def refused(fn, *args):
    """Whether setting a future that is done already was refused."""
    try:
        fn(*args)
    except asyncio.InvalidStateError:
        return "refused"
    return "accepted"


@program
async def future_waiters_wake_in_order(log):
    fut = future()

    async def waiter(name):
        log(f"{name} waits")
        log(f"{name} {await outcome(fut)}")

    tasks = [asyncio.create_task(waiter(name)) for name in "ABC"]
    await asyncio.sleep(0)
    fut.set_result(1)
    log("set")
    for task in tasks:
        await task


@program
async def future_set_error_reaches_every_waiter(log):
    fut = future()

    async def waiter(name):
        log(f"{name} {await outcome(fut)}")

    tasks = [asyncio.create_task(waiter(name)) for name in "AB"]
    await asyncio.sleep(0)
    fut.set_exception(Boom("broken"))
    for task in tasks:
        await task
    log(f"again {await outcome(fut)}")
    log(f"future is {state(fut)}")


@program
async def future_set_twice(log):
    fut = future()
    log(f"first set {refused(fut.set_result, 1)}")
    log(f"second set {refused(fut.set_result, 2)}")
    log(f"error {refused(fut.set_exception, Boom('late'))}")
    log(f"await {await outcome(fut)}")


@program
async def future_set_error_then_result(log):
    fut = future()
    log(f"error {refused(fut.set_exception, Boom('first'))}")
    log(f"result {refused(fut.set_result, 1)}")
    log(f"await {await outcome(fut)}")


@program
async def future_cancel(log):
    fut = future()

    async def waiter(name):
        log(f"{name} {await outcome(fut)}")
        await asyncio.sleep(0)
        log(f"{name} goes on")

    tasks = [asyncio.create_task(waiter(name)) for name in "AB"]
    await asyncio.sleep(0)
    log(f"cancel: {show(fut.cancel())}")
    log(f"cancel: {show(fut.cancel())}")
    for task in tasks:
        await task
    log(f"future is {state(fut)}")


@program
async def future_set_after_cancel(log):
    fut = future()
    fut.cancel()
    log(f"result {refused(fut.set_result, 1)}")
    log(f"error {refused(fut.set_exception, Boom('late'))}")
    log(f"await {await outcome(fut)}")


@program
async def future_cancel_after_set(log):
    fut = future()
    fut.set_result(1)
    log(f"cancel: {show(fut.cancel())}")
    log(f"future is {state(fut)}")


@program
async def future_result_while_pending(log):
    fut = future()
    try:
        fut.result()
    except asyncio.InvalidStateError:
        log("result: not done")
    log(f"future is {state(fut)}")
    fut.set_result(3)
    log(f"result: {fut.result()}")


@program
async def future_callbacks_on_cancel(log):
    fut = future()
    fut.add_done_callback(lambda f: log(f"callback 1 sees {state(f)}"))
    fut.add_done_callback(lambda f: log(f"callback 2 sees {state(f)}"))
    fut.cancel()
    log("cancelled")
    await asyncio.sleep(0)


@program
async def future_of_a_cancelled_waiter(log):
    fut = future()

    async def waiter():
        log(f"waiter {await outcome(fut)}")

    task = asyncio.create_task(waiter())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    log(f"future is {state(fut)}")


@program
async def future_ping_pong(log):
    ping, pong = future(), future()

    async def player():
        log(f"player got {await ping}")
        pong.set_result("pong")
        log("player set pong")

    task = asyncio.create_task(player())
    await asyncio.sleep(0)
    ping.set_result("ping")
    log("main set ping")
    log(f"main got {await pong}")
    await task


@program
async def future_set_by_callback_chain(log):
    futs = [future() for _ in range(4)]

    async def waiter(n):
        log(f"waiter {n} got {await futs[n]}")
        if n + 1 < len(futs):
            futs[n + 1].set_result(n + 1)

    tasks = [asyncio.create_task(waiter(n)) for n in range(4)]
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(futs[0].set_result, 0)
    for task in tasks:
        await task
    log("main again")
