"""What is unsound about a scheme that loads: it would settle, and somebody would be paid less than the law means.

None of it keeps a text from being loaded, for claims may be pinned to it: a new text is held against it when somebody
checks or adopts it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import structs

from policies.claim import BillParts
from policies.limits import JointLimit
from policies.rule_context import Rule
from policies.rules.annual_bands import AnnualBands
from policies.rules.annual_true_up import AnnualTrueUp
from policies.rules.case_quota import QuotaBasic, QuotaFill, QuotaResidual, QuotaShare
from policies.rules.decision import Decided
from policies.rules.deductible_ratio_cap import DeductibleRatioCap
from policies.rules.ratio_within_limit import RatioWithinLimit
from policies.sample_claims import Sample, TooMany, samples, who
from policies.scheme import Scheme
from policies.values import Parameter
from policies.vocabulary import SETTING_NAMES, SHARED

Path = tuple[str | int, ...]


class SchemeRemark(NamedTuple):
    """What is unsound at ``path``. ``{line}`` in the message is the line of ``beside``, another place in the file.

    What is not ``refused`` may be meant so: it is told.
    """

    path: Path
    chinese: str
    english: str
    refused: bool = True
    beside: Path = ()


def findings(scheme: Scheme) -> Iterator[SchemeRemark]:
    """What is unsound, in the order of the file."""
    yield from _own_terms(scheme)
    try:
        tried = samples(scheme)
    except TooMany as error:
        yield SchemeRemark(("stages",), error.chinese, error.english)
        return
    yield from _undecided(scheme, tried)
    yield from _unreachable(scheme, tried)
    for stage in range(len(scheme.path)):
        yield from _shared_limits(scheme, stage)
    yield from _moving_tracks(scheme, tried)
    yield from _over_caps(scheme, tried)
    yield from _quotas(scheme, tried)


RESERVED = {
    "categories": frozenset({"poor", "general"}),
    "layers": frozenset(
        (
            *("intake", "settlement", "clearing", "rosters", "seal", "payouts", "proposals"),
            *("grant", "grants", "emergency_fund", "case_quota", "quota", "funds", "layers", "gap"),
            *("total", "paid", "paid_share", "patient", "patient_share", "hospital", "hospital_share"),
            *("claims", "persons", "year", "region", "scheme", "setting", "poor", "date", "status"),
            *("claim_id", "person_id"),
        )
    ),
}
"""Codes that stand for something else beside categories, or beside layers: consumers, columns, parts of a statement."""


def _own_terms(scheme: Scheme) -> Iterator[SchemeRemark]:
    """Own terms whose code means something already. A text that was adopted before a code was shared stays as it is."""
    yield from _own_words(scheme)
    yield from _insurers(scheme)
    for kind, code, _ in scheme.vocabulary.terms():
        path: Path = ("vocabulary", kind, code)
        if code in getattr(SHARED, kind):
            name = getattr(SHARED, kind)[code].name
            yield SchemeRemark(
                path, f"此代码已通用，指{name}，请另取代码", f"the code is shared and means {name}: choose another one"
            )
        elif code in RESERVED.get(kind, ()):
            yield SchemeRemark(
                path, "此代码另有用处，请另取代码", "the code stands for something else: choose another one"
            )
        if kind == "layers" and scheme.vocabulary.layers[code].fund not in scheme.terms.funds:
            fund = scheme.vocabulary.layers[code].fund
            yield SchemeRemark(path, f"没有资金 {fund}", f"no fund {fund} is known: name it under vocabulary.funds")


def _own_words(scheme: Scheme) -> Iterator[SchemeRemark]:
    """What a department's list may call an own category, and calls another one: its people would be put into that."""
    words = {word: (code, SHARED.categories[code].name) for word, code in SHARED.category_words.items()}
    for code, term in scheme.vocabulary.categories.items():
        for word in (term.name, *term.synonyms):
            other, name = words.setdefault(word, (code, term.name))
            if other != code:
                yield SchemeRemark(
                    ("vocabulary", "categories", code),
                    f"名单里的“{word}”已指{name} {other}，请另取名称或别称",
                    f"on a list {word} means {name} {other}: choose another name or synonym",
                )


