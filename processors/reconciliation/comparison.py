"""Reconciliation (对账 3201/3202): a hospital's own figures of a month compared with the ledger, claim by claim.

A claim belongs to the month of its date, and both sides state net figures: the hospital's file as its system showed
them, the ledger's statements as they are now. Or it belongs to the months in which it was settled and taken back, with
negative rows, as 3202 has it. Either is the hospital's view: of a prepaid claim the hospital got all from the person.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, Literal

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.money import yuan
from events.refusals import REASON_NAMES
from events.store.rows import among
from processors.law.terms import LAYER_NAMES
from processors.reconciliation.settlement_days import settled_in
from projections.claims import claims
from projections.hospitals import load_hospitals
from projections.refusals import refusals
from projections.statements import statements
from projections.waiting_discharges import waiting

DifferenceKind = Literal[
    "hospital_only",
    "ledger_only",
    "reversed_at_hospital",
    "reversed_in_ledger",
    "date_differs",
    "amount_differs",
    "total_differs",
    "total_not_of_detail",
]
FUNDS = "funds"

Amounts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class HospitalClaim:
    """One claim as the hospital states it: fen by name of amount, for the amounts that its file has."""

    claim_id: str
    day: date
    amounts: Amounts
    standing: bool = True


@dataclass(frozen=True, slots=True)
class ReconciliationDifference:
    """One thing on which the two sides differ; amounts in yuan, ``difference`` is hospital minus ledger."""

    kind: DifferenceKind
    claim_id: str | None = None
    field: str | None = None
    hospital: str | None = None
    ledger: str | None = None
    difference: str | None = None
    detail: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The difference as JSON."""
        return asdict(self)


@dataclass(slots=True)
class Reconciliation:
    """The sums of both sides, and what differs; sums in fen over claims that are not reversed, with their number."""

    hospital: dict[str, int]
    ledger: dict[str, int]
    prepaid: dict[str, int]
    """claims that persons had prepaid, and fen that the funds pay these persons: no hospital has it in its funds"""
    differences: list[ReconciliationDifference] = field(default_factory=list)


def amounts() -> tuple[str, ...]:
    """What may be compared of a claim, in fen; ``funds`` is what all layers pay together."""
    return "total", *LAYER_NAMES, FUNDS, "patient_share"


async def reconcile(
    engine: AsyncEngine,
    hospital_id: str,
    month: date,
    stated: Sequence[HospitalClaim],
    *,
    totals: Amounts | None = None,
    unread: Collection[str] = (),
    by_settlement: bool = False,
) -> Reconciliation:
    """Compare a hospital's claims of a month (its first day) with the ledger's; nothing is changed.

    ``by_settlement`` says that the month is that of settlement, and that amounts are what each claim brought to it.

    ``totals`` are the hospital's own sums of the month (``claims`` and amounts). ``unread`` are claims in rows that
    could not be read: they do not count as missing, and the file's sums are not compared with ``totals``. Raises
    ``LookupError`` where no hospital of that id was ever registered.
    """
    async with engine.connect() as connection:
        if hospital_id not in await load_hospitals(connection, [hospital_id]):
            raise LookupError(
                f"从未登记过医疗机构 {hospital_id}，已登记的见 claims report hospital。"
                f"no hospital {hospital_id} was ever registered"
            )
        if by_settlement:
            ledger = await _brought_in(connection, hospital_id, month)
        else:
            ledger = await _statements(connection, hospital_id, month, [claim.claim_id for claim in stated])
        missing = [claim.claim_id for claim in stated if claim.claim_id not in ledger]
        reasons = await _reasons(connection, hospital_id, missing)
    of_month = [row for row in ledger.values() if by_settlement or _in(month, row["date"])]
    found = _sides(stated, of_month)
    for claim in stated:
        if claim.claim_id in ledger:
            found.differences += _differences(claim, ledger[claim.claim_id])
        else:
            detail = reasons.get(claim.claim_id, "unknown to the ledger")
            found.differences.append(ReconciliationDifference("hospital_only", claim.claim_id, detail=detail))
    found.differences += _ledger_only(month, of_month, {claim.claim_id for claim in stated} | set(unread))
    if totals is not None:
        found.differences += _compare(totals, found.ledger, "total_differs")
        if not unread:
            own = _compare(totals, found.hospital, "total_not_of_detail")
            found.differences += [replace(each, detail="beside the sum of its own rows") for each in own]
    return found


def _sides(stated: Sequence[HospitalClaim], of_month: Iterable[Mapping[str, Any]]) -> Reconciliation:
    """The sums of both sides, with no difference yet."""
    names = [name for name in amounts() if any(name in claim.amounts for claim in stated)] or list(amounts())
    told = {claim.claim_id: claim.amounts for claim in stated}
    standing = [row for row in of_month if row["status"] == "settled"]
    prepaid = [row for row in standing if row["payee"] == "person"]
    return Reconciliation(
        _sums(names, [claim.amounts for claim in stated if claim.standing]),
        _sums(amounts(), [_view(row, told.get(row["claim_id"], {})) for row in standing]),
        {"claims": len(prepaid), FUNDS: sum(_amounts(row)[FUNDS] for row in prepaid)},
    )


def _ledger_only(
    month: date, of_month: Iterable[Mapping[str, Any]], known: Collection[str]
) -> Iterator[ReconciliationDifference]:
    for row in sorted(of_month, key=lambda row: (row["date"] or month, row["claim_id"])):
        # A hospital's system may drop a claim that it reversed: nothing is owed on either side.
        if row["claim_id"] not in known and row["status"] == "settled":
            detail = f"{row['date'] or f'{month:%Y-%m}'}, funds {yuan(_view(row, {})[FUNDS])}"
            yield ReconciliationDifference("ledger_only", row["claim_id"], detail=detail)


