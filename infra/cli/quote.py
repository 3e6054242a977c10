"""``claims quote``: what discharges and visits would settle to, with nothing booked."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from nats.errors import NoRespondersError

from events.refusals import REASON_NAMES
from infra.access.sources import QUOTE
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import print_json, table
from infra.cli.session import learn_terms_of, ledger_servers, migrate_and_learn, require_ledger, run
from infra.messaging.broker import connected_broker
from infra.messaging.tls import check_tls
from infra.postgres.engine import connect
from infra.servers import Endpoints
from infra.settings import Settings
from infra.worker.quote_service import TOO_MANY
from infra.worker.request_service import ANSWERED_WITHIN_S, UNAVAILABLE
from processors.law.terms import LAYER_NAMES
from processors.person.quote import Quotes

Reply = Mapping[str, Any]
Ask = Callable[[bytes], Awaitable[Reply]]
_PATIENCE_S = 2 * ANSWERED_WITHIN_S
_NAMES: Mapping[Any, str] = {**REASON_NAMES, UNAVAILABLE: "暂不可用", TOO_MANY: "询问过多"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(quote)


def quote(
    files: Annotated[list[str], typer.Argument(help="出院或门诊事件 discharge or outpatient events; - is stdin")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """预结算：只试算，不入账。Trial settlement: what each event would be paid now; nothing is booked."""
    settings = settings_of(data_dir)

    async def main() -> int:
        require_ledger(settings)
        lines = list(_lines(files))
        async with ledger_servers(settings, "quote", nats=False) as endpoints, _asking(endpoints, settings) as ask:
            replies = [await ask(line) for _, line in lines]
        if json:
            print_json(replies)
        else:
            _print([place for place, _ in lines], replies)
        return 0

    sys.exit(run(main))


@asynccontextmanager
async def _asking(endpoints: Endpoints, settings: Settings) -> AsyncIterator[Ask]:
    """Asks a worker over NATS; where none answers, reads the database itself."""
    async with _requests(endpoints, settings) if endpoints.nats_url and not endpoints.owned else nullcontext() as ask:
        if ask is not None:
            await learn_terms_of(endpoints.database_url)
            yield ask
            return
    await migrate_and_learn(endpoints.database_url)
    engine = connect(endpoints.database_url)
    quotes = Quotes(engine)
    try:
        yield lambda line: quotes.quote(None, line)
    finally:
        await engine.dispose()


@asynccontextmanager
async def _requests(endpoints: Endpoints, settings: Settings) -> AsyncIterator[Ask | None]:
    await check_tls(endpoints.nats_url, settings.nats_ca)
    async with connected_broker(endpoints.nats_url, settings.nats_ca) as broker:

        async def ask(line: bytes) -> Reply:
            reply: Reply = orjson.loads((await broker.connection.request(QUOTE, line, timeout=_PATIENCE_S)).data)
            return reply

        try:
            await ask(b"")  # a worker that is there refuses it as malformed
        except NoRespondersError:
            yield None
        else:
            yield ask


def _lines(files: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for name in files:
        told = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        for number, line in enumerate(told.split(b"\n"), start=1):
            if line.strip():
                yield f"{name}:{number}", line


def _print(places: Sequence[str], replies: Sequence[Reply]) -> None:
    told = list(zip(places, replies, strict=True))
    settled = [_cells(place, reply["statement"]) for place, reply in told if "statement" in reply]
    refused = [_refusal(place, reply["refused"]) for place, reply in told if "refused" in reply]
    if settled or not refused:
        columns = "行 line,结算单 claim,参保人 person,政策 scheme,总额 total,各保障线 layers,个人 patient,医院 hospital"
        title = "预结算（未入账）Trial settlement, nothing booked（元 yuan）"
        table(title, tuple(columns.split(",")), settled, right=(4, 6, 7))
    if refused:
        table("拒收 Refused", ("行 line", "原因 reason", "说明 detail"), refused)


def _cells(place: str, row: Reply) -> tuple[str, ...]:
    layers = "\n".join(f"{LAYER_NAMES[layer['layer']]} {layer['paid']}" for layer in row["layers"]) or "—"
    known = (place, row["claim_id"], row["person_id"], row["scheme"], row["total"])
    return *known, layers, row["patient_share"], row["hospital_share"]


def _refusal(place: str, refusal: Reply) -> tuple[str, ...]:
    return place, f"{_NAMES.get(refusal['reason'], '')} {refusal['reason']}", refusal["detail"]
