"""Lock: order, hand-over, cancellation."""

import asyncio

from harness import acquire, clock, count_turns, outcome, program, refused, show, tell


@program
async def lock_is_fair(log):
    lock = asyncio.Lock()

    async def worker(name):
        log(f"{name} asks")
        await lock.acquire()
        log(f"{name} has it {clock()}")
        await asyncio.sleep(1)
        lock.release()
        log(f"{name} released")

    await asyncio.gather(*[asyncio.create_task(worker(name)) for name in "ABCD"])


@program
async def lock_newcomer_waits_behind_a_woken_waiter(log):
    lock = asyncio.Lock()
    await lock.acquire()
    a = tell(log, "A", acquire(lock))
    await asyncio.sleep(0)
    lock.release()
    b = tell(log, "B", acquire(lock))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    log(f"B is done: {show(b.done())}")
    lock.release()
    await a
    await b


@program
async def lock_released_and_asked_for_again_in_one_turn(log):
    lock = asyncio.Lock()
    await lock.acquire()

    async def other():
        await lock.acquire()
        log("other has it")
        lock.release()

    task = asyncio.create_task(other())
    await asyncio.sleep(0)
    lock.release()
    await lock.acquire()
    log("main has it again")
    lock.release()
    await task


@program
async def lock_free_costs_nothing(log):
    lock = asyncio.Lock()
    turns = count_turns(log, 2)
    for n in range(3):
        await lock.acquire()
        log(f"acquired, locked {show(lock.locked())}")
        lock.release()
        log(f"released, locked {show(lock.locked())}")
    await turns


@program
async def lock_hand_over_turns(log):
    lock = asyncio.Lock()
    await lock.acquire()
    task = tell(log, "A", acquire(lock))
    await asyncio.sleep(0)
    turns = count_turns(log, 3)
    lock.release()
    await task
    await turns


@program
async def lock_is_not_reentrant(log):
    lock = asyncio.Lock()
    await lock.acquire()
    result = await outcome(asyncio.wait_for(acquire(lock), 2))
    log(f"second acquire {result} {clock()}, locked {show(lock.locked())}")


@program
async def lock_released_by_another_task(log):
    lock = asyncio.Lock()
    await tell(log, "A", acquire(lock))
    lock.release()
    log(f"locked {show(lock.locked())}")


@program
async def lock_release_of_a_free_lock(log):
    lock = asyncio.Lock()
    refused(log, "release", lock.release)
    await lock.acquire()
    lock.release()
    refused(log, "second release", lock.release)
    log(f"locked {show(lock.locked())}")


@program
async def lock_cancel_a_waiter(log):
    lock = asyncio.Lock()
    await lock.acquire()
    tasks = [tell(log, name, acquire(lock)) for name in "ABC"]
    await asyncio.sleep(1)
    tasks[1].cancel()
    await tasks[1]
    lock.release()
    await tasks[0]
    lock.release()
    await tasks[2]
    log(f"locked {show(lock.locked())}")


@program
async def lock_cancel_then_release_in_one_turn(log):
    lock = asyncio.Lock()
    await lock.acquire()
    a, b = tell(log, "A", acquire(lock)), tell(log, "B", acquire(lock))
    await asyncio.sleep(1)
    a.cancel()
    lock.release()
    await a
    await b


@program
async def lock_release_then_cancel_in_one_turn(log):
    lock = asyncio.Lock()
    await lock.acquire()
    a, b = tell(log, "A", acquire(lock)), tell(log, "B", acquire(lock))
    await asyncio.sleep(1)
    lock.release()
    a.cancel()
    await a
    log(f"B is done: {show(b.done())}")
    if not b.done():
        lock.release()
    await b


@program
async def lock_cancel_the_only_waiter(log):
    lock = asyncio.Lock()
    await lock.acquire()
    a = tell(log, "A", acquire(lock))
    await asyncio.sleep(1)
    a.cancel()
    lock.release()
    await a
    log(f"locked {show(lock.locked())}")


@program
async def lock_waiter_in_timeout(log):
    lock = asyncio.Lock()
    await lock.acquire()
    a = tell(log, "A", asyncio.wait_for(acquire(lock), 2))
    b = tell(log, "B", acquire(lock))
    await a
    log(f"A left {clock()}")
    lock.release()
    await b
