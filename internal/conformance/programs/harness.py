"""What every program stands on: the registry, a loop with a virtual clock, and the words of a trace.

A program is a coroutine function program(log); log(line) appends one event to its trace. The Go side
has a function of the same name that must write the same lines, so everything here that puts a result
into words has its twin in trace_test.go.
"""

import asyncio
import selectors
import sys

PROGRAMS = {}  # name -> coroutine function


def program(fn):
    """Register a program under the name of its function."""
    if fn.__name__ in PROGRAMS:
        raise ValueError(f"two programs are called {fn.__name__!r}")
    PROGRAMS[fn.__name__] = fn
    return fn


# The virtual clock


class JumpingSelector(selectors.DefaultSelector):
    """Instead of sleeping until the next timer, moves the loop's clock there."""

    def select(self, timeout=None):
        if timeout is None:  # only another thread can wake the loop
            events = super().select(10)
            if not events:
                raise RuntimeError("nothing can ever run again: the program waits for ever")
            return events
        self.loop.now += max(timeout, 0)
        return super().select(0)


class VirtualClockLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.now = 0.0
        self.created = []  # every task, in creation order
        selector = JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self):
        return self.now

    def create_task(self, coro, **kwargs):
        task = super().create_task(coro, **kwargs)
        self.created.append(task)
        return task

    async def shutdown_default_executor(self, timeout=None):
        # With a time limit the clock would jump to it while the threads are still ending.
        await super().shutdown_default_executor(None)


# CPython keeps tasks in sets at two places where the order is visible: the children that a group
# cancels, and the tasks that asyncio.run cancels at its end. It promises no order there, and sets of
# objects give another one in each run; the recording settles it as the order of creation.


class OrderedSet(dict):
    def add(self, item):
        self[item] = None

    def discard(self, item):
        self.pop(item, None)


class TaskGroup(asyncio.TaskGroup):
    def __init__(self):
        super().__init__()
        self._tasks = OrderedSet()


def unfinished(loop):
    return [task for task in loop.created if not task.done()]


def run(fn):
    """Run one program under the virtual clock and return the lines of its trace."""
    lines = []
    reports = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reports.append(context))
        await fn(lines.append)

    all_tasks = asyncio.tasks.all_tasks
    asyncio.tasks.all_tasks = unfinished
    try:
        asyncio.run(main(), loop_factory=VirtualClockLoop)
    except Boom as exc:
        lines.append(f"run raised {describe(exc)}")
    except asyncio.CancelledError:
        lines.append("run raised cancelled")
    finally:
        asyncio.tasks.all_tasks = all_tasks
    for context in reports:
        if context["message"].startswith("unhandled exception during asyncio.run() shutdown"):
            lines.append(f"unhandled {describe(context['exception'])}")
        else:
            print(f"{fn.__name__}: {context}", file=sys.stderr)
            raise RuntimeError(f"{fn.__name__}: the loop reported {context['message']!r}")
    return lines


# The words of a trace


class Boom(Exception):
    """The error that programs raise on purpose."""


def show(value):
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(show(v) for v in value) + "]"
    if isinstance(value, BaseException):
        return describe(value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def describe(exc):
    if isinstance(exc, asyncio.CancelledError):
        return "cancelled"
    if isinstance(exc, TimeoutError):
        return "timeout"
    if isinstance(exc, asyncio.InvalidStateError):
        return "invalid state"
    if isinstance(exc, asyncio.QueueShutDown):
        return "shut down"
    if isinstance(exc, asyncio.BrokenBarrierError):
        return "broken"
    if isinstance(exc, BaseExceptionGroup):
        return "group(" + ", ".join(describe(e) for e in exc.exceptions) + ")"
    return str(exc)


async def outcome(awaitable):
    """Await and tell what came of it, in the caller's own turn."""
    try:
        value = await awaitable
    except (Exception, asyncio.CancelledError) as exc:
        return f"raised {describe(exc)}"
    return "ok" if value is None else f"returned {show(value)}"


def state(fut):
    """What a task or future has become, without awaiting it."""
    if not fut.done():
        return "pending"
    if fut.cancelled():
        return "cancelled"
    if fut.exception() is not None:
        return f"failed {describe(fut.exception())}"
    return "done" if fut.result() is None else f"done {show(fut.result())}"


def clock():
    return f"at {asyncio.get_running_loop().time():g}"


# Parts that many programs are made of


async def sleeper(log, name, delay):
    """Sleeps, says how it ended, and returns its name."""
    log(f"{name} start")
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        log(f"{name} cancelled")
        raise
    log(f"{name} end")
    return name


async def failer(log, name, delay):
    """Sleeps, then fails with its name."""
    log(f"{name} start")
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        log(f"{name} cancelled")
        raise
    log(f"{name} fails")
    raise Boom(name)


async def cleaner(log, name, delay, cleanup):
    """Sleeps; if cancelled, cleans up for a while before it lets the cancellation out."""
    log(f"{name} start")
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        log(f"{name} cleans up")
        await asyncio.sleep(cleanup)
        log(f"{name} cleaned up")
        raise
    log(f"{name} end")
    return name


async def stubborn(log, name, delay):
    """Sleeps; if cancelled, swallows it and returns a value all the same."""
    log(f"{name} start")
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        log(f"{name} swallows the cancel")
        return f"{name} anyway"
    log(f"{name} end")
    return name


async def fails(log, name):
    """Fails at once with its name."""
    log(f"{name} fails")
    raise Boom(name)


async def sore(log, name):
    """Sleeps; if cancelled, fails with its name instead."""
    try:
        await asyncio.sleep(9)
    except asyncio.CancelledError:
        log(f"{name} fails on its way out")
        raise Boom(name)


async def yielder(log, name, turns):
    """Gives up control a number of times."""
    log(f"{name} start")
    for n in range(1, turns + 1):
        await asyncio.sleep(0)
        log(f"{name} after {n}")
    return name


async def group(fn):
    """Runs fn in a group and lets the group's error out."""
    async with TaskGroup() as tg:
        await fn(tg)


def tell(log, name, awaitable):
    """Starts a task that awaits one thing, says what came of it, and ends, cancelled or not."""

    async def told():
        log(f"{name} {await outcome(awaitable)}")

    return asyncio.create_task(told())


async def acquire(it):
    """Acquires a lock or a semaphore, whose own acquire returns True."""
    await it.acquire()


async def wait_for_set(event):
    """Waits for an event, whose own wait returns True."""
    await event.wait()


def refused(log, what, fn):
    """Calls fn, which is misuse, and says whether that was noticed."""
    try:
        fn()
    except (RuntimeError, ValueError):
        log(f"{what} refused")
    else:
        log(f"{what} accepted")


def try_put(queue, item):
    """Puts without waiting, if that is possible, and tells whether it was."""
    try:
        queue.put_nowait(item)
    except (asyncio.QueueFull, asyncio.QueueShutDown):
        return False
    return True


def try_get(queue):
    """Gets without waiting, if that is possible."""
    try:
        return queue.get_nowait()
    except (asyncio.QueueEmpty, asyncio.QueueShutDown):
        return "nothing"


def count_turns(log, turns):
    """Logs one line in each of the coming turns. The future is done in the last one: a program that awaits it
    before it ends sees the same number of turns on both sides."""
    loop = asyncio.get_running_loop()
    last = loop.create_future()

    def tick(n):
        log(f"turn {n}")
        if n < turns:
            loop.call_soon(tick, n + 1)
        else:
            last.set_result(None)

    loop.call_soon(tick, 1)
    return last
