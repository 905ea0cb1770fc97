"""CPython's side of the random programs, its last part: reads programs from standard input, one a line, runs each, and
writes what it did, one line each: its trace, or why it is outside of the comparison. See random_loop.py."""

import asyncio
import json
import platform
import sys

import random_loop
from harness import Boom
from random_blocks import STOP, Blocks, Place, outcome
from random_loop import View, level


class Interpreter(Blocks):
    def __init__(self, tree, loop):
        self.tree = tree
        self.loop = loop
        self.lines = []
        self.tasks = {}  # by the id of the step that made them
        self.locks = [asyncio.Lock(), asyncio.Lock()]
        self.semaphores = [asyncio.Semaphore(1), asyncio.Semaphore(2)]
        self.events = [asyncio.Event(), asyncio.Event()]
        self.conditions = [asyncio.Condition(), asyncio.Condition()]
        self.queues = [asyncio.Queue(), asyncio.Queue(1)]
        self.futures = [loop.create_future(), loop.create_future()]

    def log(self, place, step, text):
        asyncio.current_task().resumed = self.loop.time()
        self.lines.append(f"{place.name} {int(self.loop.time())} {step['id']} {step['op']} {text}")

    async def main(self):
        """Runs the program; at the horizon cancels what is left, in the order of creation, and waits for it."""
        self.spawn(Place(0, None), {"id": 0, "op": "spawn", "do": self.tree["do"]})
        await asyncio.sleep(self.tree["horizon"])
        while left := [task for task in self.tasks.values() if not task.done()]:
            for task in left:
                task.cancel()
            for task in left:
                await asyncio.wait([task])
            await asyncio.sleep(1)  # what was made meanwhile has begun
        for name, task in self.tasks.items():
            self.lines.append(f"{name} ended {outcome(task)}")

    def spawn(self, place, step):
        group = place.group if step.get("grp") else None
        make = group.create_task if group else asyncio.create_task
        if group and asyncio.current_task().cancelled_now():
            self.loop.leave("a child for a group that is ending")
        coro = self.coroutine(Place(step["id"], group), step)
        try:
            self.tasks[step["id"]] = task = make(coro)
            task.owner = group and group._parent_task
        except RuntimeError:
            self.loop.leave("a child for a group that is ending")

    async def coroutine(self, place, step):
        task = asyncio.current_task()
        task.op, task.resumed = "runs", self.loop.time()
        try:
            await self.steps(place, step["do"])
        finally:
            task.ended = self.loop.time()
        return step["id"]

    async def steps(self, place, steps):
        for step in steps:
            run = getattr(self, "do_" + step["op"])
            if await run(place, step) is STOP:
                return STOP

    async def settle(self, step):
        """Sleeps to an instant of its own."""
        if step.get("w"):
            await level()
            await self.nap(step["w"])

    async def nap(self, ticks):
        task = asyncio.current_task()
        before, task.op = task.op, "sleep"
        try:
            await asyncio.sleep(ticks)
        finally:
            task.op = before

    async def leaf(self, place, step, awaitable, op="awaits", text="ok"):
        """Awaits something, and says what came of it."""
        task = asyncio.current_task()
        before, task.op = task.op, op
        try:
            await level()
            value = await awaitable
            text = text if value is None or value is True else f"returned {value}"
        except asyncio.CancelledError:
            self.log(place, step, "cancelled")
            raise
        except asyncio.QueueShutDown:
            text = "shut down"
        finally:
            task.op = before
            if asyncio.iscoroutine(awaitable):
                awaitable.close()
        self.log(place, step, text)

    async def finish(self, place, step, text):
        """The end of a step that may have failed: what it raised stays here, or goes on as an error of its own."""
        self.log(place, step, text)
        await self.settle(step)
        if step.get("fails") and text.startswith("raised"):
            raise Boom(f"e{step['id']}")

    # What does not wait

    async def do_spawn(self, place, step):
        self.spawn(place, step)
        await self.settle(step)

    async def do_cancel(self, place, step):
        await self.settle(step)
        task = self.tasks.get(step["k"])
        if task is None:
            self.log(place, step, "nobody")
        elif task is asyncio.current_task():
            if self.loop.alone:
                task.cancel()
            self.log(place, step, "self")
        else:
            self.log(place, step, str(task.cancel()).lower())
        await self.settle(step)

    async def do_set(self, place, step):
        self.events[step["k"]].set()
        await self.settle(step)

    async def do_clear(self, place, step):
        self.events[step["k"]].clear()
        await self.settle(step)

    async def do_raise(self, place, step):
        await self.settle(step)
        raise Boom(f"e{step['id']}")

    async def do_futset(self, place, step):
        future = self.futures[step["k"]]
        if not future.done():
            future.set_result(step["id"])
            self.log(place, step, "true")
        else:
            self.log(place, step, "false")
        await self.settle(step)

    # What waits

    async def do_sleep(self, place, step):
        await self.leaf(place, step, asyncio.sleep(step.get("n", 0)), "sleep")
        await self.settle(step)

    async def do_await(self, place, step):
        task = self.tasks.get(step["k"])
        if task is None or task is asyncio.current_task():
            self.log(place, step, "nobody")
            return await self.settle(step)
        current = asyncio.current_task()
        current.awaits = task
        for _ in self.tasks:
            task = task and task.awaits
            if task is current:
                self.loop.leave("tasks that await each other")
        try:
            await self.view(place, step, current.awaits)
        finally:
            current.awaits = None

    async def do_future(self, place, step):
        await self.view(place, step, self.futures[step["k"]])

    async def view(self, place, step, future):
        view = View(future)

        async def see():
            try:
                await view
            except asyncio.CancelledError:
                if view.left or not future.done():
                    raise
            except (Boom, ExceptionGroup):
                pass

        await self.leaf(place, step, see())
        await self.finish(place, step, outcome(future))

    async def do_event(self, place, step):
        await self.leaf(place, step, self.events[step["k"]].wait())
        await self.settle(step)

    async def do_lock(self, place, step):
        return await self.held(place, step, self.locks[step["k"]])

    async def do_sem(self, place, step):
        semaphore = self.semaphores[step["k"]]
        if semaphore._value > 0 and semaphore._waiters:
            self.loop.leave("a free permit for a newcomer while another waiter is on its way")
        return await self.held(place, step, semaphore)

    async def held(self, place, step, lock):
        await self.leaf(place, step, lock.acquire())
        try:
            await self.settle(step)
            return await self.steps(place, step["do"])
        finally:
            lock.release()

    async def do_cwait(self, place, step):
        condition = self.conditions[step["k"]]
        await self.leaf(place, step, condition.acquire(), text="held")
        try:
            await self.settle(step)
            await self.leaf(place, step, condition.wait(), ("cwait", condition))
        except asyncio.CancelledError:
            if any(waiter.done() and not waiter.cancelled() for waiter in condition._waiters):
                self.loop.leave("a cancelled waiter of a condition wakes another")
            raise
        finally:
            condition.release()
        await self.settle(step)

    async def do_notify(self, place, step):
        condition = self.conditions[step["k"]]
        await self.leaf(place, step, condition.acquire(), text="held")
        condition.notify(step["n"])
        condition.release()
        await self.settle(step)

    # Queues

    def on_its_way(self, queue, ops):
        return any(task.op in [(op, queue) for op in ops] and task.woken() for task in self.loop.created)

    def newcomer(self, queue):
        if self.on_its_way(queue, ["put"]):
            self.loop.leave("a newcomer at a queue while a putter is on its way")
        if queue.full() and self.on_its_way(queue, ["get"]):
            self.loop.leave("a newcomer at a full queue while a getter is on its way")

    async def do_put(self, place, step):
        queue = self.queues[step["k"]]
        self.newcomer(queue)
        await self.leaf(place, step, queue.put(step["id"]), ("put", queue))
        await self.settle(step)

    async def do_get(self, place, step):
        queue = self.queues[step["k"]]
        if self.on_its_way(queue, ["get"]):
            self.loop.leave("a newcomer at a queue while a getter is on its way")
        await self.leaf(place, step, queue.get(), ("get", queue))
        await self.settle(step)

    async def do_tryput(self, place, step):
        queue = self.queues[step["k"]]
        self.newcomer(queue)
        try:
            queue.put_nowait(step["id"])
            self.log(place, step, "true")
        except (asyncio.QueueFull, asyncio.QueueShutDown):
            self.log(place, step, "false")
        await self.settle(step)

    async def do_tryget(self, place, step):
        queue = self.queues[step["k"]]
        if self.on_its_way(queue, ["get"]):
            self.loop.leave("a newcomer at a queue while a getter is on its way")
        try:
            self.log(place, step, f"returned {queue.get_nowait()}")
        except (asyncio.QueueEmpty, asyncio.QueueShutDown):
            self.log(place, step, "nothing")
        await self.settle(step)

    async def do_join(self, place, step):
        await self.leaf(place, step, self.queues[step["k"]].join())
        await self.settle(step)

    async def do_done(self, place, step):
        try:
            self.queues[step["k"]].task_done()
        except ValueError:
            self.log(place, step, "refused")
        await self.settle(step)

    async def do_shutdown(self, place, step):
        queue = self.queues[step["k"]]
        if self.on_its_way(queue, ["put", "get"]):
            self.loop.leave("a shutdown of a queue while somebody is on its way")
        queue.shutdown(step.get("how") == "immediate")
        await self.settle(step)


EXPECTED = ("was never retrieved", "exception in shielded future")


def run(tree):
    loop = random_loop.Loop(tree["kind"] == "instants")
    reports = []

    async def main():
        loop.set_exception_handler(lambda _, context: reports.append(context))
        interpreter = Interpreter(tree, loop)
        await interpreter.main()
        return interpreter.lines

    lines = asyncio.run(main(), loop_factory=lambda: loop)
    for context in reports:
        if not any(text in context["message"] for text in EXPECTED):
            raise RuntimeError(f"the loop reported {context}")
    return {"outside": loop.outside} if loop.outside else {"trace": lines}


if __name__ == "__main__":
    print(f"{platform.python_implementation()} {platform.python_version()}", flush=True)
    for line in sys.stdin:
        try:
            answer = run(json.loads(line, object_hook=lambda step: {"k": 0} | step))
        except Exception as exc:
            answer = {"error": repr(exc)}
        print(json.dumps(answer, separators=(",", ":")), flush=True)