def _insurers(scheme: Scheme) -> Iterator[SchemeRemark]:
    """Insurers that nobody declares: one company under two spellings would be two payees."""
    allowed = "、".join(f"{term.name} {code}" for code, term in scheme.terms.insurers.items()) or "（无 none）"
    for name, paying in scheme.funds.items():
        if paying.insurer is not None and paying.insurer not in scheme.terms.insurers:
            yield SchemeRemark(
                ("funds", name, "insurer"),
                f"承保公司 {paying.insurer} 未列入，请写入 vocabulary.insurers；可用：{allowed}",
                f"no insurer {paying.insurer} is known: name it under vocabulary.insurers; known are {allowed}",
            )


def _case(stage: int, case: int) -> Path:
    return ("stages", stage, "cases", case)


def _undecided(scheme: Scheme, tried: Sequence[Sample]) -> Iterator[SchemeRemark]:
    """Settings that are offered where no stage decides a claim: the patient pays all of it."""
    for setting, offers in scheme.settings.items():
        name = f"{SETTING_NAMES[setting]} {setting}"
        for index, offer in enumerate(offers):
            groups: dict[object, list[Sample]] = {}
            for sample in tried:
                claim = sample.claim
                here = offer.tiers is None or claim.tier in offer.tiers
                if claim.setting == setting and here and offer.holds_on(claim.date):
                    groups.setdefault((claim.tier, claim.date), []).append(sample)
            path: Path = ("settings", setting, index)
            without = {place: [each for each in group if not _decided(scheme, each)] for place, group in groups.items()}
            none = [group[0] for place, group in groups.items() if len(without[place]) == len(group)]
            if none:
                tiers = "、".join(str(tier) for tier in sorted({sample.claim.tier for sample in none}))
                yield SchemeRemark(
                    path,
                    f"{name}（{tiers}级医院，{none[0].claim.date} 起）没有任何保障线支付，参保人全部自付",
                    f"no stage decides such a claim (tier {tiers}, from {none[0].claim.date}): the patient would pay "
                    "all of it. Give it a case, or don't offer it",
                )
            some = [sample for group in without.values() for sample in group if sample not in none]
            unknown = _undecided_for_want_of_an_age(scheme, without, groups)
            if unknown is not None and not none:
                yield SchemeRemark(
                    path,
                    f"{name}：年龄不详的人没有任何保障线支付，全部自付，如{who(scheme, unknown)}：请另写一档不问年龄",
                    "no stage decides such a claim of whoever's age is not known, though one does at some age. Give it "
                    "a case that does not ask for age",
                )
            elif some and not none:
                yield SchemeRemark(
                    path,
                    f"{name}：有的人没有任何保障线支付，全部自付，如{who(scheme, some[0])}",
                    "some pay all of such a claim themselves, for no stage decides it",
                    refused=False,
                )


def _undecided_for_want_of_an_age(
    scheme: Scheme, undecided: Mapping[object, Sequence[Sample]], groups: Mapping[object, Sequence[Sample]]
) -> Sample | None:
    """A claim that no stage decides where the age is not known, and that one decides at some age."""
    decided = {
        structs.replace(sample.claim, age=None)
        for group in groups.values()
        for sample in group
        if sample.claim.age is not None and _decided(scheme, sample)
    }
    lacking = (sample for group in undecided.values() for sample in group if sample.claim.age is None)
    return next((sample for sample in lacking if sample.claim in decided), None)


def _decided(scheme: Scheme, sample: Sample) -> bool:
    """Whether a stage pays of itself: what somebody has to decide may never come."""
    return any(
        index is not None and not isinstance(stage.cases[index], Decided)
        for stage, index in zip(scheme.stages, sample.cases, strict=True)
    )


