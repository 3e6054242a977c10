"""The shared vocabulary only grows, and what a scheme adds to it holds for that scheme and means one thing."""

from datetime import date

import pytest

from policies.loader import SCHEMES, SchemeError, check_together, load_file, load_text, review
from policies.premiums import premiums_due
from policies.scheme import Scheme
from policies.vocabulary import CATEGORY_ORDER, DISEASES, LAYERS, SHARED, layer_place
from processors.law.terms import LAYER_NAMES, terms_in_force, use_terms
from projections.rosters import RosterChange, categories_on
from tests.engine import claim, decided, outcome
from tests.integration.test_own_terms import WUYI

# As they were when texts without an order of their own were first adopted.
FIRST_CATEGORIES = ("destitute", "orphan", "dibao", "registered_poor", "low_income", "illness_poor", "veteran")
FIRST_LAYERS = ("basic", "critical_illness", "assistance", "supplementary", "basic_second", "backstop", "public_health")
AFTER_2021 = ("returned_to_poverty", "unstable_out_of_poverty", "near_poverty", "sudden_hardship", "dibao_margin")


def loaded(text: str = WUYI) -> Scheme:
    return load_text(text.encode(), "wuyi.yaml")


def refused(text: str) -> str:
    return "\n".join(review(text.encode(), "wuyi.yaml").refused)


def test_the_shared_files_only_grow() -> None:
    assert CATEGORY_ORDER[:7] == FIRST_CATEGORIES
    assert CATEGORY_ORDER[7:13] == (*AFTER_2021, "severely_disabled")
    assert LAYERS[:7] == FIRST_LAYERS
    assert (len(DISEASES[:32]), DISEASES[0], DISEASES[31]) == (32, "esophageal_cancer", "growth_hormone_deficiency")
    assert {term.fund for term in SHARED.layers.values()} <= SHARED.funds.keys()


def test_no_two_categories_are_called_alike() -> None:
    called = [name for term in SHARED.categories.values() for name in (term.name, *term.synonyms)]
    assert len(called) == len(set(called))


def test_a_scheme_knows_the_shared_terms_and_its_own() -> None:
    scheme = loaded()
    assert scheme.terms.diseases["kashin_beck"].icd10_text == "M12.1"
    assert list(scheme.terms.layers) == [*LAYERS, "mutual_aid"]
    assert "kashin_beck" not in SHARED.diseases
    assert load_file(SCHEMES / "shanggao.yaml").terms is SHARED


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("layer: mutual_aid\n", "'mutual_air' 不是保障线"),
        ("diseases: [kashin_beck]", "'mutual_air' 不是病种代码"),
        ("{for: landless,", "'mutual_air' 不是救助对象类别"),
        ("category_order: [landless", "'mutual_air' 不是救助对象类别"),
    ],
)
def test_a_code_that_nobody_names_is_refused_with_its_line(line: str, says: str) -> None:
    word = next(word for word in ("mutual_aid", "kashin_beck", "landless") if word in line)
    text = WUYI.replace(line, line.replace(word, "mutual_air"))
    with pytest.raises(SchemeError, match=says) as raised:
        loaded(text)
    number = next(number for number, each in enumerate(text.splitlines(), 1) if "mutual_air" in each)
    assert raised.value.problems[0].startswith(f"wuyi.yaml:{number}: ")


@pytest.mark.parametrize("code", ["Kashin", "2nd", "a" * 41, "大骨节病", "a-b"])
def test_a_code_has_its_form(code: str) -> None:
    with pytest.raises(SchemeError, match="vocabulary"):
        loaded(WUYI.replace("kashin_beck", code))


def test_a_code_that_means_something_is_refused_and_a_text_that_stands_loads() -> None:
    shared = WUYI.replace("mutual_aid:", "backstop:").replace("layer: mutual_aid", "layer: backstop")
    assert "指兜底" in refused(shared)
    reserved = WUYI.replace("mutual_aid:", "total:").replace("layer: mutual_aid", "layer: total")
    assert "stands for something else" in refused(reserved)
    assert "poor" in refused(WUYI.replace("landless:", "poor:").replace("landless", "poor"))
    unfunded = WUYI.replace("fund: charity", "fund: lottery")
    assert "lottery" in refused(unfunded)
    # A text that was adopted before a code was shared goes on meaning what it says.
    assert loaded(shared).terms.layers["backstop"].name == "职工互助"
    assert review(shared.encode(), "wuyi.yaml", loaded(shared)).refused == []
    assert refused(WUYI) == ""


