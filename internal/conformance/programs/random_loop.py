"""CPython's side of the random programs, first part: the loop, and what the library is told.

The intended differences are either translated here, so that all the rest can be compared exactly, or noticed: a
program in which one of them shows is outside of the comparison, and says why. What is translated:

    cancellation is a state      level() raises again in a coroutine whose scope has been cancelled; a second cancel of
                                 a task that was cancelled for good does nothing
    awaiting does not own        View: awaits a task or future that others own without cancelling it
    timers of one instant        fire in the order they were set; CPython's heap leaves their order open
    children of a group          are cancelled in the order they were made; CPython keeps them in a set
"""

import asyncio
import heapq

from harness import TaskGroup as OrderedTaskGroup
from harness import VirtualClockLoop


class Timer(asyncio.TimerHandle):
    """A timer that knows how many were set before it."""

    def __lt__(self, other):
        return (self._when, self.number) < (other._when, other.number)


class Loop(VirtualClockLoop):
    def __init__(self, alone):
        super().__init__()
        self.alone = alone  # no two timers of one instant are compared
        self.outside = None  # why this program is not compared
        self.timers = 0
        self.set_task_factory(lambda loop, coro, **kwargs: Task(coro, loop=loop, **kwargs))

    def leave(self, reason):
        self.outside = self.outside or reason

    def call_at(self, when, callback, *args, context=None):
        if self.alone and any(t.when() == when and not t.cancelled() for t in self._scheduled):
            self.leave("two timers of one instant")
        timer = Timer(when, callback, args, self, context)
        timer.number = self.timers = self.timers + 1
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer


class Task(asyncio.Task):
    """A task that looks at each cancellation before it takes effect."""

    def __init__(self, coro, **kwargs):
        self.scopes = []  # the time-outs and groups that it is in
        self.for_good = False  # cancelled itself, not by the end of a time-out or group that it is in
        self.by_scope = False  # one of its scopes is cancelling it now
        self.cleaning = 0
        self.op = None  # what it awaits: None before its first step
        self.awaits = None  # the task that it awaits
        self.resumed = None  # when it last began or went on
        self.ended = None  # when it came to its end
        self.handed = ()  # the tasks that it waits for together, or did
        self.owner = None  # who waits for it before it ends itself
        self.leaving = 0  # groups whose end it awaits
        super().__init__(coro, **kwargs)

    def cancel(self, msg=None):
        if self.done():
            return False
        loop = self.get_loop()
        again = self is asyncio.current_task(loop) and self.leaving  # a group keeps the count, see its __aexit__
        if not again:
            if not self.by_scope:
                if self.for_good:
                    return True
                self.for_good = True
            if self.cancelling():
                loop.leave("a second cancellation")
            if self.about_to_resume():
                loop.leave("a value and a cancellation in one turn")
            if any(task and task.ended == loop.time() for task in self.handed):
                loop.leave("the end of a task and a cancellation of who gathers it")
        return super().cancel(msg)

    def woken(self):
        """Reports whether what it awaits is there, and it has not run since."""
        waiter = self._fut_waiter
        return self is not asyncio.current_task(self.get_loop()) and (waiter is None or waiter.done())

    def about_to_resume(self):
        """Reports whether it has got what it awaited, where that wins over a cancellation here."""
        if self.op in (None, "sleep") or self is asyncio.current_task(self.get_loop()):
            return False
        if self.woken():
            return True
        kind, what = self.op if isinstance(self.op, tuple) else (self.op, None)
        return kind == "cwait" and self._fut_waiter not in what._waiters  # notified, it waits for the lock

    def under(self, tasks):
        """Reports whether it runs still and is one of the tasks, or what one of them waits for before it ends."""
        if self.done():
            return False
        while self is not None and self not in tasks:
            self = self.owner
        return self is not None

    def cancelled_now(self):
        """Reports whether the coroutine that runs in this task is in a scope that has been cancelled."""
        return not self.cleaning and (self.for_good or any(scope.cancelled() for scope in self.scopes))


class Timeout(asyncio.Timeout):
    async def __aenter__(self):
        asyncio.current_task().scopes.append(self)
        return await super().__aenter__()

    async def __aexit__(self, *exc):
        self._task.scopes.remove(self)
        return await super().__aexit__(*exc)

    def _on_timeout(self):
        self._task.by_scope = True
        super()._on_timeout()
        self._task.by_scope = False

    cancelled = asyncio.Timeout.expired


def timeout(delay):
    return Timeout(None if delay is None else asyncio.get_running_loop().time() + delay)


asyncio.timeouts.timeout = timeout  # wait_for's too


class TaskGroup(OrderedTaskGroup):
    async def __aenter__(self):
        asyncio.current_task().scopes.append(self)
        return await super().__aenter__()

    async def __aexit__(self, *exc):
        task = self._parent_task
        task.scopes.remove(self)
        task.leaving += 1
        try:
            return await super().__aexit__(*exc)
        finally:
            task.leaving -= 1

    def _on_task_done(self, task):
        self._parent_task.by_scope = True
        super()._on_task_done(task)
        self._parent_task.by_scope = False

    def cancelled(self):
        return self._parent_cancel_requested


class View:
    """Awaits a future and leaves it alone when the waiter is cancelled, at no cost in turns."""

    _asyncio_future_blocking = False

    def __init__(self, future):
        self.future = future
        self.left = False

    def get_loop(self):
        return self.future.get_loop()

    def add_done_callback(self, fn, *, context):
        self.fn, self.context = fn, context
        self.future.add_done_callback(fn, context=context)

    def done(self):
        return self.left or self.future.done()

    def cancel(self, msg=None):
        if self.done():
            return False
        self.left = True
        self.future.remove_done_callback(self.fn)
        self.get_loop().call_soon(self.fn, self, context=self.context)
        return True

    def result(self):
        if self.left:
            raise asyncio.CancelledError
        return self.future.result()

    def __await__(self):
        if not self.future.done():
            self._asyncio_future_blocking = True
            yield self
        return self.result()


async def level():
    """Raises if the coroutine that runs is in a scope that has been cancelled: delivered once, or a hundred times."""
    task = asyncio.current_task()
    if not task.cancelled_now():
        return
    if not task.get_loop().alone:
        task.get_loop().leave("an await after a cancellation")  # which costs a turn here
    if task._must_cancel:
        await asyncio.sleep(0)  # takes delivery
    raise asyncio.CancelledError
