"""What ``claims whatif --out DIR`` writes: the result that can be run again, the page, a workbook, Parquet by table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson
from msgspec import Struct

from infra.cli.names import Names
from infra.cli.output import note
from infra.cli.report_text import report_sheet
from infra.cli.row_output import write_sheets
from infra.files.atomic import PRIVATE, READABLE, write_atomically
from infra.files.report_file import WRITERS
from infra.whatif_page.tables import tables
from processors.queries.names import LedgerNames
from processors.simulation.changed_texts import ChangedTexts
from processors.simulation.plan import Asked

RESULT, PAGE, WORKBOOK = "result.json", "whatif.html", "whatif.xlsx"


class GivenReform(Struct, frozen=True):
    """A reform's file as it was given."""

    file: str
    text: str


class SimulationFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A result with all that it takes to have it again: reforms and options. The ledger's moment and the engine stand
    behind the result's ``identity``."""

    reforms: list[GivenReform]
    options: Asked
    result: dict[str, Any]

    @property
    def identity(self) -> str:
        """What tells it apart from results of anything else."""
        return str(self.result["identity"])


def kept_file(content: bytes) -> SimulationFile | None:
    """A result that was written; None where the bytes are something else."""
    try:
        return msgspec.json.decode(content, type=SimulationFile)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


class SimulationTold(NamedTuple):
    """A result, with the names of its reforms and what they change of the texts."""

    names: Sequence[str]
    changed: Sequence[ChangedTexts]
    result: Mapping[str, Any]


def write_result(
    folder: Path, given: Sequence[GivenReform], asked: Asked, told: SimulationTold, known: LedgerNames
) -> None:
    """Write a result into a folder, which is made where it is not there. All but the workbook are the same bytes for
    the same result; unless it is for publication, all are for their writer alone.

    ``known`` are the names of the ledger.
    """
    from infra.whatif_page.page import page  # here: no other command needs its templates

    kept = SimulationFile(list(given), asked, dict(told.result))
    mode = READABLE if asked.breakdown.public else PRIVATE
    folder.mkdir(mode=0o755 if asked.breakdown.public else 0o700, parents=True, exist_ok=True)
    content = orjson.dumps(msgspec.to_builtins(kept), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    write_atomically(folder / RESULT, content, mode)
    html = page(told.names, told.changed, told.result, options_of(asked), known.hospitals)
    write_atomically(folder / PAGE, html.encode(), mode)
    as_of = f"账本位置 {told.result['ledger']['position']}"
    found = tables(told.result, known.hospitals)
    for report, rows in found:
        write_atomically(folder / f"{report.name}.parquet", WRITERS[".parquet"](report, rows, as_of), mode)
    remark = f"；静态测算：假定无人因此改变行为；{'，'.join(told.names)}；测算标识 {kept.identity[:16]}"
    write_sheets(folder / WORKBOOK, [report_sheet(report, rows, Names(known)) for report, rows in found], as_of, remark)
    (folder / WORKBOOK).chmod(mode)
    note(f"已写入 written: {folder / PAGE}、{RESULT}、{len(found)} × parquet")


def options_of(asked: Asked) -> dict[str, Any]:
    """What was asked for, by the names of the options; only what was given."""
    plain = Asked()
    told = {
        "since": None if asked.since == plain.since else asked.since.isoformat(),
        "until": None if asked.until == plain.until else asked.until.isoformat(),
        "region": asked.region,
        "by": ",".join(asked.breakdown.by) or None,
        "publish": asked.breakdown.public or None,
    }
    return {name: value for name, value in told.items() if value is not None}
