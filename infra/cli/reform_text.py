"""A reform in words: each value that it changes, what it was and what it would be."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from rich.markup import escape

from infra.cli.output import note, stdout, table
from infra.cli.scheme_text import place_text, value_name_text
from policies.reform import ReformFile
from policies.scheme import Scheme
from policies.text_difference import ValueDifference, differences
from processors.simulation.changed_texts import changed_texts

COLUMNS = ("位置 where", "项目 value of", "适用 for", "日期 dates", "原为 was", "改为 now", "理由 reason")


def reform_json(file: ReformFile, before: Mapping[str, Scheme], after: Mapping[str, Scheme]) -> dict[str, Any]:
    """What a reform changes of each text, for programs; ``after`` are the texts in place of others by their hashes."""
    return {
        "name": file.reform.name,
        "scheme": file.reform.scheme,
        "texts": [
            {
                "scheme": text.name,
                "before": content_hash,
                "after": text.content_hash,
                "differences": [each.as_json() for each in differences(before[content_hash], text)],
            }
            for content_hash, text in after.items()
        ],
    }


def print_reform(file: ReformFile, before: Mapping[str, Scheme], after: Mapping[str, Scheme]) -> None:
    """The same for people. Texts in which the same changes are told once."""
    stdout.print(f"[bold]{escape(file.reform.name)}[/] · {escape(file.reform.scheme)}", highlight=False, soft_wrap=True)
    told = changed_texts(before, after)
    for each in told:
        title = f"{each.scheme}（{'、'.join(text[:12] for text in each.texts)}）"
        rows = [change_cells(changed) for changed in each.differences]
        table(title, COLUMNS, rows, empty="与原文本相同 the same as the text that it was")
    if not any(each.differences for each in told):
        note("没有改动：结果应与账上一致。It changes nothing: what comes out must be what is booked")


def change_cells(changed: ValueDifference) -> tuple[str, ...]:
    """A change in words: where, of which value, for whom, when, what it was, what it would be, and why."""
    ends = "" if changed.ends == date.max else changed.ends.isoformat()
    return (
        place_text(changed.where),
        value_name_text(changed.where, changed.name),
        place_text(changed.for_),
        f"{changed.begins} – {ends}",
        changed.was or "—",
        changed.now or "—",
        changed.reason,
    )
