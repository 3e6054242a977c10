"""Limits that stand beside the rules: over several tracks or layers together, and over other times than the year.

A limit counts what some layers and tracks have paid within its period, and bounds every payout that it counts
(docs/domain.md#joint_limits).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from msgspec import structs
from pydantic import Field, model_validator

from policies.arithmetic import share
from policies.buckets import OpenBill, take
from policies.claim import Claim, Used
from policies.rule_context import Decision, Rule, RuleContext, under_ceiling
from policies.trace import Trace, percent
from policies.tracks import DAYS, MONTHS, TRACK, WHOLE_YEAR, Grain, TrackParts, track_parts
from policies.value_gaps import Scope, value_problems
from policies.values import Amount, Circumstances, Layer, Limit, Parameter, Ratio, Strict, located_parameters

if TYPE_CHECKING:
    from policies.scheme import Scheme

Tracks = dict[str, Used]
Years = dict[int, Tracks]
Books = dict[str, Years]
"""What a person's claims before this one have used under a scheme: by layer, benefit year and track."""

Period = Literal["visit", "day", "month", "quarter", "half_year", "year", "twelve_months"]

_SPANS = {"month": MONTHS, "quarter": MONTHS, "half_year": MONTHS, "day": DAYS, "twelve_months": DAYS}
_MONTHS_OF = {"month": 1, "quarter": 3, "half_year": 6}


class Counted(Strict):
    """A layer whose payouts a limit counts: those of the ``tracks`` named, all where none are."""

    layer: Layer
    tracks: Annotated[list[Annotated[str, Field(pattern=TRACK)]] | None, Field(min_length=1)] = None

    def counts(self, track: str) -> bool:
        """Whether payouts of a track, by its name without class, count."""
        return self.tracks is None or track in self.tracks


class Raised(Strict):
    """By how much a limit rises for each year insured without a break beyond the first ``after``, at most that part of
    the limit."""

    after: Annotated[int, Field(ge=0, le=100)]
    by: Parameter[Amount]
    at_most: Parameter[Ratio] | None = None

    def raised(self, most: int, claim: Claim, circumstances: Circumstances, trace: Trace) -> int:
        """The limit for a claim, in fen, of one that is ``most`` for everybody."""
        years = max(0, (claim.years_insured or 0) - self.after)
        if not years:
            return most
        by = trace.use(self.by.at(circumstances))
        if self.at_most is None:
            return trace.step("raised", most + years * by, "{} + {} × {}", most, str(years), by)
        part = trace.use(self.at_most.at(circumstances))
        rise = min(years * by, share(most, part))
        return trace.step(
            "raised", most + rise, "{} + min({} × {}, {} × {})", *(most, str(years), by, most, percent(part))
        )


HOUSEHOLD = ("household", "family", "persons")
"""Keys by which a limit over the members of a household might be asked for."""


