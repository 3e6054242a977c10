"""Intake events as their sources would write them, one function a type; money in yuan."""

from typing import Any

BUREAU = "bureau/220621"
CIVIL_AFFAIRS = "civil-affairs/220621"


def event(source: str, id_: str, type_: str, /, **data: Any) -> dict[str, Any]:
    """A CloudEvent; data that is None is left out."""
    return {
        "specversion": "1.0",
        "source": source,
        "id": id_,
        "type": type_,
        "data": {name: value for name, value in data.items() if value is not None},
    }


def bill(
    in_scope: str = "0", *, upfront_copay: str = "0", over_limit: str = "0", self_funded: str = "0"
) -> dict[str, str]:
    """A bill that adds up."""
    parts = [in_scope, upfront_copay, over_limit, self_funded]
    fen = sum(int(whole) * 100 + int((cents + "00")[:2]) for whole, _, cents in (part.partition(".") for part in parts))
    return {
        "total": f"{fen // 100}.{fen % 100:02d}",
        "in_scope": in_scope,
        "upfront_copay": upfront_copay,
        "over_limit": over_limit,
        "self_funded": self_funded,
    }


def hospital(
    hospital_id: str = "H1",
    tier: int = 3,
    region: str = "220621",
    begun: str = "2010-01-01",
    until: str | None = None,
    kind: str | None = None,
) -> dict[str, Any]:
    """A bureau registers a hospital."""
    return event(
        BUREAU,
        "-".join(filter(None, ("hospital", hospital_id, str(tier), begun, kind))),
        "hospital.registered.v1",
        hospital_id=hospital_id,
        name=f"医院{hospital_id}",
        tier=tier,
        region=region,
        designated_from=begun,
        designated_until=until,
        kind=kind,
    )


def suspend(
    on: str = "2019-03-01", hospital_id: str = "H1", *, id_: str | None = None, clause: str | None = None
) -> dict[str, Any]:
    """A bureau suspends a hospital."""
    return event(
        BUREAU,
        id_ or f"suspend-{hospital_id}-{on}",
        "hospital.suspended.v1",
        hospital_id=hospital_id,
        effective_on=on,
        reason="billed for what was not done",
        clause=clause,
    )


def reinstate(on: str = "2019-06-01", hospital_id: str = "H1", *, id_: str | None = None) -> dict[str, Any]:
    """A bureau reinstates a hospital."""
    return event(
        BUREAU,
        id_ or f"reinstate-{hospital_id}-{on}",
        "hospital.reinstated.v1",
        hospital_id=hospital_id,
        effective_on=on,
        reason="mended its ways",
    )


def fine(fine_id: str = "F1", hospital_id: str = "H1", amount: str = "20000", **more: Any) -> dict[str, Any]:
    """A bureau fines a hospital."""
    return event(
        BUREAU,
        more.pop("id_", f"fine-{fine_id}"),
        "fine.imposed.v1",
        fine_id=fine_id,
        hospital_id=hospital_id,
        amount=amount,
        imposed_on="2019-07-01",
        reason="billed for what was not done",
        **more,
    )


def death(person: str = "P1", on: str = "2019-03-10", source: str = CIVIL_AFFAIRS) -> dict[str, Any]:
    """A person's death is reported."""
    return event(source, f"death-{person}-{on}", "person.died.v1", person_id=person, died_on=on)


def enrol(
    person: str = "P1",
    year: int = 2019,
    region: str = "220621",
    effective_on: str | None = None,
    self_paid: str | None = None,
    id_: str | None = None,
) -> dict[str, Any]:
    """The region's bureau enrolls a person."""
    return event(
        f"bureau/{region}",
        id_ or f"enrol-{person}-{year}-{effective_on}",
        "enrollment.recorded.v1",
        person_id=person,
        region=region,
        year=year,
        effective_on=effective_on,
        self_paid=self_paid,
    )


