"""Dated, graded, cited values: what a scheme says a deductible, a ratio or a cap is, for whom, where and when."""

import re
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import Struct
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    ValidationInfo,
    field_validator,
    model_validator,
)

from events.money import parse_yuan
from policies.arithmetic import Band
from policies.claim import Place
from policies.claim_facts import FactCondition, FactKey, as_list, narrower
from policies.vocabulary import known

T = TypeVar("T")
Grade = Literal["seed", "public", "later", "assumed"]
CardClass = Literal["I", "II"]
Tier = Annotated[int, Field(ge=0, le=3)]


OUR_READING = "〔我方解读 reading: ours〕"
"""Stands behind a citation where the clause is unclear and the value is our reading of it."""

_LONGEST_RATIO = 40
_NUMBER = re.compile(r"[-+]?[0-9._]+([eE][-+]?[0-9]+)?")
_LARGE_EXPONENT = re.compile(r"[eE][+-]?[\d_]{3}")


def _ratio(value: object) -> Fraction:
    text = str(value)
    try:
        if len(text) > _LONGEST_RATIO or _LARGE_EXPONENT.search(text):  # 1e999999999 is cheap to write and not to read
            raise ValueError(text)
        ratio = Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{text[:_LONGEST_RATIO]!r} 不是比例 is not a ratio: write 85% or 0.85") from None
    if not 0 <= ratio <= 1:
        raise ValueError(f"{text} 超出 0% 至 100% is outside 0% to 100%")
    return ratio


def _day(value: object) -> object:
    """A bare number is no day: it would be read as seconds since 1970."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        raise ValueError(f"{value[:_LONGEST_RATIO]!r} 不是日期 is not a day: write 2024-05-06")
    return value


Day = Annotated[date, BeforeValidator(_day)]


def _limit(value: object) -> int | None:
    return None if value == "none" else parse_yuan(value)


def _bands(value: object) -> tuple[Band, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(
            "分段应为 {to, ratio} 的列表，末段不写 to: bands are a list of {to, ratio}, the last without `to`"
        )
    bands: list[Band] = []
    for entry in value:
        if not isinstance(entry, dict) or not set(entry) <= {"to", "ratio"} or "ratio" not in entry:
            raise ValueError("每段有 ratio，除末段外有 to: a band has `ratio` and, except the last, `to`")
        bands.append(Band(parse_yuan(entry["to"]) if "to" in entry else None, _ratio(entry["ratio"])))
    edges = [band.to for band in bands[:-1]]
    if any(edge is None for edge in edges) or bands[-1].to is not None:
        raise ValueError("除末段外每段都要有 to: every band but the last has `to`")
    if any(low >= high for low, high in zip([0, *edges], edges, strict=False)):  # type: ignore[operator]
        raise ValueError("分段应逐段升高 bands must rise")
    return tuple(bands)


def _known_disease(value: object, info: ValidationInfo) -> object:
    if not known("diseases", value, info):
        raise ValueError(f"{value!r} 不是病种代码 is not a disease code")
    return value


def _known_layer(value: object, info: ValidationInfo) -> object:
    if not known("layers", value, info):
        raise ValueError(f"{value!r} 不是保障线 is no layer: name it under `vocabulary.layers`")
    return value


Layer = Annotated[str, BeforeValidator(_known_layer)]
DiseaseCode = Annotated[str, BeforeValidator(_known_disease)]
Ratio = Annotated[Fraction, BeforeValidator(_ratio)]
Amount = Annotated[int, BeforeValidator(parse_yuan)]
Limit = Annotated[int | None, BeforeValidator(_limit)]
Bands = Annotated[tuple[Band, ...], BeforeValidator(_bands)]


class Strict(BaseModel):
    """Unknown keys are refused; nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, arbitrary_types_allowed=True)


class Cited(Strict):
    """A statement of the law with the grade of our knowledge and where it stands.

    ``reading: ours`` marks our reading of a clause that can be read otherwise.
    """

    grade: Grade
    cite: Annotated[str, Field(min_length=1)]
    reading: Literal["ours"] | None = None

    @property
    def citation(self) -> str:
        """Where it stands, for people and for the ledger, with a mark where it is our reading."""
        return self.cite if self.reading is None else f"{self.cite} {OUR_READING}"


