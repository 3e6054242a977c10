"""The form of a simulation: a reform's file as text, which claims it is about, what is told; also from an address."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import yaml
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.datastructures import FormData, QueryParams

from infra.cli.scheme_text import place_text, value_name_text
from infra.console.form_fields import day_of, fen_of, region_of, unusable
from policies.assumptions import read_assumptions
from policies.goal import GoalFile, read_goal
from policies.reform import ReformError, ReformFile, read_mapping, read_reform
from policies.scheme import Scheme
from policies.stated_lines import StatedLine, stated_lines
from processors.simulation.bases import IN_FORCE, LawOfLedger, read_law
from processors.simulation.burdens import Breakdown
from processors.simulation.groups import KINDS
from processors.simulation.plan import Asked

FILE, ASSUMED = "reform.yaml", "assumptions.yaml"
MOST_TEXT = 200_000
TEXTS = ("reform", "since", "until", "region", "household_line", "assumptions")
LONG = ("reform", "assumptions")
_FIRST = """name: 试算
scheme: {}
changes: []
"""


class ReformForm(NamedTuple):
    """What stands in the form."""

    reform: str = ""
    since: str = ""
    until: str = ""
    region: str = ""
    household_line: str = ""
    assumptions: str = ""
    by: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: FormData | QueryParams) -> "ReformForm":
        """Those fields of a form or an address that the form has."""
        texts = {name: str(given.get(name, "")).replace("\0", "").replace("\r\n", "\n").strip() for name in TEXTS}
        if any(len(texts[name]) > MOST_TEXT for name in LONG):
            raise unusable("文本", f"最多 {MOST_TEXT:,} 个字", "the text is too long")
        kinds = {str(kind) for kind in given.getlist("by")}
        return cls(**texts, by=tuple(kind for kind in KINDS if kind in kinds))

    def read(self) -> ReformFile:
        """The reform. Raises ``ReformError``."""
        return read_reform(f"{self.reform}\n".encode(), FILE)

    def read_goal(self) -> GoalFile | None:
        """The goal; None where the text has none. Raises ``ReformError``."""
        text = f"{self.reform}\n".encode()
        return read_goal(text, FILE) if "goal" in read_mapping(text, FILE)[0] else None

    def asked(self) -> Asked:
        """What is asked for. Raises ``Unprocessable``, and ``ReformError`` for assumptions that can't be used."""
        since = day_of(self.since, "自此日期") if self.since else date.min
        until = day_of(self.until, "至此日期前") if self.until else date.max
        if since >= until:
            raise unusable("至此日期前", "应在起始日期之后", "must lie after the first day")
        region = region_of(self.region, "统筹区") if self.region else None
        line = fen_of(self.household_line, "户年负担") if self.household_line else None
        assumed = read_assumptions(f"{self.assumptions}\n".encode(), ASSUMED) if self.assumptions else None
        breakdown = Breakdown(self.by, persons=True, household_line=line)
        return Asked(since, until, region, breakdown, assumed)

    def with_change(self, change: Mapping[str, str]) -> "ReformForm":
        """The form with one more change in its text. Raises ``ReformError``."""
        plain, _ = read_mapping(f"{self.reform}\n".encode(), FILE)
        changes = plain.get("changes") or []
        if not isinstance(changes, list):
            raise ReformError([f"{FILE}:1: changes 应为列表 changes is a list"])
        plain["changes"] = [*changes, dict(change)]
        text = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=1_000)
        return self._replace(reform=text.strip())

    def options(self) -> dict[str, str]:
        """What was given beside the reform, by the names of the command's options."""
        given = {name: getattr(self, name) for name in TEXTS if name not in LONG} | {"by": ",".join(self.by)}
        return {name: value for name, value in given.items() if value}

    def query(self) -> list[tuple[str, str]]:
        """The form as an address has it: the same reform's text, and only what was given."""
        texts = [(name, value) for name in TEXTS if (value := getattr(self, name))]
        return [*texts, *(("by", kind) for kind in self.by)]


class ChangeableValue(NamedTuple):
    """A value of a scheme's text that a reform may change; ``code`` is it in a form."""

    code: str
    where: str
    told: str


async def law_of(engine: AsyncEngine) -> LawOfLedger:
    """The law of the ledger as a login reads it."""
    async with engine.connect() as connection:
        return await read_law(connection)


def first_form(law: LawOfLedger) -> ReformForm:
    """An empty reform of the first scheme that claims are pinned to."""
    names = scheme_names(law)
    return ReformForm(reform=_FIRST.format(next(iter(names), IN_FORCE)).strip())


def scheme_names(law: LawOfLedger) -> dict[str, str]:
    """The schemes of the ledger by name, with their titles, those with claims first."""
    texts = sorted(law.texts.values(), key=lambda text: text.content_hash not in law.pinned)
    return {text.name: f"{text.name} {text.title}" for text in texts}


def scheme_of(form: ReformForm, law: LawOfLedger) -> Scheme | None:
    """The text whose values a reform may change; None where its text says no scheme that the ledger knows."""
    try:
        named = str(read_mapping(f"{form.reform}\n".encode(), FILE)[0].get("scheme", ""))
    except ReformError:
        return None
    by_name = {text.name: text for text in law.texts.values()}
    return law.texts.get(named) or by_name.get(named)


def changeable(text: Scheme) -> Iterator[ChangeableValue]:
    """The values that a reform may change, as they are."""
    for line in _lines(text):
        whom = f" · {place_text(line.for_)}" if line.for_ else ""
        told = f"{value_name_text(line.where, line.name)}{whom}：{line.value}"
        yield ChangeableValue(_code(line), place_text(line.where), told)


def change_of(text: Scheme, code: str, value: str, reason: str) -> dict[str, str]:
    """A change as a reform's file has it. Raises ``Unprocessable``."""
    line = next((line for line in _lines(text) if _code(line) == code), None)
    if line is None:
        raise unusable("改哪一项", "没有这一项", "there is no such value")
    if not value.strip():
        raise unusable("改为", "须填写", "say the value")
    whom = {"for": line.for_} if line.for_ else {}
    return {"where": line.where, "name": line.name, **whom, "value": value.strip(), "reason": reason.strip() or "试算"}


def _lines(text: Scheme) -> Sequence[StatedLine]:
    found: dict[str, StatedLine] = {}
    for line in stated_lines(text):
        if line.decides_claims:
            found.setdefault(_code(line), line)
    return list(found.values())


def _code(line: StatedLine) -> str:
    return "|".join((line.where, line.name, line.for_))
