"""The bookings behind one payee's lines of a clearing: claim by claim, with the entry that one is."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import GRANT_AWARDED
from events.store.rows import among
from processors.clearing.fund_orders import load_parts
from processors.clearing.funds import GRANT, refund_fund
from processors.clearing.journal import refusing_unreadable_rows
from processors.clearing.payee_amounts import FIRST_PAYOUTS, GRANTS_IN_RANGES, range_parameters
from processors.clearing.premium_refunds import load_refunds
from processors.clearing.refusal import no_clearing
from processors.delivery.names import INTAKE_JOURNAL
from processors.offices.refusal import NoSuchRecord
from projections.bookings import FUND, INSURER
from projections.claims import claims
from projections.clearing_register import ClearingRegister
from projections.clearing_rows import Clearing, ClearingLine

KINDS = ("settled", "adjusted", "audit", "repaid")
"""The columns of a line that sum bookings; what is repaid is taken off."""

_OF_HOSPITAL = "NOT claim.prepaid AND claim.hospital_id = :payee"
_OF_PERSON = "claim.prepaid AND claim.person_id = :payee"
_FIRST = f"""
SELECT entry.journal, entry.number, entry.layer, entry.paid, {FUND} AS fund, {INSURER} AS insurer,
       claim.claim_id, claim.person_id, claim.hospital_id, claim.date
{FIRST_PAYOUTS} AND {{whose}}
ORDER BY claim.date, claim.claim_id, entry.journal, entry.number
"""
_GRANTS = f"""
SELECT entry.journal, entry.number, entry.type, entry.paid, {FUND} AS fund, {INSURER} AS insurer, entry.claim_id
{GRANTS_IN_RANGES} AND entry.person_id = :payee
ORDER BY entry.journal, entry.number
"""


class PayeeBooking(Struct, frozen=True):
    """What one line of a payee is made of, in fen; ``fund`` is the line's.

    ``journal`` and ``number`` name the entry that books it. A claim's later bookings are told by claim, as the draft
    has told with whom they are cleared. ``advance_id`` is the advance that it repays.
    """

    fund: str
    kind: str
    amount: int
    journal: str | None = None
    number: int | None = None
    claim_id: str | None = None
    person_id: str | None = None
    hospital_id: str | None = None
    day: date | None = None
    advance_id: str | None = None


class PayeeBookings(Struct, frozen=True):
    """A payee's lines of a clearing and what they are made of."""

    clearing: Clearing
    lines: tuple[ClearingLine, ...]
    bookings: tuple[PayeeBooking, ...]

    def differences(self) -> dict[tuple[str, str], int]:
        """By fund and kind what the lines have beyond the bookings, in fen; nothing where they are the same."""
        sums = {(line.fund, kind): getattr(line, kind) for line in self.lines for kind in KINDS}
        for each in self.bookings:
            key = each.fund, each.kind
            sums[key] = sums.get(key, 0) - each.amount
        return {key: amount for key, amount in sums.items() if amount}


async def payee_bookings(engine: AsyncEngine, clearing_id: str, payee_kind: str, payee: str) -> PayeeBookings:
    """What a clearing's lines of one payee are made of. Raises ``StepRefused`` where it has no such line."""
    register = ClearingRegister()
    async with engine.connect() as connection:
        with refusing_unreadable_rows():
            for table in (register.clearings, register.lines, register.repayments):
                await table.load(connection, table.table.c.clearing_id == clearing_id)
        head = register.clearings.get((clearing_id,))
        if head is None:
            raise no_clearing(clearing_id)
        lines = tuple(each for each in register.lines if (each.payee_kind, each.payee) == (payee_kind, payee))
        if not lines:
            raise NoSuchRecord(f"{clearing_id} 没有收款方 {payee}。there is no payee {payee} in {clearing_id}")
        found: list[PayeeBooking] = []
        if payee_kind in ("hospital", "person"):
            found += await _first(connection, head, payee_kind, payee)
            found += await _later(connection, head, payee_kind, payee)
        if payee_kind == "person":
            found += await _beside_claims(connection, head, payee)
    for each in register.repayments:
        if payee_kind == "person" and each.person_id == payee:
            found.append(PayeeBooking(each.fund, "repaid", each.amount, person_id=payee, advance_id=each.advance_id))
        elif payee_kind == "emergency_fund" and each.region == payee:
            found.append(
                PayeeBooking(each.fund, "repaid", -each.amount, person_id=each.person_id, advance_id=each.advance_id)
            )
    return PayeeBookings(head, lines, tuple(found))


async def _first(connection: AsyncConnection, head: Clearing, payee_kind: str, payee: str) -> Sequence[PayeeBooking]:
    whose = _OF_HOSPITAL if payee_kind == "hospital" else _OF_PERSON
    within = range_parameters(head.region, head.ranges) | {"payee": payee}
    rows = await connection.execute(text(_FIRST.format(whose=whose)), within)
    return [
        PayeeBooking(
            *(row.layer, "settled", row.paid, row.journal, row.number),
            *(row.claim_id, row.person_id, row.hospital_id, row.date),
        )
        for row in rows
    ]


async def _later(connection: AsyncConnection, head: Clearing, payee_kind: str, payee: str) -> Iterable[PayeeBooking]:
    sums: dict[tuple[str, str, str], int] = {}
    for part in await load_parts(connection, head):
        if part.kind != "settled" and part.payee_kind == payee_kind:
            key = part.claim_id, part.fund, part.kind
            sums[key] = sums.get(key, 0) + part.amount
    about = await _claims(connection, {claim_id for claim_id, *_ in sums})
    column = f"{payee_kind}_id"
    return [
        PayeeBooking(
            *(fund, kind, amount, None, None, claim_id),
            *(about[claim_id].person_id, about[claim_id].hospital_id, about[claim_id].date),
        )
        for (claim_id, fund, kind), amount in sorted(sums.items())
        if amount and claim_id in about and getattr(about[claim_id], column) == payee
    ]


async def _claims(connection: AsyncConnection, ids: set[str]) -> Mapping[str, Any]:
    wanted = (claims.c.claim_id, claims.c.person_id, claims.c.hospital_id, claims.c.date)
    rows = await connection.execute(select(*wanted).where(among(claims.c.claim_id, ids)))
    return {row.claim_id: row for row in rows}


async def _beside_claims(connection: AsyncConnection, head: Clearing, person_id: str) -> Sequence[PayeeBooking]:
    """A person's grants, and what comes back to him of premiums."""
    within = range_parameters(head.region, head.ranges) | {"payee": person_id}
    found = [
        PayeeBooking(
            *(GRANT, "settled" if row.type == GRANT_AWARDED else "adjusted", row.paid, row.journal, row.number),
            *(row.claim_id, person_id),
        )
        for row in await connection.execute(text(_GRANTS), within)
    ]
    # Clearings from before refunds were cleared have no range of their journal.
    begun, ended = head.ranges.get(INTAKE_JOURNAL, (0, 0))
    async for refund in load_refunds(connection, begun, ended):
        if refund.region == head.region and refund.person_id == person_id:
            kind = "settled" if refund.first else "adjusted"
            entry = INTAKE_JOURNAL, refund.number
            found.append(PayeeBooking(refund_fund(refund.payer), kind, refund.amount, *entry, person_id=person_id))
    return found
