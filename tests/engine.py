"""Settles hand-written claims with the pure engine: the shape that cases and properties share."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from events.codes import AuditPart
from events.money import parse_yuan, yuan
from policies.claim import Audit, BillParts, BorneBy, Claim
from policies.engine import settle
from policies.loader import SCHEMES, by_hash, load_directory, load_file
from policies.scheme import Scheme
from projections.rosters import recorded_order

LOADED = {scheme.name: scheme for scheme in load_directory()}
HASHES = by_hash(LOADED.values())


def scheme(name: str) -> Scheme:
    """A shipped scheme by its name."""
    return LOADED[name]


def claim(
    law: str | Scheme,
    day: str,
    *,
    in_scope: str = "0",
    upfront_copay: str = "0",
    over_limit: str = "0",
    self_funded: str = "0",
    setting: str = "inpatient",
    tier: int = 3,
    categories: Sequence[str] = (),
    number: int = 1,
    hospital_region: str | None = None,
    filed: bool = True,
    prescriber_tier: int = 0,
    card_class: str | None = None,
    any_card: bool = False,
    disease: str | None = None,
    late: bool = False,
    admission_id: str | None = None,
    referral: Sequence[str] = (),
    audits: Sequence[tuple[str, BorneBy] | tuple[str, BorneBy, AuditPart]] = (),
    standing: bool = True,
    **facts: Any,
) -> Claim:
    """A claim under a scheme, a shipped one by its name, with its bill in yuan; ``total`` is the sum of the four parts.

    ``audits`` are (yuan, bearer), or (yuan, bearer, part); ``hospital_region`` defaults to the person's.
    """
    parts = [parse_yuan(part) for part in (in_scope, upfront_copay, over_limit, self_funded)]
    pinned = law if isinstance(law, Scheme) else scheme(law)
    region = (pinned.regions[0] + "0000")[:6]
    return Claim(
        claim_id=f"C{number}",
        person_id="P1",
        number=number,
        scheme=pinned.content_hash,
        date=date.fromisoformat(day),
        setting=setting,
        tier=tier,
        hospital_id="H1",
        hospital_region=hospital_region or region,
        region=region,
        filed=filed,
        prescriber_tier=prescriber_tier,
        card_class=card_class,
        any_card=any_card or card_class is not None,
        disease=disease,
        late=late,
        prepaid=False,
        admission_id=admission_id or (f"A{number}" if setting == "inpatient" else None),
        referral=tuple(referral),
        opened=number,
        source="hospital/H1",
        bill=BillParts(sum(parts), *parts),
        categories=recorded_order(categories),
        audits=tuple(Audit(parse_yuan(amount), *said) for amount, *said in audits),
        standing=standing,
        **facts,
    )


def outcome(*claims: Claim, law: Scheme | None = None) -> list[dict[str, str]]:
    """Settle claims of one person from scratch; per standing claim the yuan by layer that ran, patient, hospital.

    ``law`` is a scheme that is not shipped.
    """
    bills, _ = settle(HASHES if law is None else by_hash([law]), claims)
    outcomes = []
    for number in sorted(bills):
        patient, hospital = bills[number].shares()
        paid: dict[str, int] = {}
        for payout in bills[number].payouts:
            paid[payout.layer] = paid.get(payout.layer, 0) + payout.paid
        outcomes.append(
            {layer: yuan(fen) for layer, fen in paid.items()} | {"patient": yuan(patient), "hospital": yuan(hospital)}
        )
    return outcomes


def decided(*, patient: str, hospital: str = "0.00", **layers: str) -> dict[str, str]:
    """The whole outcome expected of one claim, in yuan: a layer not named must not have run."""
    return layers | {"patient": patient, "hospital": hospital}


__all__ = ["SCHEMES", "claim", "decided", "load_file", "outcome", "scheme"]
