"""Applies a reform to a scheme's text: the result is a text that could be adopted."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from typing import Any

import yaml

from policies.describe import Location
from policies.loader import SchemeError, load_text
from policies.reform import Change, ReformError, ReformFile
from policies.scheme import Scheme, Validity
from policies.stated_lines import StatedLine, stated_lines
from policies.yaml_text import read

MOST_TOLD = 12
"""Places named where a change names none."""
_AMOUNTS = {"grants": "amount"}
"""The key of the value where a text's mapping has another than ``value``."""


def whole_text(file: ReformFile) -> Scheme | None:
    """The text that a reform gives whole; None where it gives changes. Raises ``ReformError``."""
    return None if file.reform.text is None else _loaded(file.reform.text.encode(), file, "text")


def reformed(texts: Sequence[Scheme], file: ReformFile) -> list[Scheme]:
    """Each text with those changes of a reform that fit it; the text itself where none does.

    A change that fits none of the texts raises ``ReformError``, which tells what the last of them has. The grade of
    what is changed is ``assumed``, and the change's reason stands as the citation.
    """
    stated = [[line for line in stated_lines(text) if line.place] for text in texts]
    split: list[dict[Location, list[Change]]] = [{} for _ in texts]
    problems: list[str] = []
    for number, change in enumerate(file.reform.changes):
        fault: str | None = f"{file.at(number)}: 没有这样的政策文本 there is no such text"
        for text, lines, changed in zip(texts, stated, split, strict=True):
            try:
                meant = _meant(change, lines)
            except LookupError as error:
                fault = fault and f"{file.at(number)}: {error.args[0]}"
                continue
            fault = None
            for line in meant:
                changed.setdefault(line.place, []).append(_within(text.valid, change))
        problems += [fault] if fault else []
    if problems:
        raise ReformError(problems)
    return [_with(text, changed, file) if changed else text for text, changed in zip(texts, split, strict=True)]


def _within(valid: Validity, change: Change) -> Change:
    """The change without days that say no more than the text's own: a row for days before them would hold on none."""
    begins = change.from_ if change.begins > valid.from_ else None
    ends = change.until if change.ends < (valid.until or date.max) else None
    return change.model_copy(update={"from_": begins, "until": ends})


def _with(scheme: Scheme, split: Mapping[Location, list[Change]], file: ReformFile) -> Scheme:
    tree, _ = read(scheme.text)
    for place, changes in split.items():
        _replace(tree, place, changes)
    for place in {place[:-1] for place in split}:
        rows = _node(tree, place)
        rows[:] = [row for group in rows for row in (group if isinstance(group, list) else [group])]
    text = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False, width=1_000)
    return _loaded(text.encode(), file, "changes")


def _loaded(text: bytes, file: ReformFile, key: str) -> Scheme:
    try:
        return load_text(text, file.reform.name)
    except SchemeError as error:
        told = f"{file.file}:{file.lines.at((key,))}: 改后的政策文本不成立 the changed text can't be used:"
        raise ReformError([told, *error.problems]) from None


def _meant(change: Change, stated: list[StatedLine]) -> list[StatedLine]:
    """The lines that a change is about; raises ``LookupError`` that says which there are."""
    where = [line for line in stated if line.where == change.where]
    if not where:
        raise LookupError(_none_of("where", change.where, (line.where for line in stated)))
    named = [line for line in where if line.name == change.name]
    if not named:
        raise LookupError(_none_of("name", change.name, (line.name for line in where)))
    meant = [line for line in named if line.for_ == change.for_]
    if not meant:
        raise LookupError(_none_of("for", change.for_, (line.for_ or "general" for line in named)))
    holding = [line for line in meant if line.begins < change.ends and change.begins < line.ends]
    if not holding:
        days = "；".join(f"{line.begins} – {'' if line.ends == date.max else line.ends}" for line in meant)
        raise LookupError(f"所给日期内这一项没有值 no value of it holds on the days given; it holds {days}")
    return holding


def _none_of(key: str, given: str, known: Iterator[str] | Any) -> str:
    names = list(dict.fromkeys(known))
    more = "" if len(names) <= MOST_TOLD else f"… ({len(names)})"
    listed = "；".join(names[:MOST_TOLD]) + more
    return f"政策中没有 {key}“{given}”，有：{listed} the text has no such `{key}`; it has those listed"


def _node(tree: Any, place: Location) -> Any:
    for part in place:
        tree = tree[part]
    return tree


def _replace(tree: Any, place: Location, changes: list[Change]) -> None:
    """Put in place of a row the rows that hold before, during and after each change; a later change prevails."""
    rows = [_node(tree, place)]
    key = _AMOUNTS.get(str(place[0]), "value")
    for change in changes:
        rows = [part for row in rows for part in _parts(row, change, key)]
    _node(tree, place[:-1])[place[-1]] = rows


def _parts(row: dict[str, Any], change: Change, key: str) -> Iterator[dict[str, Any]]:
    begins = date.fromisoformat(row["from"]) if "from" in row else date.min
    ends = date.fromisoformat(row["until"]) if "until" in row else date.max
    first, last = max(begins, change.begins), min(ends, change.ends)
    if first >= last:
        yield row
        return
    if begins < first:
        yield row | {"until": first.isoformat()}
    changed = {name: value for name, value in row.items() if name not in ("from", "until", "reading")}
    changed |= {} if first == date.min else {"from": first.isoformat()}
    changed |= {} if last == date.max else {"until": last.isoformat()}
    yield changed | {key: deepcopy(change.value), "grade": "assumed", "cite": change.reason}
    if last < ends:
        yield row | {"from": last.isoformat()}
