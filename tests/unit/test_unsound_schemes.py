"""Schemes that load, and cost somebody money: each is refused with its line, and pays right once that is mended."""

from pathlib import Path
from typing import NamedTuple

import pytest

from events.codes import Setting
from policies.claim import Claim
from policies.loader import SCHEMES, Review, load_text, review
from policies.scheme import Scheme
from tests.engine import claim, decided, outcome

FILES = Path(__file__).parents[1] / "data" / "schemes"
DESTITUTE = ["destitute"]
DIBAO = ["dibao"]


class Unsound(NamedTuple):
    """A file; the text that begins the line told; what is said; old and new text that mend it."""

    file: str
    line: str
    says: str
    old: str
    new: str


UNSOUND = [
    Unsound(
        "two_limits_basic.yaml",
        "      - rule: ratio_within_limit",
        "会把那里已付的也算进来",
        "when: {setting: general}\n",
        "when: {setting: general}\n        track: outpatient\n",
    ),
    Unsound(
        "two_limits_assistance.yaml",
        "      - rule: ratio_within_limit",
        "会把那里已付的也算进来",
        "renal_dialysis]}\n",
        "renal_dialysis]}\n        track: severe\n",
    ),
    Unsound(
        "over_cap_behind_bands.yaml",
        "        over_cap_ratio",
        "没有哪一档会算出超封顶部分",
        "        line: [{value: 800,",
        "        track: inpatient\n        line: [{value: 800,",
    ),
    Unsound(
        "case_behind_wider.yaml",
        "      - rule: ratio_within_limit\n        when: {setting: inpatient, member: [destitute]}",
        "条件更宽",
        "when: {setting: inpatient, poor: true}",
        "when: {setting: inpatient, poor: true}\n        unless: {member: [destitute]}",
    ),
    Unsound("setting_undecided.yaml", "  pharmacy:", "全部自付", '  pharmacy: [{grade: seed, cite: "办法 二"}]\n', ""),
]


def text_of(file: str) -> str:
    return (FILES / file).read_text(encoding="utf-8")


def mended(unsound: Unsound) -> str:
    text = text_of(unsound.file)
    assert text.count(unsound.old) == 1
    text = text.replace(unsound.old, unsound.new)
    # where a layer has a track, its other limit needs one too
    return text.replace("poor: true}\n        ratio", "poor: true}\n        track: ordinary\n        ratio", 1)


def law(text: str) -> Scheme:
    return load_text(text.encode(), "county.yaml")


def reviewed(text: str) -> Review:
    return review(text.encode(), "county.yaml")


@pytest.mark.parametrize("unsound", UNSOUND, ids=lambda unsound: unsound.file)
def test_each_is_refused_with_its_line_and_passes_once_mended(unsound: Unsound) -> None:
    text = text_of(unsound.file)
    line = text[: text.index(unsound.line)].count("\n") + 1
    (problem,) = [each for each in reviewed(text).refused if each.startswith(f"county.yaml:{line}: ")]
    assert unsound.says in problem
    assert reviewed(mended(unsound))[1:] == ([], [])


@pytest.mark.parametrize("unsound", UNSOUND, ids=lambda unsound: unsound.file)
def test_a_text_that_is_pinned_still_loads(unsound: Unsound) -> None:
    assert law(text_of(unsound.file)).parameters


def year_of(scheme: Scheme, *stays: tuple[Setting, str, str | None, list[str]]) -> list[Claim]:
    return [
        claim(scheme, "2024-05-01", setting=setting, in_scope=in_scope, disease=disease, categories=held, number=number)
        for number, (setting, in_scope, disease, held) in enumerate(stays, start=1)
    ]


def settled(text: str, *stays: tuple[Setting, str, str | None, list[str]]) -> list[dict[str, str]]:
    scheme = law(text)
    return outcome(*year_of(scheme, *stays), law=scheme)


def test_an_outpatient_limit_counts_its_own_track() -> None:
    visits: list[tuple[Setting, str, str | None, list[str]]] = [
        ("inpatient", "20000", None, []),  # (20,000 − 600) × 80% = 15,520
        ("general", "400", None, []),  # 400 × 55% = 220, of which 1,500 are left
        ("general", "2500", None, []),  # 1,375, of which 1,500 − 220 are left
    ]
    before, after = text_of("two_limits_basic.yaml"), mended(UNSOUND[0])
    assert settled(after, *visits)[1:] == [
        decided(basic="220.00", patient="180.00"),
        decided(basic="1280.00", patient="1220.00"),
    ]
    # a text adopted without a track keeps its meaning: max(0, 1,500 − 15,520)
    assert settled(before, *visits)[1] == decided(basic="0.00", patient="400.00")


def test_the_limit_of_an_ordinary_stay_counts_its_own_track() -> None:
    stays: list[tuple[Setting, str, str | None, list[str]]] = [
        ("inpatient", "80000", "lung_cancer", DIBAO),  # basic 40,000; (80,000 − 40,000) × 70% = 28,000
        ("inpatient", "10000", None, DIBAO),  # basic 5,000; 5,000 × 70% = 3,500, of which 10,000 are left
    ]
    before, after = text_of("two_limits_assistance.yaml"), mended(UNSOUND[1])
    assert settled(after, *stays) == [
        decided(basic="40000.00", assistance="28000.00", patient="12000.00"),
        decided(basic="5000.00", assistance="3500.00", patient="1500.00"),
    ]
    assert settled(before, *stays)[1] == decided(basic="5000.00", assistance="0.00", patient="5000.00")


