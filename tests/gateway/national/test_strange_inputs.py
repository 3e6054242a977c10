"""Fields that are missing, null, empty, of another type or too long, in each transaction: done, or refused with why.

Never -1, which is what a fault of the program comes to; soon; and the books hold afterwards.
"""

import asyncio
import copy
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.gateway.national.reply import DONE, REFUSED
from infra.operations.quiescence import until_quiet
from processors.proof.verify import verify
from tests.gateway.national.county import GatewayCounty
from tests.gateway.national.his import His
from tests.gateway.national.walks import INTERFACE, every_transaction

ABSENT = object()
STRANGE: tuple[Any, ...] = (ABSENT, None, "", " ", "不对", 0, -1, "1e400", "9" * 600, True, [], {}, [{}], "2019-02-30")
"""In place of each field; an identity of 15 digits is a value of the certificates alone."""
FIFTEEN_DIGITS = "110105491231002"
NUMBERS_OF_PERSONS = {"psn_no", "mdtrt_cert_no", "certno"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SOON_S = 18.0
"""How long the gateway takes for any call (``CALL_WITHIN_S``)."""
AT_ONCE = 8

Place = tuple[str | int, ...]


@pytest.fixture(scope="module")
async def programs(county: GatewayCounty) -> list[His]:
    """Programs of H5 that have sent each transaction."""
    return await every_transaction(county, "H5")


@pytest.mark.parametrize("infno", sorted(INTERFACE))
async def test_a_strange_field_is_refused_or_understood(county: GatewayCounty, programs: list[His], infno: str) -> None:
    his = next(each for each in programs if infno in each.sent)
    given = his.sent[infno]["input"]
    turn = asyncio.Semaphore(AT_ONCE)

    async def tried(place: Place, value: Any) -> str:
        changed = put(given, place, value)
        async with turn:
            began = time.monotonic()
            if infno == "9102":  # done, it answers no document but a file
                answer = (await county.fetch(his.envelope(infno, changed))).content
                return (
                    "" if answer.startswith(b"PK") or b'"infcode": -2' in answer else f"{place} {value!r}: {answer!r}"
                )
            told = await county.post(his.envelope(infno, changed))
        reason = CHINESE.search(told["err_msg"]) is not None
        fine = told["infcode"] == DONE or (told["infcode"] == REFUSED and reason)
        return "" if fine and time.monotonic() - began < SOON_S else f"{place} {value!r}: {told}"

    wrong = await asyncio.gather(*(tried(*change) for change in changes(given)))
    assert not any(wrong), "\n".join(filter(None, wrong))


async def test_the_books_hold_afterwards(county: GatewayCounty, programs: list[His]) -> None:
    await until_quiet(county.gateway.engine, [])
    assert (await verify(county.gateway.engine)).problems == []
    stays = [each["status"] for each in await county.ledger.claims(programs[1].psn_no)]
    assert "settled" in stays


def changes(given: Any) -> Iterator[tuple[Place, Any]]:
    """Each place in an input, with each strange value in it."""
    for place in places(given, ()):
        values = (*STRANGE, FIFTEEN_DIGITS) if place[-1] in NUMBERS_OF_PERSONS else STRANGE
        for value in values:
            yield place, value


def places(part: Any, place: Place) -> Iterator[Place]:
    """Each member's place, to any depth; of a list's elements those of the first."""
    if isinstance(part, dict):
        for name, inner in part.items():
            yield (*place, name)
            yield from places(inner, (*place, name))
    elif isinstance(part, list) and part:
        yield from places(part[0], (*place, 0))


def put(given: Any, place: Place, value: Any) -> Any:
    """An input with another value in one place."""
    changed = copy.deepcopy(given)
    part = changed
    for step in place[:-1]:
        part = part[step]
    if value is ABSENT:
        del part[place[-1]]
    else:
        part[place[-1]] = value
    return changed
