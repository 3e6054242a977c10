"""Whether a value stands exactly once for all that its case can meet: gaps, overlaps, nobody served."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from typing import Any, get_args

from events.codes import RESIDENT
from policies.claim import Place
from policies.claim_facts import AskedFacts, FactKey, TooManyWays, facts_told, met, ways
from policies.condition import Condition
from policies.values import Circumstances, Parameter

Problem = tuple[int | None, str]
"""What is wrong, with the index of the row where it is one row's fault."""

PLACES: tuple[Place, ...] = get_args(Place)


@dataclass(frozen=True, slots=True)
class Scope:
    """The circumstances a case can meet: every value in it must be defined exactly once for each of them.

    ``classes`` holds None where claims without a chronic card come too. Only a ``tariff`` may be by disease, and it may
    leave tiers out. ``asked`` is what the case asks of facts; ``stays`` says whether stays come, and others. ``poor``
    are the scheme's poor categories.
    """

    from_: date
    until: date | None
    tiers: tuple[int, ...]
    classes: tuple[str | None, ...]
    groups: tuple[str, ...]
    tariff: bool = False
    places: tuple[Place, ...] = PLACES
    asked: FactKey = ()
    insurance_types: tuple[str, ...] = (RESIDENT,)
    stays: tuple[bool, ...] = (True, False)
    poor: tuple[str, ...] = ()

    def narrowed(self, when: Condition, offered: Iterable[str]) -> "Scope":
        """What of it a case meets, of a scheme that takes claims of the settings ``offered``."""
        classes, groups = self.classes, self.groups
        if when.card_class is not None:
            classes = (when.card_class,)
        elif when.setting == ["chronic"]:
            classes = ("I", "II")
        if when.member is not None:
            groups = tuple(when.member)
        elif when.poor or when.case_quota:
            groups = self.poor
        return replace(
            self,
            from_=max(self.from_, when.from_ or date.min),
            tiers=tuple(when.tiers or self.tiers),
            classes=classes,
            groups=groups,
            places=PLACES if when.place is None else tuple(when.place),
            asked=when.asked,
            stays=tuple(dict.fromkeys(setting == "inpatient" for setting in when.setting or offered)),
        )


def value_problems(value: Parameter[Any], scope: Scope) -> Iterator[Problem]:
    """What is wrong with the rows of a value in a scope."""
    if not scope.tariff:
        by_disease = [index for index, row in enumerate(value.root) if row.disease is not None]
        yield from ((index, "只有病种定额可分病种 only a case quota's tariff is by disease") for index in by_disease)
    if value.asked:
        yield from _fact_problems(value, scope)
        return
    for tier, place, card_class, disease in _circumstances(value, scope):
        rows = [
            index
            for index, row in enumerate(value.root)
            if row.place == place and row.class_ in (None, card_class) and row.disease in (None, disease)
        ]
        rows = value.of_tier(rows, tier)
        if scope.tariff and not rows:
            continue
        where = _where(tier, place, card_class, disease)
        groups = {group for index in rows for group in value.root[index].for_}
        for group in sorted(groups):
            of_group = [index for index in rows if group in value.root[index].for_]
            yield from _date_problems(value, of_group, scope, f"{where}, {group}")
        unserved = [group for group in scope.groups if group not in groups and not groups & {"general"}]
        if "poor" in groups:
            unserved = [group for group in unserved if group == "general"]
        if unserved:
            yield None, f"没有适用的数值 no value for {where}, {unserved[0]}"


def _circumstances(value: Parameter[Any], scope: Scope) -> Iterator[tuple[int, Place | None, str | None, str | None]]:
    """Tiers, places (None: those that no row names), classes and diseases."""
    named = {row.place for row in value.root if row.place}
    places: list[Place | None] = [None] if set(scope.places) - named else []
    places += sorted(named.intersection(scope.places))
    classes: Sequence[str | None] = scope.classes if value.by_class else [None]
    diseases: Sequence[str | None] = sorted({row.disease for row in value.root if row.disease}) or [None]
    return product(scope.tiers, places, classes, diseases)


def _date_problems(value: Parameter[Any], rows: list[int], scope: Scope, where: str) -> Iterator[Problem]:
    spans = sorted(
        (max(value.root[index].from_ or scope.from_, scope.from_), value.root[index].until or date.max, index)
        for index in rows
        if (value.root[index].until or date.max) > scope.from_
    )
    reached = scope.from_
    for start, end, index in spans:
        if start < reached:
            yield index, f"同时有两个数值 two values for {where} on {start}"
        elif start > reached:
            yield index, f"这段时间没有数值 no value for {where} from {reached} to {start - timedelta(days=1)}"
        reached = max(reached, end)
    if reached < (scope.until or date.max):
        yield None, f"此后没有数值 no value for {where} from {reached}"


def _fact_problems(value: Parameter[Any], scope: Scope) -> Iterator[Problem]:
    """Of a value that asks for facts: every way in which they can be, looked up as the engine looks it up."""
    asked = sorted(value.asked, key=repr)
    try:
        facts = [
            facts
            for inpatient in scope.stays
            for facts in ways((scope.asked, *asked), scope.insurance_types, inpatient=inpatient)
            if met(scope.asked, facts)
        ]
    except TooManyWays as error:
        yield None, str(error)
        return
    days = {scope.from_, *(day for row in value.root for day in (row.from_, row.until) if day is not None)}
    for day in sorted(day for day in days if scope.from_ <= day < (scope.until or date.max)):
        for tier, place, card_class, disease in _circumstances(value, scope):
            where = _where(tier, place, card_class, disease)
            for group, each in product(_persons(value, scope), facts):
                circumstances = Circumstances(day, tier, place, card_class, disease, group, met=_met(asked, each))
                said = f"{where}, {group[0]}, {facts_told(each, (scope.asked, *asked))} on {day}"
                try:
                    if value.look_up(circumstances) is None and not scope.tariff:
                        yield None, f"没有适用的数值 no value for {said}"
                except LookupError:
                    yield None, f"同时有两个数值 two values for {said}"


def _met(asked: Sequence[FactKey], facts: AskedFacts) -> frozenset[FactKey]:
    return frozenset(key for key in asked if met(key, facts))


def _persons(value: Parameter[Any], scope: Scope) -> list[tuple[str, ...]]:
    """The groups of each kind of person that the case serves, and of each that a row names beside them."""
    found: list[tuple[str, ...]] = []
    for group in dict.fromkeys((*scope.groups, *(group for row in value.root for group in row.for_))):
        held = [group] if "general" in scope.groups or group in scope.groups else [group, scope.groups[0]]
        poor = ["poor"] if "poor" in held or not set(scope.poor).isdisjoint(held) else []
        found.append(tuple(dict.fromkeys((*held, *poor, "general"))))
    return found


def _where(tier: int, place: str | None, card_class: str | None, disease: str | None) -> str:
    named = (f"tier {tier}", place, card_class and f"class {card_class}", disease)
    return ", ".join(part for part in named if part)
