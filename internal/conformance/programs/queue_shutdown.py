"""The end of a queue: shutdown, at once or not."""

import asyncio

from harness import outcome, program, show, tell, try_get, try_put


@program
async def queue_shutdown_lets_the_rest_be_taken(log):
    queue = asyncio.Queue()
    for item in range(2):
        queue.put_nowait(item)
    queue.shutdown()
    log(f"put {await outcome(queue.put(9))}, {show(try_put(queue, 9))}")
    for _ in range(3):
        log(f"get {await outcome(queue.get())}, {queue.qsize()} left")
    log(f"get {try_get(queue)}")


@program
async def queue_shutdown_wakes_getters_and_putters(log):
    empty, full = asyncio.Queue(), asyncio.Queue(1)
    full.put_nowait(0)
    tasks = [tell(log, f"get {name}", empty.get()) for name in "AB"]
    tasks += [tell(log, f"put {item}", full.put(item)) for item in (1, 2)]
    await asyncio.sleep(1)
    empty.shutdown()
    full.shutdown()
    await asyncio.gather(*tasks)
    log(f"{full.qsize()} left")


@program
async def queue_shutdown_at_once_drops_what_is_there(log):
    queue = asyncio.Queue()
    for item in range(3):
        queue.put_nowait(item)
    queue.shutdown(immediate=True)
    log(f"{queue.qsize()} left")
    log(f"get {await outcome(queue.get())}")
    await queue.join()
    log("joined")


@program
async def queue_shutdown_at_once_wakes_getters_and_putters(log):
    empty, full = asyncio.Queue(), asyncio.Queue(1)
    full.put_nowait(0)
    tasks = [tell(log, "get", empty.get()), tell(log, "put", full.put(1))]
    await asyncio.sleep(1)
    empty.shutdown(immediate=True)
    full.shutdown(immediate=True)
    await asyncio.gather(*tasks)
    log(f"{full.qsize()} left")


@program
async def queue_shutdown_at_once_releases_join(log):
    queue = asyncio.Queue()
    for item in range(3):
        queue.put_nowait(item)
    task = tell(log, "join", queue.join())
    log(f"got {await queue.get()}")
    queue.shutdown(immediate=True)
    await asyncio.sleep(1)
    log(f"joined: {show(task.done())}")
    queue.task_done()
    await task


@program
async def queue_shutdown_keeps_join_waiting(log):
    queue = asyncio.Queue()
    queue.put_nowait(1)
    task = tell(log, "join", queue.join())
    await asyncio.sleep(1)
    queue.shutdown()
    await asyncio.sleep(1)
    log(f"joined: {show(task.done())}")
    log(f"got {await queue.get()}")
    queue.task_done()
    await task


@program
async def queue_shutdown_twice(log):
    queue = asyncio.Queue()
    queue.put_nowait(1)
    queue.shutdown()
    queue.shutdown()
    log(f"{queue.qsize()} left")
    queue.shutdown(immediate=True)
    log(f"{queue.qsize()} left")
    queue.shutdown()
    log(f"get {await outcome(queue.get())}")


@program
async def queue_shutdown_after_task_done_of_what_was_not_taken(log):
    queue = asyncio.Queue()
    queue.put_nowait(1)
    queue.put_nowait(2)
    queue.task_done()
    queue.shutdown(immediate=True)
    await queue.join()
    log(f"joined, {queue.qsize()} left")


@program
async def queue_shutdown_of_a_queue_with_a_getter_on_its_way(log):
    queue = asyncio.Queue()
    task = tell(log, "get", queue.get())
    await asyncio.sleep(1)
    queue.put_nowait(1)
    queue.shutdown()
    await task


@program
async def queue_shutdown_at_once_of_a_queue_with_a_getter_on_its_way(log):
    queue = asyncio.Queue()
    task = tell(log, "get", queue.get())
    await asyncio.sleep(1)
    queue.put_nowait(1)
    queue.shutdown(immediate=True)
    await task


@program
async def queue_shutdown_of_a_queue_with_a_putter_on_its_way(log):
    queue = asyncio.Queue(1)
    queue.put_nowait(0)
    task = tell(log, "put", queue.put(1))
    await asyncio.sleep(1)
    log(f"got {try_get(queue)}")
    queue.shutdown()
    await task
    log(f"{queue.qsize()} left")


@program
async def queue_shutdown_ends_the_consumer(log):
    queue = asyncio.Queue()

    async def consumer():
        try:
            while True:
                log(f"got {await queue.get()}")
        except asyncio.QueueShutDown:
            log("consumer ends")

    task = asyncio.create_task(consumer())
    for item in range(3):
        await asyncio.sleep(1)
        queue.put_nowait(item)
    queue.shutdown()
    await task
