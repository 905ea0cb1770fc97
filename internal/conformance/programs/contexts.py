"""What a task sees of the values around it: context variables there, values of ctx here."""

import asyncio
import contextvars

from harness import TaskGroup, program

user = contextvars.ContextVar("user", default="nobody")


async def say(log, who):
    log(f"{who} sees {user.get()}")


@program
async def context_of_the_creator(log):
    early = asyncio.create_task(say(log, "early"))
    user.set("Ada")
    late = asyncio.create_task(say(log, "late"))
    user.set("Alan")
    await say(log, "main")
    await early
    await late


@program
async def context_set_in_a_task_stays_there(log):
    async def changes():
        user.set("Ada")
        await asyncio.sleep(1)
        await say(log, "task")

    user.set("Alan")
    task = asyncio.create_task(changes())
    await asyncio.sleep(2)
    await say(log, "main")
    await task


@program
async def context_of_the_children_of_a_group(log):
    async def child():
        await asyncio.sleep(1)
        await say(log, "child")
        tg.create_task(say(log, "grandchild"))

    async with TaskGroup() as tg:
        user.set("Ada")
        tg.create_task(child())
        user.set("Alan")
