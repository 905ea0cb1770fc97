"""Event: who is woken, in which turn, and cancellation."""

import asyncio

from harness import clock, count_turns, outcome, program, show, tell, wait_for_set


@program
async def event_set_wakes_all_in_order(log):
    event = asyncio.Event()
    tasks = [tell(log, name, wait_for_set(event)) for name in "ABCD"]
    await asyncio.sleep(1)
    log(f"set {show(event.is_set())}")
    event.set()
    log(f"set {show(event.is_set())}")
    await asyncio.gather(*tasks)


@program
async def event_set_and_clear_in_one_turn(log):
    event = asyncio.Event()
    tasks = [tell(log, name, wait_for_set(event)) for name in "AB"]
    await asyncio.sleep(1)
    event.set()
    event.clear()
    late = tell(log, "late", asyncio.wait_for(wait_for_set(event), 3))
    await asyncio.gather(*tasks)
    await late
    log(f"set {show(event.is_set())} {clock()}")


@program
async def event_wait_for_a_set_one_costs_nothing(log):
    event = asyncio.Event()
    event.set()
    turns = count_turns(log, 2)
    for n in range(3):
        log(f"wait {n} {await outcome(wait_for_set(event))}")
    await turns


@program
async def event_set_turns(log):
    event = asyncio.Event()
    task = tell(log, "A", wait_for_set(event))
    await asyncio.sleep(0)
    turns = count_turns(log, 3)
    event.set()
    await task
    await turns


@program
async def event_cancel_a_waiter(log):
    event = asyncio.Event()
    tasks = [tell(log, name, wait_for_set(event)) for name in "ABC"]
    await asyncio.sleep(1)
    tasks[1].cancel()
    await asyncio.sleep(1)
    event.set()
    await asyncio.gather(*tasks)


@program
async def event_cancel_then_set_in_one_turn(log):
    event = asyncio.Event()
    a, b = tell(log, "A", wait_for_set(event)), tell(log, "B", wait_for_set(event))
    await asyncio.sleep(1)
    b.cancel()
    event.set()
    await a
    await b


@program
async def event_set_then_cancel_in_one_turn(log):
    event = asyncio.Event()
    a, b = tell(log, "A", wait_for_set(event)), tell(log, "B", wait_for_set(event))
    await asyncio.sleep(1)
    event.set()
    a.cancel()
    await a
    await b


@program
async def event_wait_in_timeout(log):
    event = asyncio.Event()
    asyncio.get_running_loop().call_later(3, event.set)
    for limit in (2, 2):
        result = await outcome(asyncio.wait_for(wait_for_set(event), limit))
        log(f"wait {result} {clock()}")


@program
async def event_ping_pong(log):
    ping, pong = asyncio.Event(), asyncio.Event()

    async def player(mine, other, name):
        for n in range(3):
            await mine.wait()
            mine.clear()
            log(f"{name} {n}")
            other.set()

    tasks = [asyncio.create_task(player(ping, pong, "ping")), asyncio.create_task(player(pong, ping, "pong"))]
    ping.set()
    await asyncio.gather(*tasks)
