"""Facts of a claim that a case or a row may ask for: age, insurance, the stay's number, the size of the bill."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import product
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, Field

from events.codes import CODE_PATTERN, INSURANCE_TYPE_NAMES, ORDINARY, STAY_KIND_NAMES
from events.money import parse_yuan, yuan
from policies.claim import Claim, after_audits

FactKey = tuple[tuple[str, object], ...]
"""What one case or row asks of the facts: each name with what is asked of it."""

MOST_CELLS = 50_000
"""Ways in which the facts of a claim can meet what is asked of them."""


SIZES = ("total", "in_scope")
"""Facts that are the bill's size."""


class NumberRange(NamedTuple):
    """From a number on, up to another; both count. ``to`` None: without an end."""

    from_: int
    to: int | None

    def holds(self, number: int) -> bool:
        """Whether a number lies in it."""
        return self.from_ <= number and (self.to is None or number <= self.to)

    @property
    def edges(self) -> tuple[int, ...]:
        """The first number in it and the first behind it."""
        return (self.from_,) if self.to is None else (self.from_, self.to + 1)


class AskedFacts(NamedTuple):
    """The facts of one claim that can be asked for.

    ``stay`` is 1 for the first stay of the year, 0 where the claim is none. ``total`` and ``in_scope`` are fen, after
    audits.
    """

    age: int | None
    insurance_type: str
    household: bool
    contracted_doctor: bool
    emergency: bool
    stay_kind: str
    stay: int
    total: int
    in_scope: int


def facts_of(claim: Claim) -> AskedFacts:
    """The facts of a claim; what is not known is not met."""
    in_scope, copay, outside = after_audits(claim)[0]
    return AskedFacts(
        age=claim.age,
        insurance_type=claim.insurance_type,
        household=claim.household_id is not None,
        contracted_doctor=claim.contracted_doctor is True,
        emergency=claim.emergency,
        stay_kind=claim.stay_kind,
        stay=claim.stay_number,
        total=in_scope + copay + outside,
        in_scope=in_scope,
    )


def _span(value: object, number: Any, least: int) -> NumberRange | None:
    if value is None or isinstance(value, NumberRange):
        return value
    given = value if isinstance(value, dict) else {"from": value, "to": value}
    if not given or not set(given) <= {"from", "to"}:
        raise ValueError("应写 from、to 或其一 a range has `from`, `to` or both")
    begin = number(given["from"]) if "from" in given else least
    end = number(given["to"]) if "to" in given else None
    if begin < least or (end is not None and end < begin):
        raise ValueError("范围为空 the range is empty: both ends count, and `to` is not below `from`")
    return NumberRange(begin, end)


def _count(value: object) -> int:
    if not isinstance(value, int | str) or isinstance(value, bool) or not str(value).isdecimal():
        raise ValueError(f"{str(value)[:20]!r} 不是整数 is no whole number")
    if len(str(value)) > 3:
        raise ValueError(f"{str(value)[:20]} 过大 is too large")
    return int(value)


def _ages(value: object) -> NumberRange | None:
    return _span(value, _count, 0)


def _stays(value: object) -> NumberRange | None:
    return _span(value, _count, 1)


def _amounts(value: object) -> NumberRange | None:
    if value is not None and not isinstance(value, dict | NumberRange):
        raise ValueError("应写 from、to 或其一 a range has `from`, `to` or both")
    return _span(value, parse_yuan, 0)


def as_list(value: object) -> object:
    """A single value stands for a list of one."""
    return value if isinstance(value, list) or value is None else [value]


Codes = Annotated[
    list[Annotated[str, Field(pattern=CODE_PATTERN)]] | None, Field(min_length=1), BeforeValidator(as_list)
]


class FactCondition(BaseModel):
    """What is asked of a claim's facts: all that is given must hold. What is not known of a person does not hold."""

    age: Annotated[NumberRange | None, BeforeValidator(_ages)] = None
    insurance_type: Codes = None
    household: Literal[True] | None = None
    contracted_doctor: Literal[True] | None = None
    emergency: Literal[True] | None = None
    stay_kind: Codes = None
    stay: Annotated[NumberRange | None, BeforeValidator(_stays)] = None
    total: Annotated[NumberRange | None, BeforeValidator(_amounts)] = None
    in_scope: Annotated[NumberRange | None, BeforeValidator(_amounts)] = None

    # A cached property is found without pydantic's way to fields; every claim asks.
    @cached_property
    def asked(self) -> FactKey:
        """What is asked for, empty for nothing."""
        found = ((name, getattr(self, name)) for name in AskedFacts._fields)
        return tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in found if value)

    def met_by(self, facts: AskedFacts) -> bool:
        """Whether the facts are as asked."""
        return met(self.asked, facts)


def met(asked: FactKey, facts: AskedFacts) -> bool:
    """Whether the facts are as asked."""
    for name, value in asked:
        fact = getattr(facts, name)
        if isinstance(value, NumberRange):
            if fact is None or not value.holds(fact):
                return False
        elif isinstance(value, tuple):
            if fact not in value:
                return False
        elif not fact:
            return False
    return True


def narrower(asked: FactKey, other: FactKey) -> bool:
    """Whether one asks for all that another asks for, and for more: then it goes before the other."""
    return len(asked) > len(other) and {name for name, _ in asked} > {name for name, _ in other}


class TooManyWays(ValueError):
    """Facts that can meet what is asked of them in more ways than are tried."""

    def __init__(self) -> None:
        super().__init__(
            f"条件组合超过 {MOST_CELLS} 种，无法逐一检查 more than {MOST_CELLS} ways: too many to be tried"
        )


