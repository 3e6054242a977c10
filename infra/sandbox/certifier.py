"""Runs the certification against a sandbox: with a person whom nobody has treated, so that it may run again."""

import io
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx
import orjson
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import county_day
from events.store.journal import database_time
from infra.messaging.publisher import PublishedEvents, publish_file
from infra.operations.quiescence import until_quiet
from infra.sandbox.certification import CertificationRun, StepResult, certify
from infra.sandbox.certification_steps import STEPS
from infra.sandbox.county import HOSPITALS, PHARMACY, REGION
from infra.sandbox.reference_his import ReferenceHis
from processors.queries.listings import statement_rows


async def certify_sandbox(url: str, engine: AsyncEngine, client: Client) -> list[StepResult]:
    """Take all steps against the gateway at ``url``; ``engine`` and ``client`` reach the ledger behind it."""

    async def publish(events: Iterable[Mapping[str, Any]]) -> None:
        published = PublishedEvents()
        lines = io.BytesIO(b"\n".join(map(orjson.dumps, events)))
        async for _ in publish_file(client, "certification", lines, published):
            pass
        await until_quiet(engine, published.sequences)

    async def statement(claim_id: str) -> Mapping[str, Any]:
        (row,) = [row async for row in statement_rows(engine, claim_id=claim_id)]
        return row

    async with engine.connect() as connection:
        today = county_day(await database_time(connection))
    psn_no = f"N{REGION}C{secrets.token_hex(4)}"
    await publish(_insured(psn_no, today.year))
    async with httpx.AsyncClient() as http:
        hospital = ReferenceHis(http, url.rstrip("/"), HOSPITALS[0].code, today)
        pharmacy = ReferenceHis(http, url.rstrip("/"), PHARMACY.code, today)
        return await certify(CertificationRun(hospital, pharmacy, psn_no, publish, statement), STEPS)


def _insured(psn_no: str, year: int) -> Iterator[dict[str, Any]]:
    for insured in (year - 1, year):
        enrolled = {"person_id": psn_no, "region": REGION, "year": insured}
        yield _event(f"{psn_no}-{insured}", "enrollment.recorded.v1", enrolled)
    card = {"person_id": psn_no, "disease": "hypertension", "disease_class": "II", "effective_on": f"{year}-01-01"}
    yield _event(f"{psn_no}-card", "chronic_card.issued.v1", card)


def _event(id_: str, type_: str, data: Mapping[str, Any]) -> dict[str, Any]:
    source = f"bureau/{REGION}"
    return {"specversion": "1.0", "source": source, "id": f"certify-{id_}", "type": type_, "data": dict(data)}