def enrol_as(
    person: str = "P1",
    insurance_type: str = "resident",
    year: int = 2019,
    region: str = "220621",
    *,
    id_: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The region's bureau enrolls a person and says as what; ``more`` takes the other fields of version 2."""
    said = {"person_id": person, "region": region, "year": year, "insurance_type": insurance_type, **more}
    return event(f"bureau/{region}", id_ or f"enrol-{person}-{year}-{insurance_type}", "enrollment.recorded.v2", **said)


def end_enrolment(
    person: str = "P1",
    on: str = "2019-07-01",
    region: str = "220621",
    reason: str = "employee_insurance",
    id_: str | None = None,
) -> dict[str, Any]:
    """The region's bureau ends an enrollment; ``on`` is the first day no longer insured."""
    return event(
        f"bureau/{region}",
        id_ or f"end-{person}-{on}",
        "enrollment.ended.v1",
        person_id=person,
        region=region,
        year=int(on[:4]),
        effective_on=on,
        reason=reason,
    )


def roster(
    person: str = "P1", category: str = "registered_poor", change: str = "added", on: str = "2018-01-01"
) -> dict[str, Any]:
    """Civil affairs changes the roster."""
    return event(
        CIVIL_AFFAIRS,
        f"roster-{person}-{category}-{change}-{on}",
        "roster.changed.v1",
        person_id=person,
        category=category,
        change=change,
        effective_on=on,
    )


def card(
    person: str = "P1",
    disease: str = "diabetes",
    class_: str = "I",
    on: str = "2018-01-01",
    *,
    issued: bool = True,
    source: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A chronic card is issued or revoked; ``more`` takes ``on_site``, ``corrects``."""
    verb = "issued" if issued else "revoked"
    return event(
        source or BUREAU,
        f"card-{person}-{disease}-{verb}-{on}",
        f"chronic_card.{verb}.v1",
        person_id=person,
        disease=disease,
        disease_class=class_,
        effective_on=on,
        **more,
    )


def admit(
    admission: str = "A1",
    person: str = "P1",
    hospital_id: str = "H1",
    on: str = "2019-03-01",
    *,
    referred_from: str | None = None,
    id_: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A hospital admits a person; ``more`` takes ``filed``, ``emergency``, ``stay_kind``, ``diagnoses``."""
    return event(
        f"hospital/{hospital_id}",
        id_ or f"admit-{admission}",
        "admission.recorded.v1",
        admission_id=admission,
        person_id=person,
        hospital_id=hospital_id,
        admitted_on=on,
        referred_from=referred_from,
        **{"diagnoses": ["I10"], **more},
    )


def change_admission(
    admission: str = "A1", hospital_id: str = "H1", *, id_: str | None = None, **more: Any
) -> dict[str, Any]:
    """A hospital changes what it said of a stay."""
    return event(
        f"hospital/{hospital_id}", id_ or f"change-{admission}", "admission.changed.v1", admission_id=admission, **more
    )


def file_referral(
    filing: str = "R1", person: str = "P1", on: str = "2019-01-01", region: str = "220621", **more: Any
) -> dict[str, Any]:
    """A bureau files treatment away from home; ``more`` takes ``id_``, ``until``, ``to_region``, ``to_hospital``."""
    id_ = more.pop("id_", f"filing-{filing}")
    said = {"kind": "away", "effective_on": on, "reason": "lives with the children", **more}
    return event(f"bureau/{region}", id_, "referral.filed.v1", filing_id=filing, person_id=person, **said)


def cancel(admission: str = "A1", hospital_id: str = "H1", id_: str | None = None) -> dict[str, Any]:
    """A hospital cancels an admission."""
    return event(
        f"hospital/{hospital_id}",
        id_ or f"cancel-{admission}",
        "admission.cancelled.v1",
        admission_id=admission,
        reason="entered twice",
    )


def discharge(
    claim: str = "C1",
    admission: str = "A1",
    person: str = "P1",
    hospital_id: str = "H1",
    on: str = "2019-03-10",
    in_scope: str = "10000",
    *,
    id_: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A hospital discharges a person; ``more`` takes ``bill``, ``disease``, ``stage``, ``prepaid``."""
    return event(
        f"hospital/{hospital_id}",
        id_ or f"discharge-{claim}",
        "discharge.recorded.v1",
        **{
            "claim_id": claim,
            "admission_id": admission,
            "person_id": person,
            "discharged_on": on,
            "bill": bill(in_scope),
            **more,
        },
    )


def visit(
    claim: str = "V1",
    person: str = "P1",
    hospital_id: str = "H1",
    on: str = "2019-03-20",
    setting: str = "chronic",
    in_scope: str = "1000",
    *,
    id_: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """An outpatient visit; ``more`` takes ``bill``, ``disease``, ``prescribed_by``, ``prepaid``."""
    return event(
        f"hospital/{hospital_id}",
        id_ or f"visit-{claim}",
        "outpatient.recorded.v1",
        **{
            "claim_id": claim,
            "person_id": person,
            "hospital_id": hospital_id,
            "served_on": on,
            "setting": setting,
            "bill": bill(in_scope),
            **more,
        },
    )


def reverse(claim: str = "C1", source: str = "hospital/H1", id_: str | None = None) -> dict[str, Any]:
    """A claim is taken back."""
    return event(source, id_ or f"reverse-{claim}", "claim.reversed.v1", claim_id=claim, reason="wrong bill")


def correct(
    claim: str = "C1", in_scope: str = "8000", hospital_id: str = "H1", *, id_: str | None = None, **more: Any
) -> dict[str, Any]:
    """A hospital, or the ``source`` of ``more``, replaces its claim's bill."""
    return event(
        more.pop("source", f"hospital/{hospital_id}"),
        id_ or f"correct-{claim}-{in_scope}",
        "claim.corrected.v1",
        **{"claim_id": claim, "bill": bill(in_scope), "reason": "one item twice", **more},
    )


def audit(
    claim: str = "C1",
    amount: str = "500",
    borne_by: str = "hospital",
    finding: str = "F1",
    id_: str | None = None,
    *,
    part: str | None = None,
) -> dict[str, Any]:
    """A bureau finds what the funds do not bear, of a part of the bill where one is named."""
    said = {"finding_id": finding, "claim_id": claim, "amount": amount, "borne_by": borne_by, "part": part}
    return event(BUREAU, id_ or f"audit-{finding}", "audit.found.v1", **said, reason="not indicated")


def withdraw_audit(
    claim: str = "C1", amount: str = "500", finding: str = "F1", id_: str | None = None
) -> dict[str, Any]:
    """A review takes back what was found, or a part of it."""
    said = {"finding_id": finding, "claim_id": claim, "amount": amount, "document": "上医保复决〔2019〕1号"}
    return event(BUREAU, id_ or f"withdrawn-{finding}", "audit.withdrawn.v1", **said, reason="indicated after all")


def aid(
    claim: str = "C1",
    amount: str = "500",
    on: str = "2020-12-31",
    decision: str = "D1",
    source: str = "civil-affairs/211200",
    **said: Any,
) -> dict[str, Any]:
    """What a charity decides of a claim is stated by an office; ``id_`` gives the event an id of its own."""
    data = {"decision_id": decision, "claim_id": claim, "layer": "charity", "amount": amount, "decided_on": on}
    named = {"decided_by": "王芳", "approved_by": "李强", "document": "辽慈〔2020〕8号"}
    return event(source, said.pop("id_", f"aid-{decision}"), "aid.decided.v1", **data | named | said)


def withdraw_aid(
    claim: str = "C1", on: str = "2021-01-05", decision: str = "D1", source: str = "civil-affairs/211200", **said: Any
) -> dict[str, Any]:
    """What was decided of a claim is taken back."""
    data = {"decision_id": decision, "claim_id": claim, "withdrawn_on": on, "reason": "paid by a relative"}
    named = {"decided_by": "王芳", "approved_by": "李强"}
    return event(source, said.pop("id_", f"no-aid-{decision}"), "aid.withdrawn.v1", **data | named | said)


def advance(
    advance_id: str = "L1",
    amount: str = "3000",
    on: str = "2019-03-01",
    person: str = "P1",
    id_: str | None = None,
    *,
    source: str = BUREAU,
    **fields: Any,
) -> dict[str, Any]:
    """The emergency fund lends a person money."""
    return event(
        source,
        id_ or f"advance-{advance_id}-{amount}",
        "advance.issued.v1",
        advance_id=advance_id,
        person_id=person,
        amount=amount,
        issued_on=on,
        **fields,
    )


def stay(number: int, person: str = "P1", on: str = "2019-03-10", in_scope: str = "10000", **more: Any) -> list[Any]:
    """Admission A<number> and its discharge C<number>, on one day."""
    hospital_id = more.pop("hospital_id", "H1")
    referred_from = more.pop("referred_from", None)
    return [
        admit(f"A{number}", person, hospital_id, on, referred_from=referred_from),
        discharge(f"C{number}", f"A{number}", person, hospital_id, on, in_scope, **more),
    ]
