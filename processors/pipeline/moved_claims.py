"""Which of a person's claims a change would move, and by how much: settled from scratch without it and with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from policies.claim import Claim
from policies.engine import Schemes, settle
from processors.pipeline.settlement import statement_row


@dataclass(frozen=True, slots=True)
class MovedClaim:
    """A claim whose figures a change moves; amounts are fen: the patient's share, and what each layer pays more."""

    claim_id: str
    person_id: str
    share_before: int
    share_after: int
    layers: Mapping[str, int]


def moved_claims(schemes: Schemes, before: Sequence[Claim], after: Sequence[Claim]) -> Iterable[MovedClaim]:
    """The claims of one person that are paid otherwise ``after`` than ``before``, which are the same claims."""
    old, new = _figures(schemes, before), _figures(schemes, after)
    for claim in before:
        (share_before, paid_before), (share_after, paid_after) = old[claim.number], new[claim.number]
        layers = {
            layer: paid_after.get(layer, 0) - paid_before.get(layer, 0)
            for layer in paid_before.keys() | paid_after.keys()
        }
        if share_before != share_after or any(layers.values()):
            yield MovedClaim(claim.claim_id, claim.person_id, share_before, share_after, layers)


def _figures(schemes: Schemes, claims: Sequence[Claim]) -> dict[int, tuple[int, dict[str, int]]]:
    """The patient's share and what each layer pays, by claim number."""
    bills, _ = settle(schemes, claims)
    settled = [(claim, bills.get(claim.number)) for claim in claims]
    rows = {
        claim.number: statement_row(
            claim if bill is None else bill.claim, [] if bill is None else bill.payouts, schemes[claim.scheme]
        )
        for claim, bill in settled
    }
    return {number: (row["patient_share"], dict(row["layers"])) for number, row in rows.items()}
