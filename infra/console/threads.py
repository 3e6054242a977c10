"""Work that computes for long, in a thread of its own with an event loop of its own: pages answer meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")


async def in_thread(engine: AsyncEngine, work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """What ``work`` returns. ``engine`` has made no connection yet: those that it makes belong to the thread's loop.

    Who is cancelled cancels the work, and waits until it has ended.
    """
    begun: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = []

    async def main() -> T:
        task = asyncio.ensure_future(_ended(engine, work))
        begun.append((asyncio.get_running_loop(), task))
        return await task

    ending = asyncio.ensure_future(asyncio.to_thread(asyncio.run, main()))
    try:
        return await asyncio.shield(ending)
    except asyncio.CancelledError:
        for loop, task in begun:
            with suppress(RuntimeError):  # it has ended meanwhile
                loop.call_soon_threadsafe(task.cancel)
        with suppress(BaseException):
            await ending
        raise


async def _ended(engine: AsyncEngine, work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    try:
        return await work(engine)
    finally:
        await engine.dispose()
