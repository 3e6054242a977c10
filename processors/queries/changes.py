"""Who changed the past: every settlement of a claim that replaced an earlier one, with the fact behind it."""

from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Numeric, Select, case, cast, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.county_time import COUNTY_TIME, day_end, day_start
from events.decisions import CLAIM_RESETTLED, PAYOUT_ADJUSTED, PAYOUT_DECIDED, PAYOUT_WITHDRAWN, ROSTER_WITHDRAWN
from events.money import yuan
from events.store.journal import entries
from processors.delivery.names import INTAKE_JOURNAL
from projections.statements import statements

Row = Mapping[str, Any]
KINDS = (
    "claim.corrected.v1",
    "claim.reversed.v1",
    "audit.found.v1",
    "audit.withdrawn.v1",
    "aid.decided.v1",
    "aid.withdrawn.v1",
    "roster.changed.v1",
    ROSTER_WITHDRAWN,
    "resettlement.ordered.v1",
    "recovery",
)
"""What brings a change about: types of facts; a list that was withdrawn; what the ledger sent again itself."""
WITHDRAWAL_IDS = "roster-withdrawal-"
"""The ids of changes of the roster that put back what a list had changed begin so."""
KEYS = (
    *("at", "kind", "actor", "source", "event_id", "cause", "person_id", "claim_id", "hospital_id", "region", "date"),
    *("status", "revision", "moved", "due_at_window", "reason", "journal", "number"),
)


def changes_query(unsigned: str | None = None, *, filtered: bool = True) -> Select[Any]:
    """Rows by ``KEYS``: ``at`` when it was booked, ``cause`` the fact's number in ``intake``, ``actor`` who stated it,
    ``unsigned`` where nobody says so.

    ``moved`` is by how much what all layers pay of the claim moved, in fen; ``due_at_window`` what the person owes the
    hospital because of it, below 0 the hospital him; None where that is none of the hospital's. Where rows are
    ``filtered`` or summed every entry is read once; else only the entries of the rows that are shown are.
    """
    settled, fact, booked = entries.alias("settled"), entries.alias("fact"), entries.alias("booked")
    data, said = _json_of(settled.c.data), _json_of(fact.c.raw)
    read_data = (
        select(data.label("data")).correlate(settled).offset(0).lateral("told")
    )  # OFFSET: read once, not once a column
    read_said = select(said.label("said")).correlate(fact).offset(0).lateral("stated")
    if filtered:
        data, said = read_data.c.data, read_said.c.said
    cause = data["cause"]
    # An order of the ledger's own and a decision on aid say in their data who took it, others beside them.
    signed = said["actor"].astext, said["data"]["actor"].astext, said["data"]["decided_by"].astext
    event_id = cause["event_id"].astext
    withdrawn = func.starts_with(event_id, WITHDRAWAL_IDS)
    moved = (
        select(func.coalesce(func.sum(booked.c.paid), 0).cast(BigInteger))
        .where(
            booked.c.person_id == settled.c.person_id,
            booked.c.claim_number == settled.c.claim_number,
            booked.c.run == settled.c.run,
            booked.c.type.in_((PAYOUT_DECIDED, PAYOUT_ADJUSTED, PAYOUT_WITHDRAWN)),
        )
        .scalar_subquery()
    )
    number = cast(cause["number"].astext, BigInteger)
    source = settled.join(read_data, true()) if filtered else settled
    source = source.join(statements, statements.c.claim_id == settled.c.claim_id, isouter=True)
    source = source.join(fact, (fact.c.journal == INTAKE_JOURNAL) & (fact.c.number == number), isouter=True)
    source = source.join(read_said, true(), isouter=True) if filtered else source
    return (
        select(
            settled.c.recorded_at.label("at"),
            case((withdrawn, ROSTER_WITHDRAWN), else_=cause["type"].astext).label("kind"),
            func.coalesce(*signed, unsigned).label("actor"),
            cause["source"].astext.label("source"),
            event_id.label("event_id"),
            number.label("cause"),
            settled.c.person_id,
            settled.c.claim_id,
            statements.c.hospital_id,
            statements.c.region,
            statements.c.date,
            data["statement"]["status"].astext.label("status"),
            cast(data["statement"]["revision"].astext, BigInteger).label("revision"),
            moved.label("moved"),
            cast(cast(data["due_at_window"].astext, Numeric) * 100, BigInteger).label("due_at_window"),
            said["data"]["reason"].astext.label("reason"),
            settled.c.journal,
            settled.c.number,
        )
        .select_from(source)
        .where(settled.c.type == literal_column(f"'{CLAIM_RESETTLED}'"))  # the index is of this very type
    )


def _json_of(content: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.convert_from(content, "UTF8"), JSONB)


async def newest_changes(connection: AsyncConnection) -> tuple[tuple[str, int], ...]:
    """The last change in each journal: sums of changes are the same as long as it is, for journals only grow."""
    last = select(entries.c.journal, func.max(entries.c.number)).group_by(entries.c.journal)
    found = await connection.execute(last.where(entries.c.type == literal_column(f"'{CLAIM_RESETTLED}'")))
    return tuple(sorted((journal, number) for journal, number in found))


def sums_query(unsigned: str | None = None) -> Select[Any]:
    """Changes by ``month`` (2019-06), ``kind``, ``source`` and ``actor``.

    ``changes``, ``claims`` and ``persons`` count; ``more`` and ``less`` are what moved up and down, ``moved``
    both, in fen.
    """
    each = changes_query(unsigned).offset(0).subquery("each_change")  # OFFSET: what moved is added up once a row
    month = func.to_char(each.c.at.op("AT TIME ZONE")(literal_column("'Asia/Shanghai'")), "YYYY-MM")
    moved = each.c.moved
    return select(
        month.label("month"),
        each.c.kind,
        each.c.source,
        each.c.actor,
        func.count().label("changes"),
        func.count(each.c.claim_id.distinct()).label("claims"),
        func.count(each.c.person_id.distinct()).label("persons"),
        func.coalesce(func.sum(moved).filter(moved > 0), 0).cast(BigInteger).label("more"),
        func.coalesce(func.sum(moved).filter(moved < 0), 0).cast(BigInteger).label("less"),
        func.sum(moved).cast(BigInteger).label("moved"),
    ).group_by(month, each.c.kind, each.c.source, each.c.actor)


async def change_rows(
    engine: AsyncEngine,
    *,
    since: date | None = None,
    until: date | None = None,
    actor: str | None = None,
    source: str | None = None,
    kind: str | None = None,
    person_id: str | None = None,
) -> AsyncIterator[Row]:
    """Changes, newest first, from a day of the county until a day that counts itself; money in yuan."""
    found = changes_query().subquery("changes")
    query = select(found).order_by(found.c.at.desc().nulls_last(), found.c.journal, found.c.number)
    if since is not None:
        query = query.where(found.c.at >= day_start(since))
    if until is not None:
        query = query.where(found.c.at < day_end(until))
    same = {"actor": actor, "source": source, "kind": kind, "person_id": person_id}
    query = query.where(*(found.c[name] == value for name, value in same.items() if value is not None))
    async with engine.connect() as connection:
        async for row in await connection.stream(query):
            told = {name: getattr(row, name) for name in KEYS}
            due = None if row.due_at_window is None else yuan(row.due_at_window)
            at, day = row.at.astimezone(COUNTY_TIME), row.date
            yield told | {"at": at, "date": day, "moved": yuan(row.moved), "due_at_window": due}
