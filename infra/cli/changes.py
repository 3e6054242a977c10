"""``claims changes``: who changed the past, over all persons."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.arguments import day_of, listed, unusable
from infra.cli.names import Names
from infra.cli.options import DataDir, Json, PersonId
from infra.cli.row_output import OutFile, Row, list_rows
from infra.files.sheet import coded
from infra.person_file.names import CHANGE_KINDS, STATUSES
from processors.queries.changes import KINDS, change_rows

_KIND_NAMES = {kind: CHANGE_KINDS[kind][0] for kind in KINDS}
_STATUS_NAMES = {code: chinese for code, (chinese, _) in STATUSES.items()}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(changes)


def changes(
    since: Annotated[str | None, typer.Option("--since", help="自哪一天起 from a day on, 2026-03-01")] = None,
    until: Annotated[str | None, typer.Option("--until", help="至哪一天（含） until a day, itself too")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="经办人 who stated it")] = None,
    source: Annotated[str | None, typer.Option("--source", help="来源 who sent it, hospital/H2206213")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="种类 kind, claim.corrected.v1")] = None,
    person: PersonId = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """改动：谁改了已结算的账，最新的在上。Who changed what was settled: corrections, reversals, late facts, audits."""
    first = None if since is None else day_of(since, "--since")
    last = None if until is None else day_of(until, "--until")
    if kind is not None and kind not in KINDS:
        raise unusable(f"没有种类 {kind}，可用 {listed(KINDS)}", f"{kind} is no kind of change", "--kind")

    def query(engine: AsyncEngine) -> AsyncIterator[Row]:
        days = {"since": first, "until": last}
        return change_rows(engine, **days, actor=actor, source=source, kind=kind, person_id=person)

    list_rows(
        data_dir,
        "changes",
        query,
        json=json,
        out=out,
        title="改动 Changes of what was settled",
        columns="时间 at,种类 kind,经办 actor,来源 source,事件 event,参保人 person,结算单 claim,日期 date:day"
        ",版次 rev:count,状态 status,各线支付变动 moved:money+,窗口应补 due at window:money+,事由 reason",
        cells=_cells,
        empty="没有已结算的结算单被改动 no claim that was settled has been settled again",
    )


def _cells(row: Row, _names: Names) -> Sequence[Any]:
    return [
        f"{row['at']:%Y-%m-%d %H:%M:%S}",
        coded(_KIND_NAMES, row["kind"]),
        *(row[name] for name in ("actor", "source", "event_id", "person_id", "claim_id", "date", "revision")),
        coded(_STATUS_NAMES, row["status"]),
        *(row[name] for name in ("moved", "due_at_window", "reason")),
    ]
