"""Out of which funds, kept by which insurers, a clearing pays its payees: an order for each.

The lines of a clearing are by layer. Which fund pays a layer is what the ledger's entries say that the clearing takes,
claim by claim, so the shares of a line sum to it whatever texts have come into force. Hospitals and persons are paid
what all funds owe them together: what a payee owes one fund another pays it less.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.rows import among
from policies.arithmetic import add_to
from policies.funds import BookedFund, booked_fund
from processors.clearing.funds import EMERGENCY_FUND
from processors.clearing.payee_amounts import IN_RANGES, LATER_PAYOUT, load_fixed_payee_amounts, range_parameters
from projections.bookings import FUND, INSURER, IS_PAYOUT
from projections.claims import claims
from projections.clearing_rows import ClearedPart, ClearingLine, Ranges, SetOff, dues
from projections.prepayments import PrepaidSetOff, Prepayment
from projections.withholdings import ReleasedShare, WithheldShare

_LATER = text(f"""
SELECT claim.claim_id, entry.stage, entry.layer, {FUND} AS fund, {INSURER} AS insurer, entry.paid
{IN_RANGES} AND {LATER_PAYOUT}
ORDER BY entry.run, entry.number
""")

_STANDING = text(f"""
SELECT DISTINCT ON (entry.claim_id, entry.stage, entry.layer) entry.claim_id, entry.stage, entry.layer,
       {FUND} AS fund, {INSURER} AS insurer