def ways(asked: Iterable[FactKey], insurance_types: Sequence[str], *, inpatient: bool) -> list[AskedFacts]:
    """One set of facts for each way in which facts can meet what is asked of them, the least of them first.

    Raises ``TooManyWays``.
    """
    keys = [key for key in dict.fromkeys(asked) if key]
    if not keys:
        return [AskedFacts(None, insurance_types[0], False, False, False, ORDINARY, int(inpatient), 100, 100)]
    values = _values(keys, insurance_types, inpatient)
    size = 1
    for each in values:
        size *= len(each)
    if size > MOST_CELLS:
        raise TooManyWays
    found: dict[tuple[bool, ...], AskedFacts] = {}
    for combination in product(*values):
        facts = AskedFacts._make(combination)
        if facts.in_scope <= facts.total:
            found.setdefault(tuple(met(key, facts) for key in keys), facts)
    return list(found.values())


def _values(keys: Sequence[FactKey], insurance_types: Sequence[str], inpatient: bool) -> list[Sequence[Any]]:
    asked: dict[str, list[Any]] = {}
    for key in keys:
        for name, value in key:
            asked.setdefault(name, []).append(value)
    edges = {name: {edge for span in spans for edge in span.edges} for name, spans in asked.items() if _spans(spans)}
    in_scope = sorted({1, *edges.get("in_scope", ())})
    total = sorted({*in_scope, *edges.get("total", ())}) if "total" in edges else [in_scope[-1]]
    if "in_scope" not in edges:
        in_scope = [1]
    kinds = [kind for kinds in asked.get("stay_kind", ()) for kind in kinds]
    return [
        [None, *sorted({0, *edges["age"]})] if "age" in edges else [None],
        insurance_types if "insurance_type" in asked else insurance_types[:1],
        *([False, True] if name in asked else [False] for name in ("household", "contracted_doctor", "emergency")),
        [*dict.fromkeys((ORDINARY, "other", *kinds))] if kinds else [ORDINARY],
        (sorted({1, *edges.get("stay", ())}) if inpatient else [0]),
        total,
        in_scope,
    ]


def _spans(values: Sequence[Any]) -> bool:
    return isinstance(values[0], NumberRange)


def words(asked: FactKey) -> Iterator[str]:
    """What is asked for, a word each: ``age 60-``, ``stay 2``, ``total 0.00-5000.00``, ``emergency``; ``named`` says it
    to people."""
    for name, value in asked:
        match name, value:
            case ("total" | "in_scope", NumberRange()):
                yield f"{name} {_range(value, yuan)}"
            case (_, NumberRange()):
                yield f"{name} {_range(value, str)}"
            case (_, tuple()):
                yield f"{name} {','.join(value)}"
            case _:
                yield name


def _range(span: NumberRange, text: Any) -> str:
    if span.from_ == span.to:
        return str(text(span.from_))
    return f"{text(span.from_)}-{'' if span.to is None else text(span.to)}"


def named(word: str) -> tuple[str, str] | None:
    """A word of ``words`` in Chinese and English; None for any other."""
    name, _, value = word.partition(" ")
    if name not in _CHINESE:
        return None
    begin, dash, end = value.partition("-")
    if not dash:
        codes = [(_CODES.get(code) or code) for code in value.split(",")]
        return _CHINESE[name].format("、".join(codes) + _UNITS.get(name, "")), _ENGLISH[name].format(value)
    unit = _UNITS[name]
    chinese = f"{begin}至{end}{unit}" if end else f"{begin}{unit}及以上"
    return _CHINESE[name].format(chinese), _ENGLISH[name].format(f"{begin} to {end}" if end else f"{begin} and more")


_CODES = {**INSURANCE_TYPE_NAMES, **STAY_KIND_NAMES}
_CHINESE = {
    "age": "年龄{}",
    "insurance_type": "参保类型：{}",
    "household": "有家庭户号",
    "contracted_doctor": "已签约家庭医生",
    "emergency": "急诊",
    "stay_kind": "就诊类别：{}",
    "stay": "当年第{}住院",
    "total": "医疗费总额{}",
    "in_scope": "政策范围内费用{}",
}
_UNITS = {"age": "周岁", "stay": "次", "total": "元", "in_scope": "元"}
_ENGLISH = {
    "age": "age {}",
    "insurance_type": "insured as {}",
    "household": "with a household",
    "contracted_doctor": "with a contracted doctor",
    "emergency": "emergency",
    "stay_kind": "kind of stay {}",
    "stay": "stay {} of the year",
    "total": "total {} yuan",
    "in_scope": "in scope {} yuan",
}


def told(asked: FactKey) -> str:
    """What is asked for, for people: Chinese first."""
    return "，".join(" ".join(named(word) or ()) for word in words(asked))


def facts_told(facts: AskedFacts, asked: Iterable[FactKey]) -> str:
    """Of one claim's facts those that are asked for, for people: ``age 60, no emergency``."""
    names = {name for key in asked for name, _ in key}
    found = []
    for name, value in zip(AskedFacts._fields, facts, strict=True):
        match name, value:
            case _ if name not in names:
                pass
            case (_, None):
                found.append(f"{name} unknown")
            case (_, bool()):
                found.append(name if value else f"no {name}")
            case ("total" | "in_scope", int()):
                found.append(f"{name} {yuan(value)}")
            case _:
                found.append(f"{name} {value}")
    return ", ".join(found)
