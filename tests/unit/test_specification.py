"""docs/domain.md binds: its tables hold of the product, its worked cases come out of the engine."""

import re
from typing import Any, get_args

import pytest

from events.catalog import DERIVED, FACTS
from events.codes import SETTINGS
from events.refusals import REASON_NAMES, REASONS
from policies.grants import AnnualGrant, OneOffGrant
from policies.rules import AnyRule
from policies.values import Grade
from policies.vocabulary import CATEGORY_ORDER, DISEASES, LAYERS, SETTING_NAMES, SHARED, named
from tests.engine import claim, outcome, scheme
from tests.integration.test_intake import ORDER
from tests.markdown import anchors, code, page, section, table
from tests.projection_rows import EVERY_FACT

PAGE = page("domain.md")
FACT_ROWS = {code(type_)[0]: (kinds, data) for type_, kinds, data in table(section(PAGE, "facts"))}
CASES = {cells[0].partition("</a>")[2].split()[0]: cells for cells in table(section(PAGE, "7"))}


def rows_of(anchor: str) -> list[tuple[str, str]]:
    """The code and the Chinese name of each row of a table."""
    return [(code(name)[0], chinese) for name, chinese in table(section(PAGE, anchor))]


@pytest.mark.parametrize(
    ("anchor", "order", "names"),
    [
        ("categories", CATEGORY_ORDER, named(SHARED.categories)),
        ("settings", SETTINGS, SETTING_NAMES),
        ("layers", LAYERS, named(SHARED.layers)),
        ("refusals", REASONS, REASON_NAMES),
    ],
)
def test_codes_stand_in_the_domain_s_order_under_its_names(
    anchor: str, order: tuple[str, ...], names: dict[str, str]
) -> None:
    text = section(PAGE, anchor).partition("An event gets the first reason")[0]
    told = [(code(name)[0], chinese) for name, chinese in table(text)]
    assert told == [(each, names[each]) for each in order]


def test_grades_are_those_a_value_may_carry() -> None:
    assert [code(grade)[0] for grade, _ in table(section(PAGE, "grades"))] == list(get_args(Grade))


def test_the_order_of_choice_is_told_in_words_too() -> None:
    assert re.findall(r"[a-z_]+", section(PAGE, "category_choice").partition("counts:")[2].partition(".")[0]) == list(
        CATEGORY_ORDER
    )


def test_facts_are_those_of_the_catalog_from_the_same_sources() -> None:
    told = {type_: tuple(kinds.split(", ")) for type_, (kinds, _) in FACT_ROWS.items()}
    assert told == {type_: fact.kinds for type_, fact in FACTS.items()}


def test_rebuild_is_tested_with_every_fact() -> None:
    """A derivation that forgets a kind of event fails only where the ledger that is rebuilt has one."""
    tested = {event["type"] for event in EVERY_FACT if isinstance(event, dict)}
    elsewhere = {
        "resettlement.ordered.v1": "test_rebuild_derivation.py",
        "interim.recorded.v1": "test_interim_bills.py",
    }
    assert set(FACTS) - tested == set(elsewhere)


@pytest.mark.parametrize("type_", FACTS)
def test_a_fact_has_the_fields_of_its_row(type_: str) -> None:
    fields = FACTS[type_].model.model_fields
    wanted = [name + ("" if field.is_required() else "?") for name, field in fields.items()]
    assert sorted(code(FACT_ROWS[type_][1])) == sorted(wanted)


@pytest.mark.parametrize("type_", FACTS)
def test_a_fact_s_fields_take_the_values_of_its_row(type_: str) -> None:
    told = {name: values.split(", ") for name, values in re.findall(r"`(\w+)\??` \(([\w, ]+)\)", FACT_ROWS[type_][1])}
    listed = {name: _literals(field.annotation) for name, field in FACTS[type_].model.model_fields.items()}
    closed = {name: values for name, values in listed.items() if values and name not in ("disease", "category")}
    assert told == closed


def test_derived_events_are_those_of_the_catalog() -> None:
    told = [type_ for _, types in table(section(PAGE, "derived")) for type_ in code(types)]
    assert sorted(told) == sorted(DERIVED)


OF_ALL = ["malformed", "unknown_type", "source_not_allowed", "event_id_reused"]
"""What every event is looked at for."""


def reasons_by_event() -> dict[str, list[str]]:
    """Of each kind of event the reasons in the order in which they are looked at, ``waiting`` among them."""
    rest = section(PAGE, "refusals").partition("An event gets the first reason")[2]
    return {
        event: reasons.replace("waits for its admission", "waiting").replace("`", "").split(", ")
        for event, reasons in table(rest)
    }