def _unreachable(scheme: Scheme, tried: Sequence[Sample]) -> Iterator[SchemeRemark]:
    for number, stage in enumerate(scheme.stages):
        reached = {sample.cases[number] for sample in tried}
        for index, case in enumerate(stage.cases):
            if index in reached:
                continue
            taken = next(
                (
                    sample.cases[number]
                    for sample in tried
                    if case.applies(sample.claim, poor=sample.poor, quota=sample.quota)
                ),
                None,
            )
            if taken is None:
                yield SchemeRemark(
                    _case(number, index),
                    "没有结算单能满足这一条件，这一档从不支付",
                    "no claim can meet this condition: the case never pays. Is its setting offered, at these tiers and "
                    "dates?",
                )
            else:
                yield SchemeRemark(
                    _case(number, index),
                    "前面的一档（第{line}行）条件更宽，这一档从不支付：请移到它前面",
                    "a case before it, line {line}, takes all of its claims: it never pays. Put the narrower one first",
                    beside=_case(number, taken),
                )


def _shared_limits(scheme: Scheme, stage: int) -> Iterator[SchemeRemark]:
    """Limits that count what was paid under another limit of their layer, though nobody says that they are one."""
    cases = scheme.stages[stage].cases
    for index, case in enumerate(cases):
        if case.track is None and _limited(case) and case.year_limit is not None and case.year_limit.by_class:
            yield SchemeRemark(
                _case(stage, index),
                "限额分卡类别，却未写 track：两类互相占用",
                "the limit is by class without a `track`: the classes count each other's payments. Name a track",
            )
        for other in range(len(cases)):
            if other != index and (finding := _shared(cases, stage, index, other)) is not None:
                yield finding
                break


def _shared(cases: Sequence[Rule], stage: int, index: int, other: int) -> SchemeRemark | None:
    case, beside = cases[index], cases[other]
    if case.track is not None:
        if other < index and case.track == beside.track and not _one_limit(case, beside):
            return SchemeRemark(
                _case(stage, index),
                f"与第{{line}}行同用 track {case.track}，限额却不同：两处支付合并计算",
                f"it counts to the track `{case.track}` of line {{line}} under another limit: each counts the other's",
                refused=False,
                beside=_case(stage, other),
            )
        return None
    if not _reads(case) or _one_limit(case, beside):
        return None
    if _limited(beside) or beside.track is not None:
        return SchemeRemark(
            _case(stage, index),
            "本保障线还有另一限额（第{line}行），这里未写 track，会把那里已付的也算进来",
            "its limit also counts what is paid at line {line}, which has a limit of its own: give each a `track`, or "
            "both the same limit",
            beside=_case(stage, other),
        )
    if isinstance(beside, QuotaFill) and not _limited(case):
        return None  # it enters no base, and without a limit nothing else is read
    return SchemeRemark(
        _case(stage, index),
        "第{line}行所付也计入这里的年度累计；如不应计入，请写 track",
        "what is paid at line {line} counts here too: name a `track` if it should not",
        refused=False,
        beside=_case(stage, other),
    )


def _moving_tracks(scheme: Scheme, tried: Iterable[Sample]) -> Iterator[SchemeRemark]:
    """Cases between which a late fact can move a claim, though they count to different tracks: it would leave one
    limit for another, and claims behind it were paid by what it had left."""
    first: dict[tuple[int, object], int] = {}
    told: dict[tuple[int, int], int] = {}
    for sample in tried:
        fixed = structs.replace(sample.claim, categories=(), bill=_NO_BILL, stay_number=0)
        for stage, index in enumerate(sample.cases):
            if index is None:
                continue
            beside = first.setdefault((stage, fixed), index)
            cases = scheme.stages[stage].cases
            if cases[index].track != cases[beside].track:
                told.setdefault((stage, max(index, beside)), min(index, beside))
    for (stage, index), beside in sorted(told.items()):
        yield SchemeRemark(
            _case(stage, index),
            "迟到的名册、更正、稽核或冲正会使同一结算单由第{line}行改到这一档，两处 track 却不同：请用同一 track",
            "a late roster, correction, audit or reversal can move a claim between this case and line {line}, which "
            "count to different tracks: it would leave one limit and use up another. Name one track in both",
            beside=_case(stage, beside),
        )


_NO_BILL = BillParts(0, 0, 0, 0, 0)


def _limited(case: Rule) -> bool:
    """Whether anything bounds what the case pays in a year."""
    return case.year_limit is not None and any(row.value is not None for row in case.year_limit.root)


