"""Ends tasks for good."""

import asyncio
from collections.abc import Collection
from typing import Any

AGAIN_AFTER_S = 1.0
"""Longer than a task that was told needs to close what it holds."""


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended, whatever they end with.

    Once is not enough: until Python 3.12 ``asyncio.wait_for``, by which nats-py waits for every answer, loses a
    cancellation that comes with the answer. A task that begins anew for ever would never end.
    """
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN_AFTER_S)
    await asyncio.gather(*tasks, return_exceptions=True)
