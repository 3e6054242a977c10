"""Settles a person's claims from scratch, and compares that with what is booked: for ``verify``, replay and file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from policies.claim import Claim, Payout, Used
from policies.engine import Schemes, settle
from policies.grants import grants_due
from processors.pipeline.settlement import grant_claims, statement_row
from projections.grants import GrantKey
from projections.statements import StatementRow

Value = TypeVar("Value")
Key = TypeVar("Key", bound=tuple[object, ...])

NOTHING = Used()


class StageBooking(Struct, frozen=True, gc=False):
    """The net of what is booked for one claim at one stage for one layer and track."""

    claim_id: str
    number: int
    stage: int
    year: int
    scheme: str
    layer: str
    track: str
    net: Used


class HeldGrant(Struct, frozen=True, gc=False):
    """A grant, with the claim that brought it: ``year`` is 0 for one given once in a life, ``amount`` in fen."""

    scheme: str
    kind: str
    year: int
    amount: int
    claim_id: str

    @property
    def key(self) -> GrantKey:
        """What tells it apart from the person's others."""
        return self.scheme, self.kind, self.year


class Recalculation(Struct, frozen=True):
    """What settling a person's claims from scratch gives: payouts by claim number, a statement a claim, the grants."""

    payouts: dict[int, list[Payout]]
    statements: list[StatementRow]
    grants: dict[GrantKey, HeldGrant]


class PayoutDifference(Struct, frozen=True):
    """A layer that settling from scratch gives other figures than are booked for a claim."""

    claim_id: str
    layer: str
    stage: int
    expected: Used
    booked: Used

    @property
    def where(self) -> str:
        """Its place, for people."""
        return f"claim {self.claim_id}, {self.layer} (stage {self.stage})"


def recalculate(claims: Sequence[Claim], schemes: Schemes) -> Recalculation:
    """Settle a person's claims with the live facts that they carry, under the schemes they are pinned to.

    Raises ``LookupError`` for a scheme not among these, ``AssertionError`` where a bill would not balance.
    """
    bills, _ = settle(schemes, claims)
    payouts = {number: bill.payouts for number, bill in bills.items()}
    settled = [bills[claim.number].claim if claim.number in bills else claim for claim in claims]
    rows = [statement_row(claim, payouts.get(claim.number, []), schemes[claim.scheme]) for claim in settled]
    return Recalculation(payouts, [StatementRow(**row) for row in rows], _grants(rows, schemes))


def payout_differences(
    claims: Iterable[Claim], payouts: Mapping[int, list[Payout]], booked: Sequence[StageBooking]
) -> list[PayoutDifference]:
    """Where payouts from scratch differ from what is booked; ``booked`` in the order of claim and stage."""
    if _figures(payouts) == [
        (each.number, each.stage, each.layer, each.track, each.net) for each in booked if each.net != NOTHING
    ]:
        return []
    names = {claim.number: claim.claim_id for claim in claims}
    expected: dict[tuple[int, int, str, str], Used] = {}
    for number, stage, layer, track, figures in _figures(payouts):
        expected.setdefault((number, stage, layer, track), Used()).merge(figures)
    found: dict[tuple[int, int, str, str], Used] = {}
    for each in booked:
        names.setdefault(each.number, each.claim_id)
        found.setdefault((each.number, each.stage, each.layer, each.track), Used()).merge(each.net)
    return [
        PayoutDifference(names[number], layer, stage, due or NOTHING, net or NOTHING)
        for (number, stage, layer, _), due, net in differing(expected, found)
        if (due or NOTHING) != (net or NOTHING)
    ]


def nulls_last(key: tuple[object, ...]) -> tuple[tuple[bool, object], ...]:
    """Sorts keys whose parts a damaged entry may lack: None comes after every value."""
    return tuple((part is None, part) for part in key)


def differing(
    expected: Mapping[Key, Value], found: Mapping[Key, Value]
) -> Iterator[tuple[Key, Value | None, Value | None]]:
    """The keys, in order, whose two values are not the same, with both; None stands for no value."""
    for key in sorted(expected.keys() | found.keys(), key=nulls_last):
        due, there = expected.get(key), found.get(key)
        if due != there:
            yield key, due, there


def _figures(payouts: Mapping[int, list[Payout]]) -> list[tuple[int, int, str, str, Used]]:
    """What was decided, as the bookings say it: in ledger order, then that of the layers."""
    return [
        (number, each.stage, each.layer, each.track, Used(each.base, each.deductible, each.paid, each.extra, 1))
        for number, decided in payouts.items()
        for each in decided
    ]


def _grants(rows: Sequence[dict[str, object]], schemes: Schemes) -> dict[GrantKey, HeldGrant]:
    due: dict[GrantKey, HeldGrant] = {}
    for name in {str(row["scheme"]) for row in rows}:
        history = [row for row in rows if row["scheme"] == name]
        offered = {str(row["scheme_hash"]): schemes[str(row["scheme_hash"])].grants for row in history}
        if not any(offered.values()):
            continue
        for grant in grants_due(grant_claims(history), offered):
            held = HeldGrant(name, grant.kind, grant.year or 0, grant.amount, grant.claim_id)
            due[held.key] = held
    return due
