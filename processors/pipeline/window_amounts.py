"""What person and hospital settle at the hospital's window for a claim (docs/domain.md#3.8).

A run of one cause tells it by the statements before and after it. A run that took the place of others books what
several facts have changed, and some of that is between the person and the funds: each fact's part is what it changes of
the claim settled from scratch.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalog import BUREAU
from events.store.journal import SETTLEMENT_STAGE, entries
from events.store.rows import among
from policies.claim import Claim
from policies.engine import Schemes, settle
from processors.delivery.names import INTAKE_JOURNAL
from processors.law.pinned_schemes import PinnedSchemes
from processors.pipeline.claim_history import (
    AUDIT_WITHDRAWN,
    AUDITED,
    CLAIM_HISTORY_TYPES,
    CORRECTED,
    HistoryError,
    pinned_texts,
    read_claims,
)
from processors.pipeline.fact_decoders import AuditData, AuditWithdrawalData, EntryRow, fact_data
from projections.bookings import CAUSE_NUMBER

_KNOWN = text(f"""
SELECT entry.claim_id, max({CAUSE_NUMBER}) AS known FROM ledger.entries AS entry
WHERE entry.person_id = ANY(CAST(:persons AS text[])) AND entry.stage = {SETTLEMENT_STAGE}
GROUP BY entry.claim_id
""")  # noqa: S608 - our own number

_A_BUREAU = f"{BUREAU}/"


class OwnChange(NamedTuple):
    """What a correction of a claim, or an audit laid on its hospital or withdrawn, leaves the person to pay at the
    window, in fen.

    Under 0 the hospital gives it back. ``number`` is the fact's in journal intake.
    """

    number: int
    due: int


@dataclass(slots=True)
class WindowAmounts:
    """By claim the changes of its own facts, and the number of the last fact that its statement knows.

    ``failed`` gives by person why they can't be told.
    """

    changes: Mapping[str, Sequence[OwnChange]] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    failed: Mapping[str, Exception] = field(default_factory=dict)

    def due(self, claim_id: str, known_now: int) -> int | None:
        """What the own facts have changed that came behind the claim's statement, in fen; None where none came."""
        known = self.known.get(claim_id, 0)
        own = [change.due for change in self.changes.get(claim_id, ()) if known < change.number <= known_now]
        return sum(own) if own else None

    def settled(self, claim_id: str, known_now: int) -> None:
        """Note that a statement was written which knows the facts up to a number."""
        self.known[claim_id] = max(known_now, self.known.get(claim_id, 0))


async def load_window_amounts(
    connection: AsyncConnection, pinned: PinnedSchemes, persons: Collection[str]
) -> WindowAmounts:
    """The changes of all own facts about some persons' claims."""
    if not persons:
        return WindowAmounts()
    known = await connection.execute(_KNOWN, {"persons": sorted(persons)})
    told = await connection.execute(
        select(entries)
        .where(among(entries.c.person_id, persons), entries.c.journal == INTAKE_JOURNAL)
        .where(entries.c.type.in_(CLAIM_HISTORY_TYPES))
        .order_by(entries.c.number)
    )
    by_person: dict[str, list[EntryRow]] = {}
    for row in told.mappings():
        by_person.setdefault(row["person_id"], []).append(cast("EntryRow", row))
    changes: dict[str, list[OwnChange]] = {}
    failed: dict[str, Exception] = {}
    for person_id, rows in by_person.items():
        try:
            texts = pinned_texts(rows)
        except HistoryError as error:
            failed[person_id] = error
            continue
        schemes = await pinned.require(connection, texts)
        try:
            for claim_id, change in _own_changes(rows, schemes):
                changes.setdefault(claim_id, []).append(change)
        except Exception as error:  # noqa: BLE001 - as for a run: it stops this person alone
            failed[person_id] = error
    return WindowAmounts(changes, {row.claim_id: row.known for row in known if row.known is not None}, failed)


def _own_changes(rows: Sequence[EntryRow], schemes: Schemes) -> Iterable[tuple[str, OwnChange]]:
    on_hospital: set[str] = set()
    for at, row in enumerate(rows):
        if row["type"] == AUDITED and (found := fact_data(row, AuditData)).borne_by == "hospital":
            on_hospital.add(found.finding_id)
        if row["type"] == CORRECTED or _finding_of(row) in on_hospital:
            before, after = read_claims(rows[:at])[0], read_claims(rows[: at + 1])[0]
            corrects = row["type"] == CORRECTED
            if corrects and row["source"].startswith(_A_BUREAU):
                continue
            due = window_change(schemes, row["claim_id"], before, after, corrects=corrects)
            yield row["claim_id"], OwnChange(row["number"], due)


def _finding_of(row: EntryRow) -> str | None:
    if row["type"] == AUDITED:
        return fact_data(row, AuditData).finding_id
    return fact_data(row, AuditWithdrawalData).finding_id if row["type"] == AUDIT_WITHDRAWN else None


def window_change(
    schemes: Schemes, claim_id: str, before: Sequence[Claim], after: Sequence[Claim], *, corrects: bool
) -> int:
    """What one own fact changes at the window of a claim, in fen; 0 for a reversed claim.

    ``before`` and ``after`` are all claims of the person as they stand on either side of the fact.
    """
    claim = next(each for each in after if each.claim_id == claim_id)
    if not claim.standing:
        return 0
    if corrects and claim.prepaid:
        return claim.bill.total - next(each for each in before if each.claim_id == claim_id).bill.total
    return _share(schemes, after, claim) - _share(schemes, before, claim)


def _share(schemes: Schemes, claims: Sequence[Claim], claim: Claim) -> int:
    bills: Mapping[int, Any] = settle(schemes, claims)[0]
    patient: int = bills[claim.number].shares()[0]
    return patient