def test_what_lies_over_a_cap_behind_bands_is_paid() -> None:
    # above the line 100,000: 20,000 × 80% + 80,000 × 90% = 88,000, of which the cap gives 52,000.
    # 16,000 pay 20,000, the other 36,000 pay 40,000 at 90%: 40,000 lie over the cap, × 80% = 32,000.
    # what is left of S, 48,800 − 32,000 = 16,800, is below critical illness's line
    stay: tuple[Setting, str, str | None, list[str]] = ("inpatient", "100800", None, [])
    assert settled(mended(UNSOUND[2]), stay) == [
        decided(basic="52000.00", critical_illness="32000.00", patient="16800.00")
    ]
    # a text adopted without a track keeps its meaning: (48,800 − 20,000) × 60%
    assert settled(text_of("over_cap_behind_bands.yaml"), stay) == [
        decided(basic="52000.00", critical_illness="17280.00", patient="31520.00")
    ]


def test_the_narrower_case_pays_once_it_can_be_reached() -> None:
    stay: tuple[Setting, str, str | None, list[str]] = ("inpatient", "10000", None, DESTITUTE)
    # 5,000 × 100% where the wider case gave 70%
    assert settled(mended(UNSOUND[3]), stay) == [decided(basic="5000.00", assistance="5000.00", patient="0.00")]
    assert settled(text_of("case_behind_wider.yaml"), stay)[0]["assistance"] == "3500.00"


@pytest.mark.parametrize("path", sorted(SCHEMES.glob("*.yaml")), ids=lambda path: path.stem)
def test_nothing_of_the_shipped_schemes_is_refused(path: Path) -> None:
    found = review(path.read_bytes(), path.name)
    assert found.refused == []
    # docs/domain.md#5: there a resident who is not poor pays a pharmacy's bill, or one at tier 2 and 3, himself. What
    # 安义's assistance pays a destitute person under a quota counts to the year as all that it pays
    assert [told.split(": ")[1] for told in found.warned] == {
        "anyi": ["stages[3].cases[1]"],
        "liaoning": ["settings.pharmacy[0]"],
        "shanggao": ["settings.general[1]"],
    }.get(path.stem, [])


ANYI = (SCHEMES / "anyi.yaml").read_text(encoding="utf-8")
FUSONG = (SCHEMES / "fusong.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "old", "new", "line", "says"),
    [
        (  # a quota rule without a quota raises: its run would be parked
            ANYI,
            "rule: quota_fill\n        when: {setting: inpatient, case_quota: true, tiers: [2, 3]}",
            "rule: quota_fill\n        when: {setting: inpatient, tiers: [2, 3]}",
            "- rule: quota_fill",
            "不在病种定额内",
        ),
        (  # a tariff for tier 1, which has no quota cases: the bill would be under a quota that nobody keeps
            ANYI,
            "{disease: hemophilia, tier: 2,",
            "{disease: hemophilia, tier: 1, value: 9000, grade: assumed, cite: x}\n"
            "    - {disease: hemophilia, tier: 2,",
            "- rule: deductible_ratio_cap\n        when: {setting: inpatient}",
            "病种定额内",
        ),
        (  # a case whose setting is not offered
            FUSONG,
            "when: {setting: chronic, poor: true}",
            "when: {setting: pharmacy, poor: true}",
            "- rule: top_up\n        when: {setting: pharmacy",
            "没有结算单能满足",
        ),
        (  # a limit by class without a track
            (FILES / "two_limits_basic.yaml").read_text(encoding="utf-8").replace("general", "chronic"),
            "limit: [{value: 1500,",
            'limit: [{class: I, value: 9000, grade: seed, cite: "二"}, {class: II, value: 1500,',
            "- rule: ratio_within_limit",
            "限额分卡类别",
        ),
    ],
    ids=["quota rule without a quota", "quota without quota rules", "setting not offered", "limit by class"],
)
def test_the_kin_of_these_are_refused_too(text: str, old: str, new: str, line: str, says: str) -> None:
    assert text.count(old) == 1
    broken = text.replace(old, new)
    number = broken[: broken.index(line)].count("\n") + 1
    assert any(told.startswith(f"county.yaml:{number}: ") and says in told for told in reviewed(broken).refused)


def test_what_may_be_meant_is_told_and_not_refused() -> None:
    # one track under two caps: each counts the other's payments, which a county may want
    text = mended(UNSOUND[0]).replace("track: outpatient", "track: inpatient")
    found = reviewed(text)
    assert found.refused == []
    (told,) = found.warned
    assert "同用 track inpatient" in told


def test_what_is_so_in_the_text_in_force_is_told_and_not_refused() -> None:
    # its year has begun: another track would forget what it has used, so a new value must still be adopted
    known = law(text_of("two_limits_basic.yaml"))
    dearer = text_of("two_limits_basic.yaml").replace("value: 1500", "value: 1800").encode()
    assert review(dearer, "county.yaml").refused
    found = review(dearer, "county.yaml", known)
    assert found.refused == []
    assert "会把那里已付的也算进来" in found.warned[0]
    # what is new in it is refused all the same
    worse = dearer.replace(b"  general: [", b'  pharmacy: [{grade: seed, cite: "x"}]\n  general: [')
    assert [told.split(": ")[1] for told in review(worse, "county.yaml", known).refused] == ["settings.pharmacy[0]"]
