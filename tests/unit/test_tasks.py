"""Ending tasks: also those that lose a cancellation."""

import asyncio
import sys

from infra import tasks


async def test_a_task_ends_although_its_cancellation_came_with_an_answer() -> None:
    answers: asyncio.Queue[asyncio.Future[int]] = asyncio.Queue()
    heard = []

    async def asks_for_ever() -> None:
        while True:
            answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            answers.put_nowait(answer)
            heard.append(await asyncio.wait_for(answer, 60))

    asking = asyncio.create_task(asks_for_ever())
    (await answers.get()).set_result(1)
    async with asyncio.timeout(30):
        await tasks.end([asking])
    assert asking.cancelled()
    if sys.version_info < (3, 12):
        assert heard == [1], "the first cancellation was not lost: this test shows nothing"


async def test_what_tasks_end_with_is_not_raised() -> None:
    async def fails() -> None:
        raise ValueError

    async def returns() -> int:
        return 1

    async def fails_to_close() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError

    begun = [asyncio.create_task(each()) for each in (fails, returns, fails_to_close)]
    await asyncio.sleep(0)
    await tasks.end(begun)
    assert [type(task.exception()) for task in begun] == [ValueError, type(None), OSError]
    await tasks.end([])
