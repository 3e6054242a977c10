"""A claim's unpaid cost on its way through the layers: its buckets (docs/domain.md#3.4) and audits on them."""

from msgspec import Struct, field

from policies.claim import Claim, Payout, after_audits
from policies.values import Circumstances, Found

S, C, O = 0, 1, 2  # noqa: E741 - the names the rules are written in
BUCKETS = {"S": S, "C": C, "O": O}


class OpenBill(Struct):
    """A standing claim's bill after audits: what is left in S = in scope, C = copay and over limit, O = self funded.

    ``total`` is the bill after audits (section 4's ``total``), ``in_scope`` its S at the start; all in fen.
    ``quota`` is the case quota that the bill is under, found by ``tariff``. ``circumstances`` are the scheme's for
    the claim, once they were asked for.
    """

    claim: Claim
    total: int
    in_scope: int
    left: list[int]
    hospital_audit: int
    person_audit: int
    quota: int | None = None
    tariff: Found[int] | None = None
    circumstances: Circumstances | None = None
    payouts: list[Payout] = field(default_factory=list)

    @property
    def paid(self) -> int:
        """What the layers have paid so far."""
        return sum(payout.paid for payout in self.payouts)

    @property
    def over_cap(self) -> int:
        """Basic's base beyond its cap."""
        return sum(payout.over_cap for payout in self.payouts)

    @property
    def left_to_person(self) -> int:
        """What no layer has paid and the person still bears, without what an audit laid on the person."""
        return sum(self.left) - self.beyond_quota

    @property
    def beyond_quota(self) -> int:
        """What lies beyond a case quota, which the hospital bears."""
        return 0 if self.quota is None else self.total - self.quota

    def apply(self, payout: Payout) -> None:
        """Take a payout out of the buckets; a payout that takes more than is left is a bug and raises."""
        for bucket, amount in enumerate(payout.taken):
            if not 0 <= amount <= self.left[bucket]:
                where = f"{self.left[bucket]} fen in {'SCO'[bucket]}"
                raise AssertionError(f"claim {self.claim.claim_id}: {payout.layer} takes {amount} of {where}")
            self.left[bucket] -= amount
        if sum(payout.taken) != payout.paid:
            raise AssertionError(
                f"claim {self.claim.claim_id}: {payout.layer} pays {payout.paid}, takes {payout.taken}"
            )
        self.payouts.append(payout)

    def shares(self) -> tuple[int, int]:
        """Patient share and hospital share in fen once every stage has been; asserts docs/domain.md#3.5."""
        beyond_quota = self.beyond_quota
        patient = sum(self.left) - beyond_quota + self.person_audit
        hospital = beyond_quota + self.hospital_audit
        if patient < 0 or self.paid + patient + hospital != self.claim.bill.total:
            sides = f"{self.claim.bill.total} != {self.paid} + {patient} + {hospital}"
            raise AssertionError(f"claim {self.claim.claim_id} does not balance: {sides}")
        return patient, hospital


def open_bill(claim: Claim) -> OpenBill:
    """Lay the audits on a claim's bill (docs/domain.md#3.7)."""
    left, borne = after_audits(claim)
    return OpenBill(
        claim=claim,
        total=sum(left),
        in_scope=left[S],
        left=left,
        hospital_audit=borne["hospital"],
        person_audit=borne["person"],
    )


def take(left: list[int], amount: int, buckets: tuple[int, ...] = (S, C, O)) -> tuple[int, int, int]:
    """Split ``amount`` fen over buckets in order, at most what is left in them; returns what each gives."""
    taken = [0, 0, 0]
    for bucket in buckets:
        taken[bucket] = min(amount, left[bucket])
        amount -= taken[bucket]
    return taken[0], taken[1], taken[2]
