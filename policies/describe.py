"""A scheme as a list of its values, for people to read and compare."""

from collections.abc import Iterator
from typing import Any

from events.money import yuan
from policies.claim_facts import words
from policies.explain import GRADES, stated_text, value_text
from policies.scheme import Scheme
from policies.values import Cited, Dated, Row, located_parameters

Location = tuple[str | int, ...]


def describe(scheme: Scheme) -> Iterator[dict[str, Any]]:
    """Every value with where it stands, for whom, its dates, grade and citation, in the order of the file."""
    yield from (line for _, line in located_lines(scheme))


def located_lines(scheme: Scheme) -> Iterator[tuple[Location, dict[str, Any]]]:
    """The same, each with the place in the text's tree of the mapping that states it; an empty place where what a line
    says is no single value."""
    for path, (place, parameter) in zip(scheme.parameters, located_parameters(scheme, ()), strict=True):
        for index, row in enumerate(parameter.root):
            value = stated_text(scheme, path, row.value)
            line = _line(_where(scheme, path), path.rsplit(".", 1)[-1], _circumstances(row), value, row)
            yield (*place, index), line
    if scheme.interim_bill is not None:
        yield (), _line("interim_bill", "interim_bill", "", value_text(True), scheme.interim_bill)
    for index, grant in enumerate(scheme.grants):
        worth = f"{yuan(grant.amount)}" + (f" > {yuan(grant.threshold)}" if grant.kind == "annual" else "")
        yield ("grants", index), _line("grants", grant.kind, "、".join(grant.diseases), worth, grant)
    for index, premium in enumerate(scheme.premiums):
        where, for_ = f"premiums {premium.layer}", "、".join(premium.for_)
        yield ("premiums", index), _line(where, premium.payer, for_, yuan(premium.value), premium)
    yield from (((), line) for line in _funds_and_lists(scheme))
    for index, target in enumerate(scheme.targets):
        yield ("targets", index), _line("targets", target.name, "", value_text(target.value), target)
    for fact in scheme.administration:
        yield (), _line("administration", fact.name, "", fact.value, fact)


def _funds_and_lists(scheme: Scheme) -> Iterator[dict[str, Any]]:
    for paid_for, paying in scheme.funds.items():
        yield _line(
            "funds", paid_for, paying.insurer or "", f"{scheme.terms.funds[paying.fund].name} {paying.fund}", paying
        )
    yield from _accounts(scheme)
    for chronic in scheme.chronic_list:
        served = "、".join(chronic.layers) if chronic.layers is not None else "all"
        for_ = f"class {chronic.class_}" if chronic.class_ is not None else ""
        yield _line("chronic_list", chronic.disease, for_, served, chronic)


def _accounts(scheme: Scheme) -> Iterator[dict[str, Any]]:
    stated = {f"fund_accounts.{fund}": account for fund, account in scheme.fund_accounts.items()}
    if scheme.supplementary_account is not None:
        stated = {"supplementary_account": scheme.supplementary_account} | stated
    for where, account in stated.items():
        for name in ("kept", "surplus_to", "deficit_borne_by"):
            if (rule := getattr(account, name)) is not None:
                yield _line(where, name, "", rule.value, rule)


def changes(before: Scheme, after: Scheme) -> Iterator[tuple[str, str, str]]:
    """What another text of a scheme changes: the value's place, circumstances and dates, what it was and what it is.

    Empty where the value is new, or is gone. Whom the text serves stands first.
    """
    was, now = ({name: [value] for name, value in served(text).items()} | _by_place(text) for text in (before, after))
    for place in (*was, *(place for place in now if place not in was)):
        if was.get(place) != now.get(place):
            yield place, "；".join(was.get(place, [])), "；".join(now.get(place, []))


def served(scheme: Scheme) -> dict[str, str]:
    """Whom a text serves and when, in words by the name of each."""
    return {
        "regions": "、".join(scheme.regions),
        "insurance_types": "、".join(sorted(scheme.insurance_types)),
        "valid": f"{scheme.valid.from_} – {scheme.valid.until or ''}",
        "poor": "、".join(sorted(scheme.poor.categories)),
        "category_order": "、".join(scheme.choice),
    }


def _by_place(scheme: Scheme) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in describe(scheme):
        place = " ".join(part for part in (row["where"], row["name"], row["for"], row["dates"]) if part)
        found.setdefault(place, []).append(str(row["value"]))
    return found


def _line(where: str, name: str, for_: str, value: str, cited: Cited) -> dict[str, Any]:
    dates = ""
    if isinstance(cited, Dated) and (cited.from_ or cited.until):
        dates = f"{cited.from_ or ''} – {cited.until or ''}"
    return {
        "where": where,
        "name": name,
        "for": for_,
        "dates": dates,
        "value": value,
        "grade": cited.grade,
        "grade_name": GRADES[cited.grade],
        "cite": cited.citation,
    }


def _where(scheme: Scheme, path: str) -> str:
    if path.startswith("limits["):
        limit = scheme.limits[int(path.removeprefix("limits[").partition("]")[0])]
        over = ", ".join(" ".join([part.layer, *(part.tracks or [])]) for part in limit.over)
        return f"limits {limit.name} {limit.per}: {over}"
    if not path.startswith("stages["):
        return path.rsplit(".", 1)[0]
    stage, _, rest = path.removeprefix("stages[").partition("]")
    case = int(rest.removeprefix(".cases[").partition("]")[0])
    when = scheme.stages[int(stage)].cases[case].when
    asked = (*(when.setting or ()), *(when.place or ()), *words(when.asked))
    return " ".join([f"{int(stage) + 1}.{scheme.path[int(stage)]}", *asked])


def _circumstances(row: Row[Any]) -> str:
    parts = [] if row.for_ == ["general"] else ["、".join(row.for_)]
    if row.tier is not None:
        parts.append("tier " + ",".join(str(tier) for tier in row.tier))
    parts += [part for part in (row.place, row.class_ and f"class {row.class_}", row.disease) if part]
    return " ".join([*parts, *words(row.asked)])