def _differences(claim: HospitalClaim, row: Mapping[str, Any]) -> list[ReconciliationDifference]:
    standing = row["status"] == "settled"
    if claim.standing != standing:
        kind: DifferenceKind = "reversed_in_ledger" if claim.standing else "reversed_at_hospital"
        return [ReconciliationDifference(kind, claim.claim_id, "status", *(_status(claim.standing), _status(standing)))]
    found = []
    if row["date"] is not None and claim.day != row["date"]:
        days = claim.day.isoformat(), row["date"].isoformat()
        found.append(ReconciliationDifference("date_differs", claim.claim_id, "date", *days))
    if standing:
        found += _compare(claim.amounts, _view(row, claim.amounts), "amount_differs", claim.claim_id)
    return found


def _compare(
    stated: Amounts, ledger: Amounts, kind: DifferenceKind, claim_id: str | None = None
) -> list[ReconciliationDifference]:
    differ = {name: amount - ledger[name] for name, amount in stated.items() if amount != ledger.get(name, amount)}
    # Where the layers' own differences add up to that of their sum, the sum is left out.
    if differ.get(FUNDS) == sum(differ.get(layer, 0) for layer in LAYER_NAMES):
        differ.pop(FUNDS, None)
    found = []
    for name, difference in differ.items():
        shown = str if name == "claims" else yuan
        found.append(
            ReconciliationDifference(kind, claim_id, name, shown(stated[name]), shown(ledger[name]), shown(difference))
        )
    return found


def _status(standing: bool) -> str:
    return "settled" if standing else "reversed"


def _amounts(row: Mapping[str, Any]) -> dict[str, int]:
    paid = dict.fromkeys(LAYER_NAMES, 0) | dict(row["layers"])
    return {
        "total": row["total"],
        **{str(layer): amount for layer, amount in paid.items()},
        FUNDS: sum(paid.values()),
        "patient_share": row["patient_share"],
    }


def _view(row: Mapping[str, Any], stated: Amounts) -> dict[str, int]:
    """A claim as its hospital sees it: of a prepaid one the person paid all but the hospital's own share.

    A hospital may state a prepaid claim as its statement does; then that is held against it.
    """
    amounts = _amounts(row)
    if row["payee"] != "person" or (stated and all(amounts.get(name) == fen for name, fen in stated.items())):
        return amounts
    return dict.fromkeys(amounts, 0) | {
        "total": row["total"],
        "patient_share": row["total"] - row["hospital_share"],
    }


async def _brought_in(connection: AsyncConnection, hospital_id: str, month: date) -> dict[str, Mapping[str, Any]]:
    settled = await settled_in(connection, hospital_id, month)
    return {claim_id: _brought(claim_id, before, now) for claim_id, (before, now) in settled.items()}


def _brought(claim_id: str, before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> dict[str, Any]:
    """What a claim brought to a month, in the shape of a statement; ``reversed`` where that is nothing at all."""
    layers: dict[str, int] = {}
    sums = dict.fromkeys(("total", "patient_share", "hospital_share"), 0)
    for sign, statement in ((-1, before), (1, now)):
        if statement is not None and statement["status"] == "settled":
            for name in sums:
                sums[name] += sign * statement[name]
            for layer, paid in statement["layers"]:
                layers[layer] = layers.get(layer, 0) + sign * paid
    changed = any(sums.values()) or any(layers.values())
    status = "settled" if changed else "reversed"
    return {
        "claim_id": claim_id,
        "date": None,
        "status": status,
        "payee": now["payee"],
        "layers": list(layers.items()),
        **sums,
    }


def _sums(names: Iterable[str], claims_: Sequence[Amounts]) -> dict[str, int]:
    return {"claims": len(claims_)} | {name: sum(amounts.get(name, 0) for amounts in claims_) for name in names}


def _in(month: date, day: date) -> bool:
    return (day.year, day.month) == (month.year, month.month)


async def _statements(
    connection: AsyncConnection, hospital_id: str, month: date, claim_ids: Iterable[str]
) -> dict[str, Mapping[str, Any]]:
    """The hospital's statements of the month, and those of other months whose claims it names."""
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    of_month = and_(statements.c.date >= month, statements.c.date < after)
    query = select(statements).where(
        statements.c.hospital_id == hospital_id,
        statements.c.source == f"hospital/{hospital_id}",  # what a bureau had on paper is not in the hospital's books
        or_(of_month, among(statements.c.claim_id, claim_ids)),
    )
    return {row["claim_id"]: dict(row) for row in (await connection.execute(query)).mappings()}


async def _reasons(connection: AsyncConnection, hospital_id: str, claim_ids: Sequence[str]) -> dict[str, str]:
    """Why claims that a hospital names have no statement, by what the hospital itself may know."""
    source = f"hospital/{hospital_id}"
    refused = select(refusals.c.subject, refusals.c.reason).where(
        among(refusals.c.subject, claim_ids), refusals.c.mailbox == source
    )
    reasons = {
        row.subject: f"refused: {row.reason} {REASON_NAMES[row.reason]}"
        for row in await connection.execute(refused.order_by(refusals.c.number))
    }
    waits = select(waiting.c.claim_id, waiting.c.admission_id).where(
        among(waiting.c.claim_id, claim_ids), waiting.c.source == source
    )
    for row in await connection.execute(waits):
        reasons[row.claim_id] = f"waits for admission {row.admission_id}"
    unsettled = select(claims.c.claim_id).where(among(claims.c.claim_id, claim_ids), claims.c.source == source)
    for claim_id in (await connection.execute(unsettled)).scalars():
        reasons[claim_id] = "accepted, and not settled yet"
    return reasons
