"""Condition: notifications, the lock, cancellation."""

import asyncio

from harness import acquire, clock, outcome, program, refused, show, tell


async def wait_on(condition):
    async with condition:
        await condition.wait()


async def notify(condition, n):
    async with condition:
        condition.notify(n)


@program
async def condition_notify_one_after_the_other(log):
    condition = asyncio.Condition()
    tasks = [tell(log, name, wait_on(condition)) for name in "ABC"]
    for n in range(3):
        await asyncio.sleep(1)
        log(f"notify {n}")
        await notify(condition, 1)
    await asyncio.gather(*tasks)


@program
async def condition_notify_several(log):
    condition = asyncio.Condition()
    tasks = [tell(log, name, wait_on(condition)) for name in "ABCDE"]
    for n in (0, 2, 1, 9):
        await asyncio.sleep(1)
        log(f"notify {n}")
        await notify(condition, n)
    await asyncio.gather(*tasks)


@program
async def condition_notify_all(log):
    condition = asyncio.Condition()
    tasks = [tell(log, name, wait_on(condition)) for name in "ABC"]
    await asyncio.sleep(1)
    async with condition:
        condition.notify_all()
        late = tell(log, "late", asyncio.wait_for(wait_on(condition), 5))
        await asyncio.sleep(1)
        log("main releases")
    await asyncio.gather(*tasks)
    await late
    log(f"locked {show(condition.locked())} {clock()}")


@program
async def condition_notification_is_not_kept(log):
    condition = asyncio.Condition()
    await notify(condition, 1)
    log(f"wait {await outcome(asyncio.wait_for(wait_on(condition), 2))} {clock()}")


@program
async def condition_goes_on_when_it_has_the_lock(log):
    condition = asyncio.Condition()

    async def waiter(name):
        async with condition:
            await condition.wait()
            log(f"{name} goes on {clock()}, locked {show(condition.locked())}")
            await asyncio.sleep(1)

    tasks = [asyncio.create_task(waiter(name)) for name in "AB"]
    await asyncio.sleep(1)
    async with condition:
        condition.notify(2)
        await asyncio.sleep(1)
        log(f"main releases {clock()}")
    await asyncio.gather(*tasks)


@program
async def condition_wait_for(log):
    condition = asyncio.Condition()
    n = 0

    def enough():
        log(f"asked at {n}")
        return n >= 2

    async def waiter():
        async with condition:
            await condition.wait_for(enough)
            log(f"waiter goes on with {n}")

    task = asyncio.create_task(waiter())
    for _ in range(3):
        await asyncio.sleep(1)
        async with condition:
            n += 1
            condition.notify_all()
    await task


@program
async def condition_wait_for_what_holds(log):
    condition = asyncio.Condition()
    async with condition:
        await condition.wait_for(lambda: True)
        log(f"locked {show(condition.locked())}")


@program
async def condition_cancel_a_waiter(log):
    condition = asyncio.Condition()

    async def waiter(name):
        async with condition:
            result = await outcome(condition.wait())
            log(f"{name} {result if result.startswith('raised') else 'ok'}, locked {show(condition.locked())}")

    tasks = [asyncio.create_task(waiter(name)) for name in "ABC"]
    await asyncio.sleep(1)
    tasks[0].cancel()
    await asyncio.sleep(1)
    await notify(condition, 9)
    await asyncio.gather(*tasks)
    log(f"locked {show(condition.locked())}")


@program
async def condition_cancelled_waiter_waits_for_the_lock(log):
    condition = asyncio.Condition()
    a = tell(log, "A", wait_on(condition))
    await asyncio.sleep(1)
    await condition.acquire()
    a.cancel()
    await asyncio.sleep(1)
    log(f"A is done: {show(a.done())}")
    a.cancel()
    await asyncio.sleep(1)
    log(f"A is done: {show(a.done())}")
    condition.release()
    await a
    log(f"locked {show(condition.locked())}")


@program
async def condition_cancel_then_notify_in_one_turn(log):
    condition = asyncio.Condition()
    a, b = tell(log, "A", wait_on(condition)), tell(log, "B", wait_on(condition))
    await asyncio.sleep(1)
    a.cancel()
    await notify(condition, 1)
    await a
    await b


@program
async def condition_notify_then_cancel_in_one_turn(log):
    condition = asyncio.Condition()
    a, b = tell(log, "A", wait_on(condition)), tell(log, "B", asyncio.wait_for(wait_on(condition), 5))
    await asyncio.sleep(1)
    await notify(condition, 1)
    a.cancel()
    await a
    await b
    log(f"all left {clock()}")


@program
async def condition_notified_then_cancelled_while_it_waits_for_the_lock(log):
    condition = asyncio.Condition()
    a = tell(log, "A", wait_on(condition))
    await asyncio.sleep(1)
    async with condition:
        condition.notify()
        await asyncio.sleep(1)
        a.cancel()
        await asyncio.sleep(1)
        log(f"A is done: {show(a.done())}")
    await a


@program
async def condition_wait_in_timeout(log):
    condition = asyncio.Condition()
    async with condition:
        try:
            async with asyncio.timeout(2):
                await condition.wait()
        except TimeoutError:
            log(f"timeout {clock()}")
        log(f"locked {show(condition.locked())}")


@program
async def condition_two_of_one_lock(log):
    lock = asyncio.Lock()
    first, second = asyncio.Condition(lock), asyncio.Condition(lock)
    a, b = tell(log, "A", wait_on(first)), tell(log, "B", wait_on(second))
    await asyncio.sleep(1)
    await notify(second, 9)
    await asyncio.sleep(1)
    await notify(first, 9)
    await a
    await b


@program
async def condition_without_the_lock(log):
    condition = asyncio.Condition()
    refused(log, "notify", condition.notify)
    refused(log, "notify_all", condition.notify_all)
    await acquire(condition)
    condition.notify_all()
    condition.release()
    refused(log, "notify", condition.notify)


@program
async def condition_cancelled_waiter_wakes_another(log):
    condition = asyncio.Condition()
    a, b = (tell(log, name, asyncio.wait_for(wait_on(condition), 5)) for name in "AB")
    await asyncio.sleep(1)
    a.cancel()
    await a
    await b
    log(clock())


@program
async def condition_cancelled_twice_while_it_waits_for_the_lock(log):
    condition = asyncio.Condition()
    a = tell(log, "A", wait_on(condition))
    await asyncio.sleep(1)
    async with condition:
        a.cancel()
        await asyncio.sleep(1)
        a.cancel()
        await asyncio.sleep(1)
        log(f"A is done: {show(a.done())}")
    await a
    log(f"locked {show(condition.locked())}")
