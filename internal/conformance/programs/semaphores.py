"""Semaphore: permits, order, cancellation. Ours is always a bounded one."""

import asyncio

from harness import acquire, clock, count_turns, program, refused, show, tell


@program
async def semaphore_lets_so_many_in(log):
    semaphore = asyncio.BoundedSemaphore(2)

    async def worker(name):
        async with semaphore:
            log(f"{name} in {clock()}")
            await asyncio.sleep(2)
        log(f"{name} out {clock()}")

    await asyncio.gather(*[asyncio.create_task(worker(name)) for name in "ABCDE"])


@program
async def semaphore_free_permit_costs_nothing(log):
    semaphore = asyncio.BoundedSemaphore(2)
    turns = count_turns(log, 2)
    for n in range(2):
        await semaphore.acquire()
        await semaphore.acquire()
        log(f"has both {n}")
        semaphore.release()
        semaphore.release()
    await turns


@program
async def semaphore_newcomer_waits_behind_a_woken_waiter(log):
    semaphore = asyncio.BoundedSemaphore(1)
    await semaphore.acquire()
    a = tell(log, "A", acquire(semaphore))
    await asyncio.sleep(0)
    semaphore.release()
    b = tell(log, "B", acquire(semaphore))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    log(f"B is done: {show(b.done())}")
    semaphore.release()
    await a
    await b


@program
async def semaphore_two_releases_in_one_turn(log):
    semaphore = asyncio.BoundedSemaphore(2)
    await semaphore.acquire()
    await semaphore.acquire()
    tasks = [tell(log, name, acquire(semaphore)) for name in "ABC"]
    await asyncio.sleep(1)
    semaphore.release()
    semaphore.release()
    await asyncio.sleep(1)
    log(f"C is done: {show(tasks[2].done())}")
    semaphore.release()
    await asyncio.gather(*tasks)


@program
async def semaphore_cancel_a_waiter(log):
    semaphore = asyncio.BoundedSemaphore(1)
    await semaphore.acquire()
    tasks = [tell(log, name, acquire(semaphore)) for name in "ABC"]
    await asyncio.sleep(1)
    tasks[0].cancel()
    semaphore.release()
    await tasks[1]
    semaphore.release()
    await asyncio.gather(*tasks)


@program
async def semaphore_release_then_cancel_in_one_turn(log):
    semaphore = asyncio.BoundedSemaphore(1)
    await semaphore.acquire()
    a, b = tell(log, "A", acquire(semaphore)), tell(log, "B", acquire(semaphore))
    await asyncio.sleep(1)
    semaphore.release()
    a.cancel()
    await a
    await asyncio.sleep(1)
    log(f"B is done: {show(b.done())}")
    if not b.done():
        semaphore.release()
    await b


@program
async def semaphore_waiter_in_timeout(log):
    semaphore = asyncio.BoundedSemaphore(1)
    await semaphore.acquire()
    await tell(log, "A", asyncio.wait_for(acquire(semaphore), 2))
    log(f"A left {clock()}")
    semaphore.release()
    await tell(log, "B", acquire(semaphore))


@program
async def semaphore_too_many_releases(log):
    semaphore = asyncio.BoundedSemaphore(1)
    refused(log, "release", semaphore.release)
    await semaphore.acquire()
    semaphore.release()
    refused(log, "second release", semaphore.release)
    await semaphore.acquire()
    log("one permit is still there")


@program
async def semaphore_of_less_than_none(log):
    refused(log, "-1", lambda: asyncio.Semaphore(-1))


@program
async def semaphore_free_permit_beside_a_woken_waiter(log):
    semaphore = asyncio.BoundedSemaphore(2)
    await semaphore.acquire()
    await semaphore.acquire()
    a = tell(log, "A", acquire(semaphore))
    await asyncio.sleep(1)
    semaphore.release()
    semaphore.release()
    await semaphore.acquire()
    log("main has the other one")
    await a