FROM unnest(CAST(:journals AS text[]), CAST(:ended AS bigint[])) AS taken (journal, ended)
JOIN ledger.entries AS entry ON entry.journal = taken.journal AND entry.number <= taken.ended
WHERE entry.person_id = ANY(CAST(:persons AS text[])) AND entry.claim_id = ANY(CAST(:claims AS text[])) AND {IS_PAYOUT}
ORDER BY entry.claim_id, entry.stage, entry.layer, entry.run DESC, entry.number DESC
""")  # noqa: S608 - our own conditions

Payee = tuple[str, str]
"""kind and id"""
Stage = tuple[str, int, str]
"""claim, stage of its path, the layer there"""
Place = tuple[str, str, str]
"""payee kind, payee, layer or what else a line is of"""


class FundShare(Struct, frozen=True):
    """What of one line of a clearing a fund pays, in fen: ``booked`` less what is ``repaid`` of advances."""

    payee_kind: str
    payee: str
    line: str
    payer: BookedFund
    booked: int
    repaid: int

    @property
    def payable(self) -> int:
        """What the fund owes for it; under 0 it is owed."""
        return self.booked - self.repaid


class FundTransfer(Struct, frozen=True):
    """What one fund transfers to one payee, in fen, never under 0.

    ``amount`` = ``payable`` + ``released`` − ``netted`` − ``withheld`` − ``prepaid``. ``released`` is what it kept back
    in earlier clearings, ``netted`` is set off against what the payee owes: this fund, another, or from an earlier
    clearing. ``withheld`` it keeps back, ``prepaid`` it had paid ahead.
    """

    payer: BookedFund
    payee_kind: str
    payee: str
    payable: int
    released: int
    netted: int
    withheld: int
    prepaid: int
    amount: int

    @property
    def withholdable(self) -> int:
        """Of what it is to transfer that which a share is kept back of: not of what it releases."""
        return max(0, self.payable - self.netted)


async def load_fund_shares(
    connection: AsyncConnection,
    region: str,
    ranges: Ranges,
    lines: Sequence[ClearingLine],
    parts: Sequence[ClearedPart],
) -> list[FundShare]:
    """The lines of a clearing by fund and insurer; ``parts`` are those that its draft has recorded."""
    booked: dict[tuple[Place, BookedFund], int] = {}
    for each in await load_fixed_payee_amounts(connection, region, ranges):
        payer = each.payer or booked_fund(None, None, each.fund)
        add_to(booked, ((each.party, each.payee, each.fund), payer), each.amount)
    for key, amount in (await _later_shares(connection, range_parameters(region, ranges), parts)).items():
        add_to(booked, key, amount)
    return fund_shares(lines, booked)


def fund_shares(lines: Sequence[ClearingLine], booked: Mapping[tuple[Place, BookedFund], int]) -> list[FundShare]:
    """The lines by fund: what is repaid of an advance goes off the first shares of a line that hold it."""
    by_place: dict[Place, dict[BookedFund, int]] = {}
    for (place, payer), amount in booked.items():
        by_place.setdefault(place, {})[payer] = amount
    shares: list[FundShare] = []
    lent: dict[str, dict[BookedFund, int]] = {}
    owed = [line for line in lines if line.payee_kind != EMERGENCY_FUND]
    for line in owed:
        place = line.payee_kind, line.payee, line.fund
        own = by_place.pop(place, {})
        taken = _take(own, line.repaid)
        for payer, amount in own.items():
            shares.append(FundShare(*place, payer, amount, taken.get(payer, 0)))
            add_to(lent.setdefault(line.fund, {}), payer, taken.get(payer, 0))
    # no line: what has moved from one fund to another comes to nothing for the payee
    shares += [FundShare(*place, payer, amount, 0) for place, own in by_place.items() for payer, amount in own.items()]
    for line in (line for line in lines if line.payee_kind == EMERGENCY_FUND):
        place, left = (line.payee_kind, line.payee, line.fund), lent.get(line.fund, {})
        for payer, repaid in _take(left, -line.repaid).items():
            left[payer] -= repaid
            shares.append(FundShare(*place, payer, 0, -repaid))
    return [share for share in shares if share.booked or share.repaid]


def _take(sums: Mapping[BookedFund, int], amount: int) -> dict[BookedFund, int]:
    """An amount from those that hold any, in the order of their names."""
    taken: dict[BookedFund, int] = {}
    for payer, held in sorted(sums.items(), key=str):
        taken[payer] = min(max(held, 0), amount)
        amount -= taken[payer]
    return taken


def fund_transfers(
    shares: Iterable[FundShare],
    due: Mapping[Payee, int],
    prepaid: Iterable[PrepaidSetOff] = (),
    withheld: Iterable[WithheldShare] = (),
    released: Iterable[ReleasedShare] = (),
) -> list[FundTransfer]:
    """What each fund transfers to each payee, by fund. ``due`` is what each payee is due, what was prepaid and is
    withheld among it.

    What is netted goes off the funds in the order of their names; what a fund had paid ahead, keeps back or releases is
    its own.
    """
    payable: dict[Payee, dict[BookedFund, int]] = {}
    for share in shares:
        add_to(payable.setdefault((share.payee_kind, share.payee), {}), share.payer, share.payable)
    ahead, kept, freed = (dict[tuple[Payee, BookedFund], int]() for _ in range(3))
    for each in prepaid:
        add_to(ahead, (("hospital", each.payee), each.payer), each.amount)
    for back in withheld:
        add_to(kept, (("hospital", back.hospital_id), back.payer), back.amount)
    for free in released:
        payee = "hospital", free.hospital_id
        add_to(freed, (payee, free.payer), free.amount)
        add_to(payable.setdefault(payee, {}), free.payer, 0)
    found: list[FundTransfer] = []
    for payee, by_fund in payable.items():
        owed = {payer: amount + freed.get((payee, payer), 0) for payer, amount in by_fund.items()}
        netted = _take(owed, sum(max(total, 0) for total in owed.values()) - due.get(payee, 0))
        for payer, total in owed.items():
            left = max(total, 0) - netted[payer]
            taken = kept.get((payee, payer), 0), ahead.get((payee, payer), 0)
            sums = by_fund[payer], total - by_fund[payer], total - left, *taken, left - sum(taken)
            found.append(FundTransfer(payer, *payee, *sums))
    return sorted(found, key=lambda each: (str(each.payer), each.payee_kind, each.payee))


def due_to(
    lines: Iterable[ClearingLine], against: Iterable[SetOff], released: Iterable[ReleasedShare] = ()
) -> dict[Payee, int]:
    """What each payee is due, what was prepaid and is withheld among it: less what is set off against receivables."""
    due = {payee: max(0, balance) for payee, balance in dues(lines, released).items()}
    for each in against:
        due[each.payee_kind, each.payee] -= each.amount
    return due


def prepaid_set_off(outstanding: Iterable[Prepayment], transfers: Iterable[FundTransfer]) -> list[PrepaidSetOff]:
    """What a draft takes off hospitals' payments because funds have paid them ahead, the oldest first.

    A fund's prepayment goes off what that fund itself, kept by that insurer, is to transfer.
    """
    left = {(each.payee, each.payer): each.amount for each in transfers if each.payee_kind == "hospital"}
    found = []
    for each in sorted(outstanding, key=lambda prepayment: prepayment.number):
        key = each.hospital_id, each.payer
        amount = min(left.get(key, 0), each.outstanding)
        if amount > 0:
            left[key] -= amount
            found.append(PrepaidSetOff(each.prepayment_id, each.hospital_id, each.fund, each.insurer, amount))
    return found


async def _later_shares(
    connection: AsyncConnection, within: Mapping[str, Any], parts: Sequence[ClearedPart]
) -> dict[tuple[Place, BookedFund], int]:
    """What runs after claims' first ones have booked, as the parts say between the parties.

    Where a claim has moved from one fund to another meanwhile, its payee owes the former what that fund paid, and all
    else is the last one's.
    """
    by_fund: dict[Stage, dict[BookedFund, int]] = {}
    for row in await connection.execute(_LATER, within):
        own = by_fund.setdefault((row.claim_id, row.stage, row.layer), {})
        payer = booked_fund(row.fund, row.insurer, row.layer)
        own[payer] = own.pop(payer, 0) + row.paid  # the last one stands last
    parties: dict[Stage, dict[str, int]] = {}
    for part in parts:
        add_to(parties.setdefault((part.claim_id, part.stage, part.fund), {}), part.payee_kind, part.amount)
    about = await _about(connection, {claim_id for claim_id, _, _ in by_fund.keys() | parties.keys()})
    # what moves from one party to the other where a layer had nothing to book
    without = {claim_id for claim_id, _, _ in parties.keys() - by_fund.keys()}
    named = {
        "claims": sorted(without),
        "persons": sorted({about[claim_id].person_id for claim_id in without & about.keys()}),
    }
    for row in await connection.execute(_STANDING, {**within, **named}) if without else ():
        by_fund.setdefault((row.claim_id, row.stage, row.layer), {booked_fund(row.fund, row.insurer, row.layer): 0})
    found: dict[tuple[Place, BookedFund], int] = {}
    for stage in by_fund.keys() | parties.keys():
        claim, layer = about.get(stage[0]), stage[2]
        if claim is None:  # a part that somebody made up: verify names it
            continue
        *former, last = by_fund.get(stage) or {booked_fund(None, None, layer): 0}
        sums = dict(parties.get(stage, {}))
        for payer in former:
            amount = by_fund[stage][payer]
            add_to(found, ((*claim.payee, layer), payer), amount)
            add_to(sums, claim.payee[0], -amount)
        for kind, amount in sums.items():
            add_to(found, ((*claim.party(kind), layer), last), amount)
    return found


class _ClaimParties(Struct, frozen=True):
    person_id: str
    hospital_id: str
    prepaid: bool

    @property
    def payee(self) -> Payee:
        return self.party("person" if self.prepaid else "hospital")

    def party(self, kind: str) -> Payee:
        return kind, self.person_id if kind == "person" else self.hospital_id


async def _about(connection: AsyncConnection, claim_ids: Iterable[str]) -> dict[str, _ClaimParties]:
    columns = (claims.c.claim_id, claims.c.person_id, claims.c.hospital_id, claims.c.prepaid)
    rows = await connection.execute(select(*columns).where(among(claims.c.claim_id, claim_ids)))
    return {claim_id: _ClaimParties(*parties) for claim_id, *parties in rows}
