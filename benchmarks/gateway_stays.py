"""Stays in the sandbox's county: what a hospital's program sends, and what of it is prepared before a clock starts."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from benchmarks.servers import publish, quiet
from events.county_time import county_day
from events.store.journal import database_time
from infra.gateway.server import serving
from infra.http.address import Address
from infra.operations.settle import at_work
from infra.sandbox.county import HOSPITALS, REGION
from infra.sandbox.preparation import prepare_county, sandbox_keys
from infra.sandbox.reference_his import ReferenceHis, settlement
from infra.servers import Endpoints
from infra.settings import Settings
from infra.worker.worker import worker

LINES = 20
"""Fee lines of a stay."""
TOTAL = "2000.00"
_ITEMS = ("MNZL0007", "MNXY0002", "MNXY0003", "MNZL0001", "MNHC0001")
_AT_ONCE = 8
"""How many stays are prepared side by side."""


@dataclass(frozen=True, slots=True)
class PreparedStay:
    """A stay at one of the county's hospitals, whose lines are told and that is ended: what remains is 2304."""

    hospital: int
    psn_no: str
    mdtrt_id: str


def gateway_settings(folder: Path) -> Settings:
    """Of a gateway over servers in ``folder``; the keys stand beside it, where every copy of it finds them."""
    return Settings(
        data_dir=folder,
        partitions=1,
        gateway_key=folder.with_name("gateway.key"),
        persons_key=folder.with_name("persons.key"),
    )


def persons(count: int) -> list[str]:
    """Persons of the county beside those whom the sandbox has."""
    return [f"N{REGION}B{number:05d}" for number in range(count)]


async def prepare_stays(endpoints: Endpoints, folder: Path, insured: Sequence[str], stays: int) -> list[PreparedStay]:
    """Make the county on new servers in ``folder``, with stays of the first of the ``insured``, one each."""
    settings = gateway_settings(folder)
    keys, address = sandbox_keys(settings), Address("127.0.0.1", 0)
    prepared: list[PreparedStay] = []
    async with worker(endpoints.database_url, endpoints.nats_url, settings) as ours, at_work(ours):
        await prepare_county(ours, settings, keys, [])
        async with ours.engine.connect() as connection:
            today = county_day(await database_time(connection))
        await quiet(ours.engine, await publish(endpoints.nats_url, list(_enrolments(insured, today.year))))
        async with (
            serving(endpoints.database_url, endpoints.nats_url, settings, keys, address) as running,
            httpx.AsyncClient() as client,
        ):
            programs = [ReferenceHis(client, running.url, each.code, today) for each in HOSPITALS]
            queue = iter(enumerate(insured[:stays]))

            async def prepare() -> None:
                for number, psn_no in queue:
                    place = number % len(programs)
                    mdtrt_id = await ended_stay(programs[place], psn_no)
                    prepared.append(PreparedStay(place, psn_no, mdtrt_id))

            async with asyncio.TaskGroup() as preparing:
                for _ in range(_AT_ONCE):
                    preparing.create_task(prepare())
    return prepared


async def ended_stay(his: ReferenceHis, psn_no: str) -> str:
    """2401, 2301, 2402; returns 就诊ID."""
    mdtrt_id = await his.admit(psn_no)
    await his.upload(mdtrt_id, psn_no, _lines(his))
    await his.discharge(mdtrt_id, psn_no)
    return mdtrt_id


def settling(mdtrt_id: str, psn_no: str) -> dict[str, Any]:
    """The input of 2304."""
    return {"data": settlement(psn_no, TOTAL, mdtrt_id=mdtrt_id)}


def _lines(his: ReferenceHis) -> Sequence[dict[str, Any]]:
    return [his.line(str(number), _ITEMS[number % len(_ITEMS)], "100.00") for number in range(1, LINES + 1)]


def _enrolments(people: Sequence[str], year: int) -> Iterator[bytes]:
    for psn_no in people:
        yield orjson.dumps(
            {
                "specversion": "1.0",
                "id": f"bench-{psn_no}",
                "source": f"bureau/{REGION}",
                "type": "enrollment.recorded.v1",
                "data": {"person_id": psn_no, "region": REGION, "year": year},
            }
        )