def _reads(case: Rule) -> bool:
    """Whether the case pays less, or more, for what the year's claims before have used."""
    return _limited(case) or isinstance(case, AnnualBands | AnnualTrueUp) or _deductible_of_the_year(case) is not None


def _deductible_of_the_year(case: Rule) -> Parameter[Any] | None:
    if isinstance(case, DeductibleRatioCap | RatioWithinLimit) and case.deductible_per is not None:
        return case.deductible
    return None


def _one_limit(case: Rule, other: Rule) -> bool:
    """Whether two cases of one track, or of none, are parts of one rule: they read the year with the same values."""
    return case.track == other.track and _reading(case) == _reading(other)


def _reading(case: Rule) -> tuple[object, ...]:
    match case:
        case AnnualBands():
            return "bands", _rows(case.line), _rows(case.bands), _rows(case.cap)
        case AnnualTrueUp():
            return "true-up", _rows(case.tiers), _rows(case.deductible), _rows(case.limit)
        case _:
            return "limit", _rows(case.year_limit), _rows(_deductible_of_the_year(case))


def _rows(parameter: Parameter[Any] | None) -> list[object]:
    """What a value is for whom and when, without its grade and citation."""
    rows = [] if parameter is None else parameter.root
    return [(row.value, row.for_, row.tier, row.place, row.class_, row.asked, row.from_, row.until) for row in rows]


def _over_caps(scheme: Scheme, tried: Iterable[Sample]) -> Iterator[SchemeRemark]:
    """``over_cap_ratio`` where no rule before it says what lies over a cap."""
    told: dict[tuple[int, int], bool] = {}
    for sample in tried:
        before = False
        for stage, index in enumerate(sample.cases):
            if index is None:
                continue
            case = scheme.stages[stage].cases[index]
            if isinstance(case, AnnualBands) and case.over_cap_ratio is not None:
                told[stage, index] = told.get((stage, index), False) or before
            before = before or _tells_over_cap(case, scheme.path[stage], scheme.bounds[stage][case.track].limits)
    for (stage, index), pays in sorted(told.items()):
        if not pays:
            yield SchemeRemark(
                (*_case(stage, index), "over_cap_ratio"),
                "从不支付：前面没有哪一档会算出超封顶部分",
                "never pays: no case before it says what lies over a cap. Basic does with `deductible_ratio_cap`, or "
                "with `annual_bands` or `ratio_within_limit` on a `track`, where a cap is stated",
            )


def _tells_over_cap(case: Rule, layer: str, beside: Sequence[JointLimit]) -> bool:
    """Whether a case says what lies over its own limit, or over one of the year beside it."""
    limited = _limited(case) or any(limit.ends_a_year for limit in beside)
    told = isinstance(case, DeductibleRatioCap) or case.tells_over_cap(layer)
    return limited and told and not isinstance(case, QuotaBasic | AnnualTrueUp)


def _quotas(scheme: Scheme, tried: Iterable[Sample]) -> Iterator[SchemeRemark]:
    """Rules that can't settle what reaches them: those of the quota without one, all others under one."""
    wrong: dict[tuple[int, int], bool] = {}
    for sample in tried:
        for stage, index in enumerate(sample.cases):
            if index is not None:
                case = scheme.stages[stage].cases[index]
                if isinstance(case, Decided):
                    continue  # it pays no more than is left to the person, under a quota too
                if isinstance(case, QuotaBasic | QuotaFill | QuotaShare | QuotaResidual) != sample.quota:
                    wrong[stage, index] = sample.quota
    for (stage, index), quota in sorted(wrong.items()):
        yield SchemeRemark(_case(stage, index), *(_UNDER_A_QUOTA if quota else _UNDER_NO_QUOTA))


_UNDER_A_QUOTA = (
    "病种定额内的结算单也落到这一档，可能超付定额而无法结算：请加 unless，或为该级医院写定额档",
    "claims under the case quota reach it, and it may pay more than the quota: they could not be settled. Write "
    "`case_quota` under `unless`, or quota cases for these tiers",
)
_UNDER_NO_QUOTA = (
    "不在病种定额内的结算单也落到这一档，无法结算：条件中请写 case_quota",
    "claims under no quota reach this quota rule: they could not be settled. Write `case_quota` under `when`",
)
