"""A goal as a file: a reform of which one value is looked for, and what it shall come to."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from events.money import parse_yuan, yuan
from policies.assumptions import basis_points
from policies.reform import Change, ReformError, ReformFile, read_mapping, reform_of, told_faults
from policies.trace import percent

MOST_VALUES = 5_000
ALL_LAYERS = "all"
_RANGE = ("least", "most", "step")


class Goal(BaseModel):
    """What shall be ``at_most`` or ``at_least`` so much: yuan that a layer (or ``all``) ``paid``, of claims of a
    ``year`` where it is given; the fewest ``months`` payable of a fund of the assumptions; or the part of the
    ``persons`` of whose bills at least a ratio is paid (``reach``)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    paid: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    months: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    reach: Annotated[int, BeforeValidator(basis_points), Field(ge=0, le=10_000)] | None = None
    persons: Literal["all", "poor"] = "all"
    year: Annotated[int, Field(ge=2000, le=2100)] | None = None
    at_most: Annotated[str, Field(max_length=30)] | None = None
    at_least: Annotated[str, Field(max_length=30)] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Goal":
        if sum(each is not None for each in (self.paid, self.months, self.reach)) != 1:
            raise ValueError("paid、months、reach 只能有一个 one of paid, months and reach is wanted")
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("at_most、at_least 只能有一个 one of at_most and at_least is wanted")
        if self.paid is None and self.year is not None:
            raise ValueError("year 只用于 paid：a year is for paid alone")
        if self.reach is None and self.persons != "all":
            raise ValueError("persons 只用于 reach：persons are for reach alone")
        _ = self.bound  # a text that is none is found here
        return self

    @property
    def bound(self) -> Fraction:
        """What is not to be exceeded, or to be reached: fen, months, or a part. Raises ``ValueError``."""
        text = str(self.at_least if self.at_most is None else self.at_most)
        if self.paid is not None:
            return Fraction(parse_yuan(text))
        if self.reach is not None:
            return Fraction(basis_points(text), 10_000)
        try:
            return Fraction(text)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"“{text}”不是月数 no number of months") from None

    def met(self, figure: Fraction | None) -> bool:
        """Whether a figure meets it; months of a fund that spends nothing are without end."""
        if figure is None:
            return self.at_least is not None
        return figure <= self.bound if self.at_most is not None else figure >= self.bound


class GoalFile(NamedTuple):
    """A goal, the reform whose changes numbered ``ranged`` have each of the ``values`` in turn, from least to most."""

    goal: Goal
    reform: ReformFile
    ranged: tuple[int, ...]
    values: tuple[str, ...]

    def with_value(self, value: str) -> ReformFile:
        """The reform with one of the values."""
        changes = [
            change.model_copy(update={"value": value}) if number in self.ranged else change
            for number, change in enumerate(self.reform.reform.changes)
        ]
        return self.reform._replace(reform=self.reform.reform.model_copy(update={"changes": tuple(changes)}))


def read_goal(text: bytes, file: str) -> GoalFile:
    """Read a goal from YAML: a reform's file with ``goal``, and for the value of one change or more ``{least, most,
    step}``; those change together. ``file`` stands for it in errors. Raises ``ReformError``."""
    plain, lines = read_mapping(text, file)
    said = plain.pop("goal", None)
    if said is None:
        raise ReformError([f"{file}:1: goal: 缺少这一项 is missing"])
    try:
        goal = Goal.model_validate(said)
    except ValidationError as error:
        raise ReformError(told_faults(error, lines, file, ("goal",))) from None
    reform = reform_of(plain, file, lines)
    ranges = {number: change.value for number, change in enumerate(reform.reform.changes) if _is_range(change)}
    if not ranges:
        told = "没有要求解的值：某项改动的 value 应写成 {least, most, step} no change has a range of values"
        raise ReformError([f"{file}:{lines.at(('changes',))}: {told}"])
    first, *others = ranges.values()
    if any(other != first for other in others):
        told = "各项改动的取值范围应相同 changes that are looked for together have the same range"
        raise ReformError([f"{file}:{lines.at(('changes',))}: {told}"])
    try:
        values = tuple(_grid(*(str(first[key]) for key in _RANGE)))
    except ValueError as error:
        raise ReformError([f"{reform.at(next(iter(ranges)))}: value: {error}"]) from None
    return GoalFile(goal, reform, tuple(ranges), values)


def _is_range(change: Change) -> bool:
    value: Any = change.value
    return isinstance(value, dict) and set(value) == set(_RANGE)


def _grid(least: str, most: str, step: str) -> Iterator[str]:
    """The values from least to most as a text writes them: percentages, or yuan."""
    in_percent = {each.endswith("%") for each in (least, most, step)}
    if len(in_percent) > 1:
        raise ValueError("三个数应同为金额或同为百分比 three amounts, or three percentages")
    first, last, each = (basis_points(x) if x.endswith("%") else parse_yuan(x) for x in (least, most, step))
    if each <= 0 or first >= last:
        raise ValueError("step 应大于 0，least 应小于 most the step is above 0, the least below the most")
    if (last - first) // each >= MOST_VALUES:
        raise ValueError(f"最多 {MOST_VALUES} 个值 at most so many values")
    for value in range(first, last + 1, each):
        yield percent(Fraction(value, 10_000)) if in_percent == {True} else yuan(value)
