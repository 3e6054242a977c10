"""安义's annual grant (docs/domain.md#annual_grant) and 长治's one-off grant (docs/domain.md#one_off_grant)."""

from datetime import date
from typing import Any

import pytest

from events.money import parse_yuan, yuan
from policies.engine import settle
from policies.grants import GrantClaim, OneOffGrant, grants_due
from policies.vocabulary import DISEASES
from tests.engine import HASHES, claim, scheme

CANCERS = {
    "esophageal_cancer",
    "gastric_cancer",
    "rectal_cancer",
    "colon_cancer",
    "lung_cancer",
    "chronic_myeloid_leukemia",
    "breast_cancer",
    "cervical_cancer",
    "liver_cancer",
}
ANYI_LISTED = CANCERS | {"renal_dialysis", "renal_transplant"}
CHANGZHI_24 = CANCERS | {
    "renal_dialysis",
    "renal_transplant",
    "renal_failure",
    "mdr_tuberculosis",
    "acute_myocardial_infarction",
    "cerebral_infarction",
    "hemophilia",
    "type1_diabetes",
    "hyperthyroidism",
    "thalassemia",
    "childhood_leukemia",
    "congenital_heart_disease",
    "severe_mental_illness",
    "aids_opportunistic",
    "cleft_lip_palate",
}


def settled(name: str, number: int, share: str = "0", **facts: Any) -> GrantClaim:
    """A settled claim of a poor person; ``share`` in yuan."""
    given: dict[str, Any] = {
        "day": date(2019, 6, 1),
        "setting": "inpatient",
        "disease": "lung_cancer",
        "late": False,
        "poor": True,
    }
    return GrantClaim(
        claim_id=f"C{number}", number=number, share=parse_yuan(share), scheme=scheme(name).content_hash, **given | facts
    )


def due(name: str, *claims: GrantClaim) -> list[tuple[str, int | None, str, str]]:
    offered = {scheme(name).content_hash: scheme(name).grants}
    return [(grant.kind, grant.year, grant.claim_id, yuan(grant.amount)) for grant in grants_due(claims, offered)]


def anyi(number: int, share: str, **facts: Any) -> GrantClaim:
    return settled("anyi", number, share, **facts)


def changzhi(number: int, **facts: Any) -> GrantClaim:
    return settled("changzhi", number, **{"late": True} | facts)


def test_annual_grant_needs_shares_over_ten_thousand() -> None:
    assert due("anyi", anyi(1, "10000")) == []
    assert due("anyi", anyi(1, "4000"), anyi(2, "6000")) == []
    assert due("anyi", anyi(1, "4000"), anyi(2, "6000.01")) == [("annual", 2019, "C2", "10000.00")]


def test_annual_grant_falls_to_the_claim_that_crosses_in_ledger_order_and_comes_once_a_year() -> None:
    # 6000; 12000 at C2; more brings nothing more; the order in which they are handed over is nothing
    claims = [anyi(number, "6000") for number in (1, 2, 3, 4)]
    assert due("anyi", *reversed(claims)) == [("annual", 2019, "C2", "10000.00")]


def test_annual_grant_counts_each_benefit_year_for_itself() -> None:
    # 2018: 6000 + 5000 at C4. 2019: 7000 + 3000.01 at C3
    assert due(
        "anyi",
        anyi(1, "6000", day=date(2018, 6, 1)),
        anyi(2, "7000", day=date(2019, 6, 1)),
        anyi(3, "3000.01", day=date(2019, 6, 1)),
        anyi(4, "5000", day=date(2018, 6, 1)),
    ) == [("annual", 2019, "C3", "10000.00"), ("annual", 2018, "C4", "10000.00")]


@pytest.mark.parametrize("setting", ["inpatient", "chronic"])
def test_annual_grant_counts_any_setting_and_stage(setting: str) -> None:
    assert due("anyi", anyi(1, "9000", setting=setting), anyi(2, "1001", late=True)) == [
        ("annual", 2019, "C2", "10000.00")
    ]


def test_annual_grant_leaves_out_claims_settled_while_not_poor() -> None:
    # 9000 does not count; 9000 + 1000.01 does
    assert due("anyi", anyi(1, "9000", poor=False), anyi(2, "9000")) == []
    assert due("anyi", anyi(1, "9000", poor=False), anyi(2, "9000"), anyi(3, "1000.01")) == [
        ("annual", 2019, "C3", "10000.00")
    ]
    assert due("anyi", anyi(1, "10000.01"), anyi(2, "1", poor=False)) == [("annual", 2019, "C1", "10000.00")]


