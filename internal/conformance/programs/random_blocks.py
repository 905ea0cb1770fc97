"""CPython's side of the random programs, second part: steps that have others in them. See random_loop.py."""

import asyncio
import collections

from harness import Boom, describe
from random_loop import TaskGroup, level, timeout

# A coroutine is told where it is: the name of the task for the trace, and the group that its children go to.
Place = collections.namedtuple("Place", "name group")

STOP = object()  # what steps gives when the coroutine is to return


def outcome(future):
    if future.cancelled():
        return "raised cancelled"
    if future.exception() is not None:
        if not isinstance(future.exception(), (Boom, ExceptionGroup)):
            raise future.exception()
        return f"raised {describe(future.exception())}"
    return f"returned {future.result()}"


class Blocks:
    async def do_try(self, place, step):
        try:
            return await self.steps(place, step["do"])
        except asyncio.CancelledError:
            self.log(place, step, "interrupted")
            task = asyncio.current_task()
            task.cleaning += 1
            try:
                await self.steps(place, step.get("clean", ()))
            finally:
                task.cleaning -= 1
            if step["how"] == "reraise":
                raise
            if step["how"] == "fail":
                raise Boom(f"e{step['id']}")
            if step["how"] == "return":
                return STOP

    async def do_timeout(self, place, step):
        await level()
        text = "ok"
        try:
            async with timeout(step["n"]):
                if await self.steps(place, step["do"]) is STOP:
                    return STOP
        except (TimeoutError, Boom, ExceptionGroup) as exc:
            text = f"raised {describe(exc)}"
        await self.finish(place, step, text)

    async def do_group(self, place, step):
        await level()
        text = "ok"
        try:
            async with TaskGroup() as group:
                if await self.steps(Place(place.name, group), step["do"]) is STOP:
                    self.loop.leave("a return from the body of a group")
                await level()
        except ExceptionGroup as exc:
            text = f"raised {describe(exc)}"
        await self.finish(place, step, text)

    async def do_waitfor(self, place, step):
        await level()
        try:
            value = await asyncio.wait_for(self.body(place, step), step.get("n", 0))
            text = "ok" if value is None else "returned early"
        except (TimeoutError, Boom, ExceptionGroup) as exc:
            text = f"raised {describe(exc)}"
        await self.finish(place, step, text)

    async def body(self, place, step):
        return await self.steps(place, step["do"])

    async def do_wait(self, place, step):
        tasks = {m["k"]: self.tasks[m["k"]] for m in step["do"] if m["k"] in self.tasks and m["k"] != place.name}
        asyncio.current_task().handed = tasks.values()
        await level()
        text = "nobody"
        if tasks:
            when = {"all": "ALL_COMPLETED", "first": "FIRST_COMPLETED", "error": "FIRST_EXCEPTION"}[step["how"]]
            done, _ = await asyncio.wait(tasks.values(), timeout=step.get("n"), return_when=getattr(asyncio, when))
            text = "done " + " ".join(str(name) for name, task in tasks.items() if task in done)
        await self.finish(place, step, text.strip())

    # Gather and its kin, structured: what was started here is cancelled and awaited when the await ends early.

    def members(self, place, step):
        awaitables, own = {}, []
        asyncio.current_task().handed = [self.tasks.get(m["k"]) for m in step["do"]]
        for m in step["do"]:
            if m["op"] == "member":
                awaitables[m["id"]] = task = asyncio.create_task(self.coroutine(Place(m["id"], place.group), m))
                task.owner = asyncio.current_task()
                own.append(task)
            elif m["k"] in self.tasks and m["k"] != place.name:
                awaitables[m["k"]] = asyncio.shield(self.tasks[m["k"]])
        return awaitables, own

    async def release(self, own):
        if any(task.resumed == self.loop.time() and not task.for_good and task.under(own) for task in self.loop.created):
            self.loop.leave("what ends a gather wakes one of its members")
        for task in own:
            task.cancel()
        while pending := [task for task in own if not task.done()]:
            try:
                await asyncio.wait(pending)
            except asyncio.CancelledError:
                pass  # level() raises it again

    async def do_gather(self, place, step):
        await level()
        awaitables, own = self.members(place, step)
        try:
            values = await asyncio.gather(*awaitables.values())
            text = f"returned {values}".replace(",", "")
        except (Boom, ExceptionGroup, asyncio.CancelledError) as exc:
            if asyncio.current_task().cancelled_now():  # then that is the outcome, whatever came of it
                raise asyncio.CancelledError
            text = f"raised {describe(exc)}"
        finally:
            await self.release(own)
        await self.finish(place, step, text)

    async def do_results(self, place, step):
        await level()
        awaitables, own = self.members(place, step)
        try:
            await asyncio.gather(*awaitables.values(), return_exceptions=True)
        finally:
            await self.release(own)
        await self.finish(place, step, " ".join(outcome(a) for a in awaitables.values()))

    async def do_each(self, place, step):
        await level()
        awaitables, own = self.members(place, step)
        names = {future: name for name, future in awaitables.items()}
        order = list(names)
        ended = {}
        try:
            async for future in asyncio.as_completed(order):
                ended[future] = self.loop.time(), order.index(future)  # CPython leaves the order at one instant open
                self.log(place, step, "one more")
        finally:
            await self.release(own)
        self.log(place, step, " ".join(f"{names[future]} {outcome(future)}" for future in sorted(ended, key=ended.get)))
        await self.settle(step)
