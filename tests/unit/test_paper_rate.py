"""A county that pays another rate for bills on paper (手工报销): a case of its own, from which nothing else changes."""

from pathlib import Path

from msgspec.structs import replace

from events.money import yuan
from infra.files.case_file import read_cases
from policies.engine import settle
from policies.loader import Review, load_text, review
from policies.scheme import Scheme
from policies.worked_cases import differences
from tests.engine import claim

COUNTY = (Path(__file__).parents[2] / "docs" / "examples" / "county.yaml").read_text(encoding="utf-8")
FIRST_CASE = "      - rule: deductible_ratio_cap\n        when: {setting: inpatient}\n"
ON_PAPER = """\
      - rule: deductible_ratio_cap
        when: {setting: inpatient, submitted_by: bureau}
        track: inpatient
        deductible: [{value: 1000, grade: seed, cite: "实施方案 六: 手工报销"}]
        ratio: [{value: 50%, grade: seed, cite: "实施方案 六: 手工报销"}]
        cap: [{value: 100000, grade: seed, cite: "实施方案 二(一)"}]
"""


def county(text: str) -> Scheme:
    return load_text(text.encode(), "county.yaml")


def checked(text: str) -> Review:
    return review(text.encode(), "county.yaml")


def basic(law: Scheme, *, on_paper: bool, number: int = 1) -> str:
    stay = replace(
        claim(law, "2024-05-06", tier=3, in_scope="10600", number=number), invoice="INV1" if on_paper else None
    )
    bills, _ = settle({law.content_hash: law}, [stay])
    return yuan(bills[number].payouts[0].paid)


def test_a_bill_on_paper_gets_its_own_rate_and_a_hospital_s_the_usual_one() -> None:
    """(10,600 − 1,000) × 50% = 4,800.00 on paper; (10,600 − 600) × 65% = 6,500.00 at the hospital."""
    law = county(COUNTY.replace(FIRST_CASE, ON_PAPER + FIRST_CASE))
    assert (basic(law, on_paper=True), basic(law, on_paper=False)) == ("4800.00", "6500.00")


def test_a_text_that_says_nothing_of_paper_pays_both_alike() -> None:
    assert basic(county(COUNTY), on_paper=True) == basic(county(COUNTY), on_paper=False) == "6500.00"


def test_both_count_to_one_cap() -> None:
    """On paper (200,000 − 1,000) × 50% = 99,500.00; of the cap of 100,000 500.00 are left at the hospital."""
    law = county(COUNTY.replace(FIRST_CASE, ON_PAPER + FIRST_CASE))
    stays = [claim(law, f"2024-0{number}-06", tier=3, in_scope="200000", number=number) for number in (5, 6)]
    bills, _ = settle({law.content_hash: law}, [replace(stays[0], invoice="INV1"), stays[1]])
    assert [yuan(bills[number].payouts[0].paid) for number in (5, 6)] == ["99500.00", "500.00"]


def test_check_sees_the_case_that_comes_behind_a_wider_one() -> None:
    sound = checked(COUNTY.replace(FIRST_CASE, ON_PAPER + FIRST_CASE))
    behind = COUNTY.replace(
        "      - rule: deductible_ratio_cap\n        when: {setting: chronic}",
        ON_PAPER + "      - rule: deductible_ratio_cap\n        when: {setting: chronic}",
    )
    assert sound.refused == []
    assert any("条件更宽" in told for told in checked(behind).refused)


def test_a_county_s_own_worked_case_may_be_on_paper(tmp_path: Path) -> None:
    law = county(COUNTY.replace(FIRST_CASE, ON_PAPER + FIRST_CASE))
    file = tmp_path / "cases.csv"
    file.write_text(
        "案例,日期,就医类型,医院等级,手工报销,政策范围内,应付：基本医保\n"
        "纸质,2024-05-06,住院,3,是,10600,4800\n直接,2024-05-06,住院,3,,10600,6500\n",
        encoding="utf-8",
    )
    assert differences(law, read_cases(file, law.terms)) == []