def test_reasons_of_each_kind_of_event_are_known_and_each_is_some_event_s() -> None:
    everywhere = {*OF_ALL, "reversed_while_waiting"}
    told = {reason for reasons in reasons_by_event().values() for reason in reasons}
    assert (told - {"waiting"}) | everywhere == set(REASONS)


@pytest.mark.parametrize("event", ["discharge", "outpatient"])
def test_a_claim_s_reasons_keep_the_general_order(event: str) -> None:
    reasons = [reason for reason in reasons_by_event()[event] if reason != "waiting"]
    assert reasons == sorted(reasons, key=REASONS.index)


@pytest.mark.parametrize(("first", "second", "event"), [(first, second, event) for first, second, _, event in ORDER])
def test_the_order_that_intake_is_tested_for_is_the_one_that_is_told(
    first: str, second: str, event: dict[str, Any]
) -> None:
    kind = {"discharge.recorded.v1": "discharge", "outpatient.recorded.v1": "outpatient"} | {
        "admission.recorded.v1": "admission",
        "claim.corrected.v1": "correction",
        "audit.found.v1": "audit",
    }
    told = OF_ALL if second in OF_ALL else [*OF_ALL, *reasons_by_event()[kind[event["type"]]]]
    assert told.index(first) < told.index(second)


def test_every_rule_kind_has_its_place() -> None:
    kinds = {name for kind in get_args(get_args(AnyRule)[0]) for name in get_args(kind.model_fields["rule"].annotation)}
    quota = {"quota_basic", "quota_fill", "quota_share", "quota_residual"}
    assert kinds - quota <= set(anchors(PAGE))
    assert quota <= kinds
    assert "case_quota" in anchors(PAGE)


def test_diseases_are_those_of_the_codes() -> None:
    told = [disease for _, diseases in table(section(PAGE, "6")) for disease in code(diseases)]
    assert told == list(DISEASES)


def test_tariffs_are_those_of_the_scheme() -> None:
    quota = scheme("anyi").case_quota
    assert quota is not None
    told = {
        (code(disease)[0], tier): int(yuan.replace(",", ""))
        for disease, *tariffs in table(section(PAGE, "tariffs"))
        for tier, yuan in enumerate(tariffs, 2)
    }
    rows = quota.tariff.root
    assert told == {(row.disease, tier): row.value // 100 for row in rows for tier in row.tier or ()}
    assert {row.grade for row in rows} == {"assumed"}


def test_grants_are_for_the_diseases_that_are_named() -> None:
    groups = {group: code(diseases) for group, diseases in table(section(PAGE, "6"))}
    (annual,) = scheme("anyi").grants
    (one_off,) = scheme("changzhi").grants
    assert isinstance(annual, AnnualGrant)
    assert isinstance(one_off, OneOffGrant)
    assert annual.diseases == [*groups["cancer"], "renal_dialysis", "renal_transplant"]
    assert one_off.diseases == [*groups["cancer"], *groups["renal"], *code(section(PAGE, "late_diseases"))]


@pytest.mark.parametrize("name", CASES)
def test_a_worked_case_comes_out(name: str) -> None:
    _, facts, told = CASES[name]
    claims = [_claim(facts, 1)]
    if earlier := _facts(facts).get("after"):
        claims = [_claim(CASES[earlier][1], 1), _claim(facts, 2)]
    figures = dict(re.findall(r"(?:^|; )(\w+) ([\d,]+\.\d\d)", told))
    found = outcome(*claims)[-1]
    assert {who: yuan.replace(",", "") for who, yuan in figures.items()} | {
        "hospital": figures.get("hospital", "0.00").replace(",", "")
    } == found


def test_every_worked_case_is_read() -> None:
    assert list(CASES) == ["J1", "J2", "A1", "L1", "C1", "C2", "F1"]


def _facts(cell: str) -> dict[str, str]:
    return dict(part.split("=") for part in code(cell)[0].split())


def _claim(cell: str, number: int) -> Any:
    facts = _facts(cell)
    facts.pop("after", None)
    category = facts.pop("category", None)
    return claim(
        facts["scheme"],
        facts["day"],
        in_scope=facts["in_scope"],
        self_funded=facts.get("self_funded", "0"),
        setting=facts.get("setting", "inpatient"),
        tier=int(facts["tier"]),
        prescriber_tier=int(facts.get("prescriber_tier", "0")),
        any_card=facts.get("any_card") == "yes",
        disease=facts.get("disease"),
        categories=[category] if category else [],
        number=number,
    )


def _literals(annotation: Any) -> list[str]:
    """The values of a closed list of words or numbers, however it is wrapped; [] for anything else."""
    values: list[str] = []
    for inner in get_args(annotation):
        if isinstance(inner, str | int) and not isinstance(inner, bool):
            values.append(str(inner))
        elif inner is not type(None):
            values += _literals(inner)
    return values
