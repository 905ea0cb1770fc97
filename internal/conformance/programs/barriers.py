"""Barrier: numbers, rounds, reset, abort, cancellation."""

import asyncio

from harness import clock, outcome, program, refused, show, tell


@program
async def barrier_lets_all_go(log):
    barrier = asyncio.Barrier(3)
    tasks = []
    for name in "ABC":
        tasks.append(tell(log, name, barrier.wait()))
        await asyncio.sleep(1)
        log(f"{barrier.n_waiting} of {barrier.parties} wait")
    await asyncio.gather(*tasks)


@program
async def barrier_last_one_does_not_wait(log):
    barrier = asyncio.Barrier(3)
    tasks = [tell(log, name, barrier.wait()) for name in "AB"]
    await asyncio.sleep(1)
    log(f"main {await outcome(barrier.wait())}")
    await asyncio.gather(*tasks)


@program
async def barrier_of_one(log):
    barrier = asyncio.Barrier(1)
    for _ in range(3):
        log(f"wait {await outcome(barrier.wait())}, {barrier.n_waiting} wait")


@program
async def barrier_rounds(log):
    barrier = asyncio.Barrier(2)

    async def walker(name, pace):
        for n in range(3):
            await asyncio.sleep(pace)
            index = await barrier.wait()
            log(f"{name} round {n} number {index} {clock()}")

    await asyncio.gather(asyncio.create_task(walker("A", 1)), asyncio.create_task(walker("B", 3)))


@program
async def barrier_cancel_a_waiter(log):
    barrier = asyncio.Barrier(3)
    tasks = [tell(log, name, barrier.wait()) for name in "AB"]
    await asyncio.sleep(1)
    tasks[0].cancel()
    await tasks[0]
    log(f"{barrier.n_waiting} wait, broken {show(barrier.broken)}")
    tasks.append(tell(log, "C", barrier.wait()))
    await asyncio.sleep(1)
    log(f"{barrier.n_waiting} wait")
    log(f"main {await outcome(barrier.wait())}")
    await asyncio.gather(*tasks)


@program
async def barrier_reset(log):
    barrier = asyncio.Barrier(3)
    tasks = [tell(log, name, barrier.wait()) for name in "AB"]
    await asyncio.sleep(1)
    await barrier.reset()
    await asyncio.gather(*tasks)
    log(f"{barrier.n_waiting} wait, broken {show(barrier.broken)}")
    tasks = [tell(log, name, barrier.wait()) for name in "CDE"]
    await asyncio.gather(*tasks)


@program
async def barrier_reset_of_an_empty_one(log):
    barrier = asyncio.Barrier(2)
    await barrier.reset()
    tasks = [tell(log, name, barrier.wait()) for name in "AB"]
    await asyncio.gather(*tasks)


@program
async def barrier_abort(log):
    barrier = asyncio.Barrier(3)
    tasks = [tell(log, name, barrier.wait()) for name in "AB"]
    await asyncio.sleep(1)
    await barrier.abort()
    log(f"broken {show(barrier.broken)}")
    await asyncio.gather(*tasks)
    log(f"main {await outcome(barrier.wait())}")
    await barrier.reset()
    log(f"broken {show(barrier.broken)}")
    tasks = [tell(log, name, barrier.wait()) for name in "CDE"]
    await asyncio.gather(*tasks)


@program
async def barrier_cancel_after_abort_in_one_turn(log):
    barrier = asyncio.Barrier(3)
    tasks = [tell(log, name, barrier.wait()) for name in "AB"]
    await asyncio.sleep(1)
    await barrier.abort()
    tasks[0].cancel()
    await asyncio.gather(*tasks)


@program
async def barrier_cancel_who_was_let_go(log):
    barrier = asyncio.Barrier(3)
    tasks = [tell(log, name, barrier.wait()) for name in "AB"]
    await asyncio.sleep(1)
    log(f"main {await outcome(barrier.wait())}")
    tasks[0].cancel()
    await asyncio.gather(*tasks)


@program
async def barrier_reset_after_all_have_come(log):
    barrier = asyncio.Barrier(3)
    tasks = [tell(log, name, barrier.wait()) for name in "AB"]
    await asyncio.sleep(1)
    log(f"main {await outcome(barrier.wait())}")
    await barrier.reset()
    await asyncio.gather(*tasks)


@program
async def barrier_next_round_begins_before_the_first_has_left(log):
    barrier = asyncio.Barrier(2)
    a = tell(log, "A", barrier.wait())
    await asyncio.sleep(1)
    log(f"main {await outcome(barrier.wait())}")
    b = tell(log, "B", barrier.wait())
    log(f"main {await outcome(barrier.wait())}")
    await a
    await b


@program
async def barrier_wait_in_timeout(log):
    barrier = asyncio.Barrier(2)
    log(f"wait {await outcome(asyncio.wait_for(barrier.wait(), 2))} {clock()}")
    log(f"{barrier.n_waiting} wait, broken {show(barrier.broken)}")


@program
async def barrier_of_none(log):
    refused(log, "0", lambda: asyncio.Barrier(0))
