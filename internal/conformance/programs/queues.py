"""The three queues: order, waiting, join, cancellation."""

import asyncio

from harness import clock, count_turns, outcome, program, refused, show, tell, try_get, try_put


async def order(log, queue):
    for item in (5, 3, 8, 1, 9, 7):
        await queue.put(item)
    log(f"{queue.qsize()} items")
    for _ in range(3):
        log(f"got {await queue.get()}")
    for item in (2, 6):
        await queue.put(item)
    while queue.qsize():
        log(f"got {await queue.get()}")


@program
async def queue_first_in_first_out(log):
    await order(log, asyncio.Queue())


@program
async def queue_last_in_first_out(log):
    await order(log, asyncio.LifoQueue())


@program
async def queue_least_first(log):
    await order(log, asyncio.PriorityQueue())


@program
async def queue_producer_and_consumer(log):
    queue = asyncio.Queue(2)

    async def producer():
        for item in range(5):
            await queue.put(item)
            log(f"put {item} {clock()}")

    async def consumer():
        for _ in range(5):
            item = await queue.get()
            log(f"got {item} {clock()}")
            await asyncio.sleep(2)

    await asyncio.gather(asyncio.create_task(producer()), asyncio.create_task(consumer()))


@program
async def queue_getters_in_order(log):
    queue = asyncio.Queue()
    tasks = [tell(log, name, queue.get()) for name in "ABC"]
    await asyncio.sleep(1)
    for item in range(3):
        queue.put_nowait(item)
    await asyncio.gather(*tasks)


@program
async def queue_putters_in_order(log):
    queue = asyncio.Queue(1)
    queue.put_nowait(0)
    tasks = [tell(log, f"put {item}", queue.put(item)) for item in (1, 2, 3)]
    for _ in range(4):
        await asyncio.sleep(1)
        log(f"got {await queue.get()}")
    await asyncio.gather(*tasks)


@program
async def queue_without_waiting(log):
    queue = asyncio.Queue(2)
    log(f"get {try_get(queue)}")
    for item in range(3):
        log(f"put {item} {show(try_put(queue, item))}, {queue.qsize()} items")
    for _ in range(3):
        log(f"get {try_get(queue)}, {queue.qsize()} items")


@program
async def queue_what_is_there_costs_nothing(log):
    queue = asyncio.Queue(2)
    turns = count_turns(log, 2)
    for item in range(3):
        await queue.put(item)
        log(f"got {await queue.get()}")
    await turns


@program
async def queue_hand_over_turns(log):
    queue = asyncio.Queue()
    task = tell(log, "A", queue.get())
    await asyncio.sleep(0)
    turns = count_turns(log, 3)
    queue.put_nowait(1)
    await task
    await turns


@program
async def queue_join(log):
    queue = asyncio.Queue()
    for item in range(3):
        queue.put_nowait(item)

    async def worker():
        while True:
            item = await queue.get()
            await asyncio.sleep(1)
            log(f"done with {item}")
            queue.task_done()

    task = asyncio.create_task(worker())
    await queue.join()
    log(f"joined {clock()}")
    task.cancel()
    log(f"worker {await outcome(task)}")


@program
async def queue_join_of_nothing_costs_nothing(log):
    queue = asyncio.Queue()
    turns = count_turns(log, 1)
    await queue.join()
    log("joined")
    await turns


@program
async def queue_join_cancelled(log):
    queue = asyncio.Queue()
    queue.put_nowait(1)
    a, b = tell(log, "A", queue.join()), tell(log, "B", queue.join())
    await asyncio.sleep(1)
    a.cancel()
    await a
    queue.task_done()
    await b


@program
async def queue_done_too_often(log):
    queue = asyncio.Queue()
    refused(log, "task_done of nothing", queue.task_done)
    queue.put_nowait(1)
    queue.task_done()
    refused(log, "second task_done", queue.task_done)
    log(f"{queue.qsize()} items")


@program
async def queue_get_in_timeout(log):
    queue = asyncio.Queue()
    asyncio.get_running_loop().call_later(3, queue.put_nowait, "late")
    for _ in range(2):
        result = await outcome(asyncio.wait_for(queue.get(), 2))
        log(f"get {result} {clock()}")


@program
async def queue_put_in_timeout(log):
    queue = asyncio.Queue(1)
    queue.put_nowait(1)
    log(f"put {await outcome(asyncio.wait_for(queue.put(2), 2))} {clock()}")
    log(f"got {await queue.get()}, {queue.qsize()} items")