def test_annual_grant_diseases() -> None:
    given = {disease for disease in DISEASES if due("anyi", anyi(1, "10000.01", disease=disease))}
    assert given == ANYI_LISTED
    assert due("anyi", anyi(1, "99999", disease=None)) == []
    # shares of other diseases do not help over the threshold; those of two listed ones add up
    assert due("anyi", anyi(1, "9000"), anyi(2, "9000", disease="renal_failure")) == []
    assert due("anyi", anyi(1, "9000"), anyi(2, "9000", disease="renal_dialysis")) == [
        ("annual", 2019, "C2", "10000.00")
    ]


def test_annual_grant_reads_what_the_engine_leaves_to_the_patient() -> None:
    # breast_cancer, tier 3, self_funded 100000: 75% = 75000, guarantee 90000; the patient's 10000 is not over 10000.
    # one yuan more in the bill: guarantee 90000.90, patient 10000.10
    for self_funded, expected in (("100000", []), ("100001", [("annual", 2018, "C1", "10000.00")])):
        stay = claim("anyi", "2018-05-01", self_funded=self_funded, categories=("registered_poor",))
        bills, _ = settle(HASHES, [stay])
        patient, hospital = bills[1].shares()
        assert hospital == 0
        read = anyi(1, yuan(patient), day=date(2018, 6, 1), disease="breast_cancer")
        assert due("anyi", read) == expected


def test_one_off_grant_at_the_first_late_stay_once_in_a_life() -> None:
    # first in ledger order; later years and other listed diseases bring none
    assert due(
        "changzhi",
        changzhi(4, day=date(2020, 6, 1), disease="hemophilia"),
        changzhi(3, day=date(2018, 6, 1)),
        changzhi(2, day=date(2019, 6, 1), disease="renal_failure"),
        changzhi(1, day=date(2019, 6, 1), late=False),
    ) == [("one_off", None, "C2", "5000.00")]


@pytest.mark.parametrize(
    "facts",
    [{"late": False}, {"poor": False}, {"setting": "pharmacy"}, {"disease": None}, {"disease": "hypertension"}],
)
def test_one_off_grant_asks_for_every_condition(facts: dict[str, Any]) -> None:
    assert due("changzhi", changzhi(1, **facts)) == []
    assert due("changzhi", changzhi(1, **facts), changzhi(2)) == [("one_off", None, "C2", "5000.00")]


@pytest.mark.parametrize("setting", ["inpatient", "chronic", "general"])
def test_one_off_grant_follows_a_claim_of_any_setting(setting: str) -> None:
    # 三(二)2 names no setting
    assert due("changzhi", changzhi(1, setting=setting)) == [("one_off", None, "C1", "5000.00")]


def test_one_off_grant_of_a_text_without_settings_follows_stays_alone() -> None:
    # as 长治's text said it before: claims pinned to it keep that
    (grant,) = scheme("changzhi").grants
    before = OneOffGrant.model_validate(grant.model_dump(by_alias=True, exclude={"settings"}))
    for setting, given in (("inpatient", 1), ("chronic", 0), ("general", 0)):
        claims = [changzhi(1, setting=setting)]
        assert len(grants_due(claims, {scheme("changzhi").content_hash: [before]})) == given


def test_one_off_grant_diseases_are_the_24() -> None:
    given = {disease for disease in DISEASES if due("changzhi", changzhi(1, disease=disease))}
    assert given == CHANGZHI_24
    assert len(given) == 24


@pytest.mark.parametrize("name", ["fusong", "shanggao", "liaoning", "jiamusi"])
def test_the_other_schemes_grant_nothing(name: str) -> None:
    assert scheme(name).grants == []


def test_a_dated_grant_counts_and_pays_only_in_its_time() -> None:
    # as a county could write it: from 2019-01-01. 2018's 9,000 bring nothing, 2019's 6,000 + 5,000 go over 10,000
    (grant,) = scheme("anyi").grants
    dated = grant.model_copy(update={"from_": date(2019, 1, 1)})
    claims = [anyi(1, "11000", day=date(2018, 6, 1)), anyi(2, "6000"), anyi(3, "5000")]
    due = grants_due(claims, {scheme("anyi").content_hash: [dated]})
    assert [(found.year, found.claim_id) for found in due] == [(2019, "C3")]