@pytest.mark.parametrize("word", ["低保户", "五保", "建档立卡贫困人口", "dibao"])
def test_a_category_is_not_called_as_another_is(word: str) -> None:
    """A department's list that says 低保户 would put its people into one of two categories."""
    told = refused(WUYI.replace("synonyms: [失地户]", f"synonyms: [失地户, {word}]"))
    assert f"名单里的“{word}”已指" in told
    assert f"means {SHARED.categories[SHARED.category_words[word]].name}" in told
    named = WUYI.replace("name: 失地农民", f"name: {word}")
    assert "choose another name or synonym" in refused(named)
    # one that stands in an adopted text is told, and keeps no other text of the scheme from being adopted
    standing = WUYI.replace("synonyms: [失地户]", f"synonyms: [{word}]")
    assert review(standing.encode(), "wuyi.yaml", loaded(standing)).refused == []


def test_an_insurer_is_one_that_is_declared() -> None:
    funds = '\nfunds:\n  mutual_aid: {fund: supplementary, insurer: renbao, grade: seed, cite: "六"}\n'
    unknown = refused(WUYI + funds)
    assert "no insurer renbao is known" in unknown
    declared = "  insurers:\n    renbao: {name: 人保财险, name_en: PICC}\n"
    assert refused(WUYI.replace("  insurers:\n", declared, 1) + funds) == ""
    # a text of before names its insurer freely: it loads, and is paid out as it says
    assert loaded(WUYI + funds).fund_of("mutual_aid").insurer == "renbao"


def test_a_code_means_one_thing_in_a_ledger() -> None:
    other = WUYI.replace("name: wuyi", "name: other").replace('"330723"', '"330724"')
    check_together([loaded(), loaded(other)])
    with pytest.raises(SchemeError, match="means something else"):
        check_together([loaded(), loaded(other.replace("职工互助", "互助会"))])


def test_the_order_of_choice_is_the_scheme_s_then_the_shared_one() -> None:
    scheme = loaded()
    assert list(scheme.in_choice(("orphan", "dibao", "landless"))) == ["landless", "dibao", "orphan"]
    without = loaded(WUYI.replace("category_order: [landless, dibao]\n", ""))
    assert list(without.in_choice(("landless", "dibao"))) == ["dibao", "landless"]
    old = load_file(SCHEMES / "changzhi.yaml")
    assert tuple(old.in_choice(tuple(reversed(FIRST_CATEGORIES)))) == FIRST_CATEGORIES
    assert premiums_due(old, date(2018, 1, 1), ("registered_poor", "dibao"), 0)[0].category == "dibao"


def test_own_terms_decide() -> None:
    law = loaded()
    # (3,000 − 300) × 70% = 1,890; landless before dibao: 1,110 × 60% = 666; 2,700 − 2,556 = 144 to 90%
    held = claim(law, "2022-03-01", in_scope="3000", categories=("dibao", "landless"), disease="kashin_beck")
    assert outcome(held, law=law) == [
        decided(basic="1890.00", assistance="666.00", mutual_aid="144.00", patient="300.00")
    ]
    # dibao alone: 1,110 × 50% = 555, and another disease brings no mutual aid
    alone = claim(law, "2022-03-01", in_scope="3000", categories=("dibao",), disease="epilepsy")
    assert outcome(alone, law=law) == [decided(basic="1890.00", assistance="555.00", patient="555.00")]
    # a category of after 2021 that the text names
    near = claim(law, "2022-03-01", in_scope="3000", categories=("near_poverty",))
    assert outcome(near, law=law) == [decided(basic="1890.00", assistance="555.00", patient="555.00")]


def test_categories_are_recorded_in_an_order_that_no_file_moves() -> None:
    told = ["landless", "severely_disabled", "veteran", "near_poverty", "destitute"]
    changes = [RosterChange(number, "P", code, True, date(2022, 1, 1)) for number, code in enumerate(told)]
    held = categories_on(changes, date(2022, 2, 1))
    assert held == ("destitute", "veteran", "landless", "near_poverty", "severely_disabled")


def test_layers_stand_in_the_shared_order_then_by_code() -> None:
    layers = ["zakat", "charity", "backstop", "basic"]
    assert sorted(layers, key=layer_place) == ["basic", "backstop", "charity", "zakat"]


def test_names_are_those_of_the_ledger_that_was_learnt() -> None:
    before = terms_in_force()
    try:
        use_terms(SHARED.with_own(loaded().vocabulary))
        assert (LAYER_NAMES["mutual_aid"], LAYER_NAMES.get("mutual_aid", "")) == ("职工互助", "职工互助")
        use_terms(SHARED)
        assert (LAYER_NAMES["mutual_aid"], LAYER_NAMES.get("mutual_aid", "")) == ("mutual_aid", "")
    finally:
        use_terms(before)