@program
async def queue_cancel_a_getter(log):
    queue = asyncio.Queue()
    tasks = [tell(log, name, queue.get()) for name in "ABC"]
    await asyncio.sleep(1)
    tasks[1].cancel()
    await tasks[1]
    queue.put_nowait(1)
    queue.put_nowait(2)
    await asyncio.gather(*tasks)


@program
async def queue_cancel_a_getter_then_put_in_one_turn(log):
    queue = asyncio.Queue()
    a, b = tell(log, "A", queue.get()), tell(log, "B", queue.get())
    await asyncio.sleep(1)
    a.cancel()
    queue.put_nowait(1)
    await a
    await b


@program
async def queue_put_then_cancel_the_getter_in_one_turn(log):
    queue = asyncio.Queue()
    a = tell(log, "A", queue.get())
    await asyncio.sleep(1)
    queue.put_nowait(1)
    a.cancel()
    await a
    log(f"{queue.qsize()} items are left")


@program
async def queue_cancel_a_putter(log):
    queue = asyncio.Queue(1)
    queue.put_nowait(0)
    tasks = [tell(log, f"put {item}", queue.put(item)) for item in (1, 2, 3)]
    await asyncio.sleep(1)
    tasks[1].cancel()
    await tasks[1]
    for _ in range(3):
        log(f"got {await queue.get()}")
        await asyncio.sleep(1)
    await asyncio.gather(*tasks)


@program
async def queue_cancel_a_putter_then_get_in_one_turn(log):
    queue = asyncio.Queue(1)
    queue.put_nowait(0)
    a, b = tell(log, "put 1", queue.put(1)), tell(log, "put 2", queue.put(2))
    await asyncio.sleep(1)
    a.cancel()
    log(f"got {try_get(queue)}")
    await a
    await b
    log(f"got {try_get(queue)}")


@program
async def queue_get_then_cancel_the_putter_in_one_turn(log):
    queue = asyncio.Queue(1)
    queue.put_nowait(0)
    a = tell(log, "put 1", queue.put(1))
    await asyncio.sleep(1)
    log(f"got {try_get(queue)}")
    a.cancel()
    await a
    log(f"{queue.qsize()} items are left")


@program
async def queue_who_does_not_wait_takes_the_first_item(log):
    queue = asyncio.Queue()
    task = tell(log, "A", queue.get())
    await asyncio.sleep(1)
    queue.put_nowait(1)
    queue.put_nowait(2)
    log(f"main got {try_get(queue)}")
    await task


@program
async def queue_the_least_at_the_time_of_the_step(log):
    queue = asyncio.PriorityQueue()
    task = tell(log, "A", queue.get())
    await asyncio.sleep(1)
    queue.put_nowait(5)
    queue.put_nowait(1)
    await task
    log(f"main got {try_get(queue)}")


@program
async def queue_newcomer_while_a_putter_is_on_its_way(log):
    queue = asyncio.Queue(2)
    queue.put_nowait(0)
    queue.put_nowait(1)
    task = tell(log, "put 2", queue.put(2))
    await asyncio.sleep(1)
    log(f"got {try_get(queue)}, {try_get(queue)}")
    log(f"main put 3 {show(try_put(queue, 3))}")
    await task
    log(f"main put 4 {show(try_put(queue, 4))}")
    log(f"got {try_get(queue)}, {try_get(queue)}")


@program
async def queue_ping_pong(log):
    ping, pong = asyncio.Queue(), asyncio.Queue()

    async def echo():
        for _ in range(3):
            item = await ping.get()
            log(f"echo {item}")
            await pong.put(item + 1)

    task = asyncio.create_task(echo())
    item = 0
    for _ in range(3):
        await ping.put(item)
        item = await pong.get()
        log(f"main {item}")
    await task


@program
async def queue_newcomer_while_a_getter_is_on_its_way(log):
    queue = asyncio.Queue()
    a = tell(log, "A", queue.get())
    await asyncio.sleep(1)
    queue.put_nowait(1)
    log(f"main got {try_get(queue)}")
    await asyncio.sleep(1)
    queue.put_nowait(2)
    await a


@program
async def queue_put_while_a_getter_is_on_its_way(log):
    queue = asyncio.Queue(1)
    a = tell(log, "A", queue.get())
    await asyncio.sleep(1)
    log(f"main put 1 {show(try_put(queue, 1))}")
    log(f"main put 2 {show(try_put(queue, 2))}")
    await a
    log(f"main put 3 {show(try_put(queue, 3))}")
