"""Money that clearing's journal says has moved: payments, returns, receipts, repayments, and what took one back.

The journal is the record: no later step writes over what it says. A reference names one movement of money, so it is
noted once for a payee and step, and by one region only.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct, structs
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.county_time import COUNTY_TIME
from events.decisions import (
    ADVANCE_REPAID,
    CLEARING_PAID,
    HOSPITAL_PREPAID,
    PAYMENT_RETURNED,
    PAYMENT_REVERSED,
    PREPAYMENT_RETURN_REVERSED,
    PREPAYMENT_RETURNED,
    PREPAYMENT_REVERSED,
    RECEIPT_REVERSED,
    RECEIVABLE_SETTLED,
    REPAYMENT_REVERSED,
    RETURN_REVERSED,
)
from events.money import yuan
from policies.funds import BookedFund
from processors.delivery.names import CLEARING_JOURNAL
from processors.offices.operators import Operator
from processors.offices.refusal import StepRefused
from projections.clearing_rows import ClearingPayment

REVERSALS: Mapping[str, str] = {
    CLEARING_PAID: PAYMENT_REVERSED,
    PAYMENT_RETURNED: RETURN_REVERSED,
    RECEIVABLE_SETTLED: RECEIPT_REVERSED,
    ADVANCE_REPAID: REPAYMENT_REVERSED,
    HOSPITAL_PREPAID: PREPAYMENT_REVERSED,
    PREPAYMENT_RETURNED: PREPAYMENT_RETURN_REVERSED,
}
"""Each kind of movement, and the event that takes one back."""
MOVEMENT_NAMES: Mapping[str, str] = {
    CLEARING_PAID: "拨付",
    PAYMENT_RETURNED: "退汇",
    RECEIVABLE_SETTLED: "收回应收款",
    ADVANCE_REPAID: "归还临时救急借款",
    HOSPITAL_PREPAID: "预拨",
    PREPAYMENT_RETURNED: "退回预拨",
}

_PLAIN = "regexp_replace(lower(normalize({}, NFKC)), '\\s', '', 'g')"
_ASKED = _PLAIN.format("CAST(:reference AS text)")
SAME_REFERENCE = f"""({_PLAIN.format("said ->> 'reference'")} = {_ASKED} OR EXISTS (
    SELECT FROM jsonb_array_elements(said -> 'payments') AS part
    WHERE {_PLAIN.format("part ->> 'reference'")} = {_ASKED}))"""
_SAID = """
SELECT entry.number, entry.type, entry.recorded_at, said.said
FROM ledger.entries AS entry
CROSS JOIN LATERAL (SELECT convert_from(entry.data, 'UTF8')::jsonb AS said) AS said
WHERE entry.journal = :journal AND entry.type = ANY(CAST(:types AS text[])) AND ({condition})
ORDER BY entry.number
"""
_OWNERS = """
SELECT clearing_id AS id, region, NULL AS payee_kind, NULL AS payee
FROM projections.clearings WHERE clearing_id = ANY(CAST(:ids AS text[]))
UNION ALL
SELECT receivable_id, region, payee_kind, payee
FROM projections.receivables WHERE receivable_id = ANY(CAST(:ids AS text[]))
"""


class Movement(Struct, frozen=True):
    """Money of one payee that moved, in fen, as entry ``entry`` of clearing's journal says.

    ``of`` is the clearing, receivable, advance or prepayment. ``reversed_by`` is the entry that took it back as a
    mistake. ``payer`` is the fund that paid, where it is not all that pay this payee. ``by_reply`` says that a bank's
    reply told it, not a clerk.
    """

    entry: int
    type: str
    at: datetime
    operator: Operator
    region: str
    of: str
    payee_kind: str
    payee: str
    amount: int
    reference: str | None
    reason: str | None
    reversed_by: int | None = None
    payer: BookedFund | None = None
    by_reply: bool = False

    def is_about(self, named: Mapping[str, str]) -> bool:
        """Whether it is of a receivable, or of an advance of one bureau."""
        return self.of in named.values() and named.get("region", self.region) == self.region


class MovementReversal(Struct, frozen=True):
    """Entry ``entry`` of clearing's journal takes back what entry ``reverses`` says of one payee; ``amount`` in fen."""

    entry: int
    type: str
    reverses: int
    payee_kind: str
    payee: str
    amount: int
    operator: Operator


class _Said(NamedTuple):
    number: int
    type: str
    recorded_at: datetime
    said: dict[str, Any]

    @property
    def operator(self) -> Operator:
        """Who noted it."""
        return Operator.of(self.said)

    @property
    def of(self) -> str:
        """The clearing, receivable, advance or prepayment that the event is about."""
        return next(
            str(self.said[name])
            for name in ("clearing_id", "receivable_id", "advance_id", "prepayment_id")
            if name in self.said
        )