class JointLimit(Strict):
    """What the payouts of some layers and tracks come to at most, together, in a period.

    With rows by disease each disease has a limit of its own. With ``second`` there is one limit over all of them: the
    highest of those of the person's diseases, that part of the second highest, and ``further`` of each one more.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
    title: Annotated[str, Field(min_length=1)]
    title_en: Annotated[str, Field(min_length=1)]
    over: Annotated[list[Counted], Field(min_length=1)]
    per: Period = "year"
    most: Parameter[Limit]
    second: Parameter[Ratio] | None = None
    further: Parameter[Ratio] | None = None
    raised: Raised | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_one_person(cls, value: object) -> object:
        if isinstance(value, dict) and (asked := [key for key in HOUSEHOLD if key in value]):
            raise ValueError(
                f"`{asked[0]}`：不支持家庭限额，限额只按一人计算 "
                "a limit over the members of a household can't be stated: each counts one person (docs/decisions/0020)"
            )
        return value

    @model_validator(mode="after")
    def _second_first(self) -> "JointLimit":
        layers = [part.layer for part in self.over]
        if len(set(layers)) < len(layers):
            raise ValueError("同一保障线只写一次 a layer stands once under `over`: list its tracks there")
        if self.further is not None and self.second is None:
            raise ValueError("有 further 须有 second `further` follows `second`")
        if self.second is not None and not self.by_disease:
            raise ValueError("second 需要分病种的限额 `second` needs rows of `most` by disease")
        return self

    @cached_property
    def by_disease(self) -> bool:
        """Whether its values are by disease: then it counts the claims of these diseases alone."""
        return any(row.disease is not None for row in self.most.root)

    @cached_property
    def diseases(self) -> frozenset[str]:
        """The diseases that it has values for."""
        return frozenset(row.disease for row in self.most.root if row.disease is not None)

    @cached_property
    def layers(self) -> Mapping[str, Counted]:
        """What it counts, by layer."""
        return {part.layer: part for part in self.over}

    @property
    def spans_layers(self) -> bool:
        """Whether a payout of one layer depends on what others have paid on claims before."""
        return len(self.over) > 1 and self.per != "visit"

    @property
    def spans_years(self) -> bool:
        """Whether a payout depends on claims of other years."""
        return self.per == "twelve_months"

    @property
    def grain(self) -> Grain:
        """What it needs accumulations to be kept apart by."""
        return WHOLE_YEAR if self.per == "visit" else WHOLE_YEAR.finest(Grain(self.by_disease, _SPANS.get(self.per, 0)))

    @property
    def ends_a_year(self) -> bool:
        """Whether what it cuts off is over a cap of the year (docs/domain.md#over_cap)."""
        return self.per in ("year", "twelve_months")

    def value(self, claim: Claim, circumstances: Circumstances, trace: Trace) -> int | None:
        """The most that counts for a claim, in fen; None where nothing does."""
        most = self._stated(claim, circumstances, trace)
        return most if most is None or self.raised is None else self.raised.raised(most, claim, circumstances, trace)

    def _stated(self, claim: Claim, circumstances: Circumstances, trace: Trace) -> int | None:
        if not self.by_disease or self.second is None:
            found = self.most.find(circumstances)
            return None if found is None else trace.use(found)
        held = [self.most.find(structs.replace(circumstances, disease=disease)) for disease in claim.ill_with]
        valued = [found for found in held if found is not None]
        if claim.disease not in self.diseases:
            return None
        values = sorted((trace.use(found) or 0 for found in valued), reverse=True)
        if len(values) < 2:
            return values[0] if values else None
        second = trace.use(self.second.at(circumstances))
        most, text = values[0] + share(values[1], second), "{} + {} × {}"
        numbers: list[int | str] = [*values[:2], percent(second)]
        if self.further is not None and len(values) > 2:
            further = trace.use(self.further.at(circumstances))
            for value in values[2:]:
                most += share(value, further)
                text, numbers = text + " + {} × {}", [*numbers, value, percent(further)]
        return trace.step("several_diseases", most, text, *numbers)

    def used(self, bill: OpenBill, books: Books) -> int:
        """What counts already in its period, in fen: in the fullest that the claim lies in, where they overlap."""
        claim = bill.claim
        if self.per == "visit":
            return sum(payout.paid for payout in bill.payouts if self._counts(payout.layer, track_parts(payout.track)))
        if self.per == "twelve_months":
            return _fullest_year(claim.date, self._dated(claim, books))
        return sum(
            paid for parts, paid in self._of_year(claim, claim.year, books) if self._in_period(claim.date, parts)
        )

    def _in_period(self, day: date, parts: TrackParts) -> bool:
        """Whether an accumulation of the day's year lies in the day's period."""
        if self.per == "day":
            return (parts.month, parts.day) == (day.month, day.day)
        months = _MONTHS_OF.get(self.per)
        return months is None or (parts.month is not None and (parts.month - 1) // months == (day.month - 1) // months)

    def _counts(self, layer: str, parts: TrackParts) -> bool:
        part = self.layers.get(layer)
        return part is not None and part.counts(parts.name)

    def _of_year(self, claim: Claim, year: int, books: Books) -> Iterator[tuple[TrackParts, int]]:
        for layer in self.layers:
            for track, used in books.get(layer, {}).get(year, {}).items():
                parts = track_parts(track)
                if used.paid and self._counts(layer, parts) and self._of_disease(claim, parts.disease):
                    yield parts, used.paid

    def _of_disease(self, claim: Claim, disease: str | None) -> bool:
        if not self.by_disease:
            return True
        return disease in self.diseases if self.second is not None else disease == claim.disease

    def _dated(self, claim: Claim, books: Books) -> list[tuple[date, int]]:
        return [
            (date(year, parts.month or 1, parts.day or 1), paid)
            for year in range(claim.year - 1, claim.year + 2)
            for parts, paid in self._of_year(claim, year, books)
        ]

    def problems(self, scheme: "Scheme", scope: Scope) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What is wrong with it in a scheme, as (location, message)."""
        for index, part in enumerate(self.over):
            stages = [number for number, layer in enumerate(scheme.path) if layer == part.layer]
            if not stages:
                yield ("over", index, "layer"), f"保障线不在支付顺序中 {part.layer} does not stand on the path"
            elif len(stages) > 1 and self.per != "visit":
                yield (
                    ("over", index, "layer"),
                    f"有限额的保障线只能出现一次 {part.layer} stands on the path twice: a limit over more than one "
                    "visit counts layers that stand there once",
                )
            tracks = {case.track for number in stages for case in scheme.stages[number].cases}
            for track in part.tracks or ():
                if stages and track not in tracks:
                    yield ("over", index, "tracks"), f"没有这一 track no case of {part.layer} has the track {track}"
        yield from self._value_problems(scope)

    def _value_problems(self, scope: Scope) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for index, row in enumerate(self.most.root):
            if row.class_ is not None:
                yield (
                    ("most", index, "class"),
                    "限额不分卡类别，请按类别各写一档、各用 track "
                    "a limit is not by class: give each class a case with a track, and a limit over it",
                )
            if self.second is not None and row.value is None:
                yield (
                    ("most", index),
                    "有 second 时每一病种都须有限额，不限的病种不写 "
                    "with `second` each disease has a sum: leave out what is not limited",
                )
            if self.by_disease and row.disease is None:
                yield (
                    ("most", index),
                    "各行须都写病种或都不写 either all rows of a limit name a disease, or none does",
                )
        for path, parameter in located_parameters(self, ()):
            of_diseases = path == ("most",) and self.by_disease
            for at, message in value_problems(parameter, replace(scope, tariff=True) if of_diseases else scope):
                yield (*path, *(() if at is None else (at,))), message


class Bounds(NamedTuple):
    """The limits beside a rule that count what a track is paid, and what its accumulations are kept apart by."""

    limits: tuple[JointLimit, ...]
    grain: Grain

    @property
    def mark(self) -> str:
        """What of them can't change while a year runs: ``#@day``, with ``@years`` where years are read together."""
        return self.grain.mark + ("@years" if any(limit.spans_years for limit in self.limits) else "")


UNBOUNDED = Bounds((), WHOLE_YEAR)
"""Of a track that no limit counts."""


def limit_problems(scheme: "Scheme", scope: Scope) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong with a scheme's limits, for all that its claims can meet, as (location, message)."""
    names = [limit.name for limit in scheme.limits]
    for index, limit in enumerate(scheme.limits):
        if limit.name in names[:index]:
            yield ("limits", index, "name"), f"限额名重复 a second limit is named {limit.name}"
        for path, message in limit.problems(scheme, scope):
            yield ("limits", index, *path), message


def marked_tracks(cases: Iterable[Rule], bounds: Mapping[str | None, Bounds]) -> tuple[str, ...]:
    """The tracks of a stage, with marks for what their accumulations are kept apart by."""
    marked = set()
    for case in cases:
        limit, mark = case.year_limit, bounds[case.track].mark
        if case.track is not None or mark:
            by_class = case.track is not None and limit is not None and limit.by_class
            marked.add(f"{case.track or ''}{'*' if by_class else ''}{mark}")
    return tuple(sorted(marked))


def bounds_of(limits: Iterable[JointLimit], layer: str, track: str | None) -> Bounds:
    """Of a scheme's limits those that count what a layer pays on a track."""
    counting = tuple(
        limit for limit in limits if (part := limit.layers.get(layer)) is not None and part.counts(track or "")
    )
    grain = WHOLE_YEAR
    for limit in counting:
        grain = grain.finest(limit.grain)
    return Bounds(counting, grain)


def _a_year_before(day: date) -> date:
    """The last day that no longer lies in the twelve months that end with a day."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _fullest_year(day: date, paid: Sequence[tuple[date, int]]) -> int:
    """The most that was paid in any twelve months that hold a day: they end with it, or with a later payout."""
    ends = {day, *(other for other, _ in paid if other > day and _a_year_before(other) < day)}
    return max(sum(fen for other, fen in paid if _a_year_before(end) < other <= end) for end in ends)


def within(
    limits: Iterable[JointLimit], case: Rule, context: RuleContext, books: Books, decision: Decision
) -> Decision:
    """A decision, cut to what the limits that count it and the case's own ceiling leave."""
    most = over_cap = decision.paid
    for limit in limits if decision.paid else ():
        value = limit.value(context.bill.claim, context.circumstances, context.trace)
        if value is not None:
            used = limit.used(context.bill, books)
            most = context.trace.step(
                "within_joint_limit",
                min(most, max(0, value - used)),
                "min({}, max(0, {} − {}))",
                *(most, value, used),
            )
            over_cap = min(over_cap, max(0, value - used)) if limit.ends_a_year else over_cap
    if most and case.ceiling is not None and not case.keeps_own_ceiling:
        ceiling = context.trace.use(case.ceiling.at(context.circumstances))
        most = under_ceiling(context, ceiling, case.ceiling_of, most, 0)
    beyond = case.over_cap_at(context, decision, over_cap) if over_cap < decision.paid else decision.over_cap
    return decision if most == decision.paid else _cut(decision, most, beyond)


def _cut(decision: Decision, most: int, over_cap: int) -> Decision:
    """A decision that pays less: it gives back out of O, then C, then S, of its rule's second part first."""
    taken = take(list(decision.taken), most)
    extra = max(0, decision.extra - (decision.paid - most))
    return structs.replace(decision, paid=most, taken=taken, extra=extra, over_cap=over_cap)