class Dated(Cited):
    """A cited statement that holds from a day to another (exclusive); without days, as long as the scheme."""

    from_: Day | None = Field(default=None, alias="from")
    until: Day | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the statement holds on a day."""
        return (self.from_ is None or self.from_ <= day) and (self.until is None or day < self.until)

    def overlaps(self, other: "Dated") -> bool:
        """Whether there is a day on which both hold."""
        begin = max(self.from_ or date.min, other.from_ or date.min)
        return begin < min(self.until or date.max, other.until or date.max)

    @model_validator(mode="after")
    def _ordered(self) -> "Dated":
        if self.from_ and self.until and self.from_ >= self.until:
            raise ValueError("止日应在起日之后 `until` must lie after `from`")
        return self


class Row(Dated, FactCondition, Generic[T]):
    """One value with the circumstances it is for. A row without ``for`` is for everyone."""

    for_: Annotated[list[str], BeforeValidator(as_list)] = Field(default=["general"], alias="for")
    tier: Annotated[list[Tier] | None, BeforeValidator(as_list)] = None
    place: Place | None = None
    class_: CardClass | None = Field(default=None, alias="class")
    disease: DiseaseCode | None = None
    value: T

    @field_validator("for_")
    @classmethod
    def _known_groups(cls, groups: list[str], info: ValidationInfo) -> list[str]:
        unknown = [group for group in groups if group not in GROUPS and not known("categories", group, info)]
        if unknown:
            raise ValueError(f"`for` {unknown[0]!r} 不是救助对象类别 is neither a category nor poor nor general")
        return groups


GROUPS = ("poor", "general")
"""What a row may be for beside categories."""


class Circumstances(Struct, frozen=True, cache_hash=True, gc=False):
    """What a value may depend on. ``day`` stands for all on which the same values hold.

    ``groups`` are the person's categories in the order of choice, then poor, general.
    ``own`` names the values for which the groups count, all where it is None; for others the person is anybody.
    ``met`` is what rows ask of facts and the claim's facts meet.
    """

    day: date
    tier: int
    place: Place | None
    card_class: str | None
    disease: str | None
    groups: tuple[str, ...]
    own: frozenset[str] | None = None
    met: frozenset[FactKey] = frozenset()


MOST_CIRCUMSTANCES = 5_000
"""Of so many is remembered what was found for them: a bound, never reached by the dates of a benefit year."""


def remember(found: dict[Circumstances, T], circumstances: Circumstances, value: T) -> T:
    """Keep what was found for some circumstances, and give it."""
    if len(found) > MOST_CIRCUMSTANCES:
        found.clear()
    found[circumstances] = value
    return value


class Parameter(RootModel[list[Row[T]]], Generic[T]):
    """A named value of a rule as rows. ``at`` gives the one row that holds in given circumstances."""

    _path: str = PrivateAttr(default="")

    # A cached property is found without pydantic's way to private attributes, which costs more than the look-up itself.
    @cached_property
    def found(self) -> dict[Circumstances, "Found[T] | None"]:
        """The rows found so far."""
        return {}

    @cached_property
    def by_class(self) -> bool:
        """Whether the value depends on the class of the chronic card."""
        return any(row.class_ is not None for row in self.root)

    @cached_property
    def asked(self) -> frozenset[FactKey]:
        """What its rows ask of a claim's facts."""
        return frozenset(row.asked for row in self.root if row.asked)

    def name(self, path: str) -> None:
        """Remember where in the scheme this parameter stands, for traces and errors."""
        self._path = path

    @property
    def path(self) -> str:
        """Where in the scheme this parameter stands, e.g. ``stages[0].cases[0].deductible``."""
        return self._path

    def find(self, circumstances: Circumstances) -> "Found[T] | None":
        """The row that holds, or None where there is none; raises ``LookupError`` where two hold."""
        found = self.found.get(circumstances, NOT_LOOKED_UP)
        if found is NOT_LOOKED_UP:
            return remember(self.found, circumstances, self.look_up(circumstances))
        return found

    def at(self, circumstances: Circumstances) -> "Found[T]":
        """The row that holds; raises ``LookupError`` where there is none."""
        found = self.find(circumstances)
        if found is None:
            raise LookupError(f"{self._path} has no value for {circumstances}")
        return found

    def look_up(self, circumstances: Circumstances) -> "Found[T] | None":
        """What ``find`` gives, looked for anew."""
        rows = self._candidates(circumstances)
        own = circumstances.own is None or self._path.rsplit(".", 1)[-1] in circumstances.own
        for group in circumstances.groups if own else ("general",):
            holding = [index for index in rows if group in self.root[index].for_]
            if len(holding) > 1 and self.asked:
                holding = self._narrowest(holding)
            if len(holding) > 1:
                raise LookupError(f"{self._path} has two values for {circumstances}")
            if holding:
                return Found(self._path, holding[0], self.root[holding[0]].value)
        return None

    def _narrowest(self, rows: list[int]) -> list[int]:
        """Of rows that hold the one that asks for all that the others ask for and for more; all where none does."""
        asked = {index: self.root[index].asked for index in rows}
        narrowest = [
            index for index in rows if all(narrower(asked[index], asked[other]) for other in rows if other != index)
        ]
        return narrowest or rows

    def _candidates(self, circumstances: Circumstances) -> list[int]:
        rows = [
            index
            for index, row in enumerate(self.root)
            if row.holds_on(circumstances.day)
            and row.class_ in (None, circumstances.card_class)
            and row.disease in (None, circumstances.disease)
            and (not row.asked or row.asked in circumstances.met)
        ]
        placed = [index for index in rows if self.root[index].place == circumstances.place]
        # where a scheme gives no values for other places, the local values hold
        rows = placed or [index for index in rows if self.root[index].place is None]
        return self.of_tier(rows, circumstances.tier)

    def of_tier(self, rows: list[int], tier: int) -> list[int]:
        """Of some rows those for a tier."""
        of_tier = [index for index in rows if _has_tier(self.root[index], tier)]
        if not of_tier and tier == 0:  # tier 0 takes tier 1's values where no value is given
            return [index for index in rows if _has_tier(self.root[index], 1)]
        return of_tier


class Found(Struct, Generic[T], frozen=True):
    """A value with the place it stands at: the parameter's path in the scheme and its row."""

    path: str
    row: int
    value: T


NOT_LOOKED_UP: Found[Any] = Found("", -1, None)


def _has_tier(row: Row[Any], tier: int) -> bool:
    return row.tier is None or tier in row.tier


def located_parameters(
    value: object, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Parameter[Any]]]:
    """Every value table in a part of a scheme with where it stands, in the order of the fields."""
    if isinstance(value, Parameter):
        yield path, value
    elif isinstance(value, RootModel):
        return
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from located_parameters(getattr(value, name), (*path, name))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from located_parameters(item, (*path, index))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from located_parameters(item, (*path, name))


def named_parameters(value: object) -> Iterator[tuple[str, Parameter[Any]]]:
    """The same, each by its path: ``stages[0].cases[0].deductible``."""
    for path, parameter in located_parameters(value, ()):
        yield "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip("."), parameter