async def load_movements(
    connection: AsyncConnection, types: Collection[str], condition: str = "true", **parameters: Any
) -> list[Movement]:
    """The movements of some types whose event meets a condition of SQL on its JSON ``said``, in recorded order."""
    found = await _said(connection, types, condition, **parameters)
    undone = await _said(
        connection,
        [REVERSALS[type_] for type_ in types],
        "(said ->> 'entry')::bigint = ANY(CAST(:entries AS bigint[]))",
        entries=[each.number for each in found],
    )
    reversals = {(row.said["entry"], row.said["payee_kind"], row.said["payee"]): row.number for row in undone}
    rows = await connection.execute(text(_OWNERS), {"ids": sorted({each.of for each in found})})
    owners = {row.id: row for row in rows}
    return [
        structs.replace(movement, reversed_by=reversals.get((movement.entry, movement.payee_kind, movement.payee)))
        for each in found
        for movement in _movements(each, owners)
    ]


async def load_reversals(connection: AsyncConnection) -> list[MovementReversal]:
    """Everything that was taken back, in recorded order."""
    return [
        MovementReversal(
            entry=row.number,
            type=row.type,
            reverses=row.said["entry"],
            payee_kind=row.said["payee_kind"],
            payee=row.said["payee"],
            amount=row.said["amount"],
            operator=row.operator,
        )
        for row in await _said(connection, list(REVERSALS.values()), "true")
    ]


async def standing_movements(connection: AsyncConnection, clearing_id: str) -> list[Movement]:
    """Payments of a clearing and their returns that nobody took back, in recorded order."""
    condition = "said ->> 'clearing_id' = CAST(:clearing_id AS text)"
    found = await load_movements(connection, (CLEARING_PAID, PAYMENT_RETURNED), condition, clearing_id=clearing_id)
    return [each for each in found if each.reversed_by is None]


async def standing_transfers(connection: AsyncConnection, payment: ClearingPayment) -> list[Movement]:
    """The transfers by which what is paid of a payment was paid, without those that came back."""
    standing: list[Movement] = []
    for each in await standing_movements(connection, payment.clearing_id):
        if (each.payee_kind, each.payee) != (payment.payee_kind, payment.payee):
            continue
        if each.type == CLEARING_PAID:
            standing.append(each)
        else:
            standing = [paid for paid in standing if each.payer is not None and paid.payer not in (None, each.payer)]
    return standing


async def require_new_reference(
    connection: AsyncConnection, type_: str, reference: str, region: str, payees: Collection[tuple[str, str]]
) -> None:
    """Refuse a reference that stands for the same step of one of the payees (kind, id), or in another region.

    References are the same in upper and lower case, in full and half width, and whatever blanks they have. A movement
    that was reversed frees its reference. Raises ``StepRefused``.
    """
    for each in await load_movements(connection, [type_], SAME_REFERENCE, reference=reference):
        if each.reversed_by is None and (each.region != region or (each.payee_kind, each.payee) in payees):
            day, who = each.at.astimezone(COUNTY_TIME).date(), each.operator.actor
            raise StepRefused(
                f"凭证号 {reference} 已登记：{each.of}，{each.payee}，{MOVEMENT_NAMES[type_]}，{day}，经办 {who}；"
                f"请核对，确为另一笔的须用该笔自己的凭证号。"
                f"reference {reference} was noted already: {each.of}, {each.payee}, entry {each.entry}, by {who}; "
                f"a reference names one movement of money"
            )


async def history_rows(
    connection: AsyncConnection, types: Iterable[str], name: str, value: str
) -> list[dict[str, Any]]:
    """The steps of some types on what ``name`` names (a clearing_id, receivable_id or advance_id), as they are shown.

    In recorded order, money in yuan; a payment of several payees has a row each. ``reverses`` is the entry that a step
    took back as a mistake.
    """
    condition = "said ->> CAST(:name AS text) = CAST(:value AS text)"
    return [
        {
            "entry": step.number,
            "type": step.type,
            "at": step.recorded_at.isoformat(),
            "actor": step.said["actor"],
            "login": step.said.get("login"),
            "region": step.said.get("region"),
            "payee_kind": part.get("payee_kind"),
            "payee": part.get("payee"),
            "amount": yuan(part["amount"]) if "amount" in part else None,
            "reference": part.get("reference", step.said.get("reference")),
            "reason": step.said.get("reason"),
            "reverses": step.said.get("entry"),
        }
        for step in await _said(connection, list(types), condition, name=name, value=value)
        for part in step.said.get("payments", [step.said])
    ]


async def _said(connection: AsyncConnection, types: Collection[str], condition: str, **parameters: Any) -> list[_Said]:
    within = {"journal": CLEARING_JOURNAL, "types": list(types)} | parameters
    rows = await connection.execute(text(_SAID.format(condition=condition)), within)
    return [_Said(*row) for row in rows]


def _movements(event: _Said, owners: Mapping[str, Any]) -> Iterable[Movement]:
    said, owner = event.said, owners.get(event.of)
    for part in said.get("payments", [said]):
        person = said.get("person_id")
        yield Movement(
            entry=event.number,
            type=event.type,
            at=event.recorded_at,
            operator=event.operator,
            region=said.get("region", owner.region if owner else ""),
            of=event.of,
            payee_kind="person" if person else part.get("payee_kind") or (owner.payee_kind if owner else ""),
            payee=person or part.get("payee") or (owner.payee if owner else ""),
            amount=part["amount"],
            reference=part.get("reference", said.get("reference")),
            reason=said.get("reason"),
            payer=BookedFund(part["fund"], part.get("insurer")) if part.get("fund") else None,
            by_reply="reply" in said,
        )
