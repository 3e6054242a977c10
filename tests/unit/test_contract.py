"""docs/contract.md binds: commands, keys in their order, streams and figures are those of the program."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
import typer.main
from nats.js.api import StreamConfig
from nats.js.errors import NotFoundError
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.bench import Bench, Options
from benchmarks.table import figures
from events.decisions import (
    CLAIM_RESETTLED,
    CLAIM_SETTLED,
    EVENT_ACCEPTED,
    EVENT_REJECTED,
    EVENT_WAITING,
    REFUSAL_LIFTED,
)
from infra.access.sources import QUOTE, Source
from infra.border.answers import TOLD
from infra.cli import app
from infra.cli.settle import print_summary
from infra.messaging.publisher import PublishedEvents
from infra.messaging.streams import ensure_streams
from infra.operations.settle import SettledFiles
from processors.accounts.fund_account import Account, settle_years
from processors.queries import listings
from processors.queries.summary import Summary
from projections.statements import statement_json
from tests.markdown import code, page, section, table

PAGE = page("contract.md")
COMMANDS = [code(command)[0] for command, _ in table(section(PAGE, "commands"))]
RESERVED = [code(command)[0] for command, _ in table(section(PAGE, "to_come"))]
LISTS = {name: code(keys) for name, keys in table(section(PAGE, "lists"))}
FIGURES = {key: code(holds) for keys, holds in table(section(PAGE, "figures")) for key in code(keys)}


def fault(call: str) -> str | None:
    """What is wrong with a call as the contract writes it: a command, then options in brackets."""
    words, command = call.split(), cast("Any", typer.main.get_command(app))
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    if hasattr(command, "commands") and not command.invoke_without_command:
        return f"{call}: no such command"
    known = {name for parameter in command.params for name in parameter.opts}
    unknown = [option for option in re.findall(r"--[a-z-]+", " ".join(words)) if option not in known]
    return f"{call}: no option {unknown[0]}" if unknown else None


@pytest.mark.parametrize("call", COMMANDS)
def test_a_command_is_there_with_its_options(call: str) -> None:
    assert fault(call.removeprefix("claims ")) is None


@pytest.mark.parametrize("call", RESERVED)
def test_what_is_to_come_is_not_there_yet(call: str) -> None:
    assert fault(call) is not None


def test_commands_are_named_once() -> None:
    assert len({re.split(r" [\[A-Z]", call)[0] for call in COMMANDS}) == len(COMMANDS) > 0


def test_a_statement_has_the_keys_in_their_order() -> None:
    row = {
        "claim_id": "C1",
        "person_id": "P1",
        "region": "220621",
        "scheme": "fusong",
        "year": 2019,
        "setting": "inpatient",
        "date": date(2019, 5, 6),
        "status": "settled",
        "revision": 1,
        "total": 20_000_00,
        "categories": ["registered_poor"],
        "layers": [["basic", 10_320_00]],
        "patient_share": 9_680_00,
        "hospital_share": 0,
        "payee": "hospital",
    }
    assert json.dumps(statement_json(row)) == json.dumps(_example("statement"))


def test_a_summary_has_the_keys_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    summary = Summary(
        events=2, accepted=2, claims=1, total=20_000_00, paid={"basic": 10_320_00}, patient_share=9_680_00
    )
    print_summary(SettledFiles(summary, cast("PublishedEvents", None), 1.5), json=True)
    assert json.dumps(json.loads(capsys.readouterr().out)) == json.dumps(_example("summary"))


@pytest.mark.parametrize("name", sorted(LISTS.keys() - {"account", "advances", "leads", "prepayments"}))
async def test_a_list_has_its_keys(name: str) -> None:
    rows = {
        "refusals": listings.refusal_rows,
        "waiting": listings.waiting_rows,
        "parked": listings.parked_rows,
        "grants": listings.grant_rows,
        "accumulations": listings.accumulation_rows,
    }[name]
    assert [list(row) async for row in rows(cast("AsyncEngine", OneRow()))] == [LISTS[name]]


def test_an_account_s_year_has_its_keys() -> None:
    (year,) = settle_years(None, Account("anyi", "360123", "supplementary", None), {2018: {"premiums": 33_000}})
    assert list(year.json()) == LISTS["account"]


async def test_streams_take_the_subjects_that_are_told() -> None:
    made = StreamsMade()
    await ensure_streams(cast("Any", made), {})
    told = {code(name)[0]: re.sub("<[^>]+>", "*", code(subjects)[0]) for name, subjects, _ in _streams()}
    assert told == {name: subjects for name, subjects in made.subjects.items() if name in told}
    assert told.keys() == made.subjects.keys() - {"RUNS"}  # RUNS is the ledger's own


def test_a_source_writes_and_reads_under_its_own_subjects_only() -> None:
    source = Source("hospital", "H2206213")
    allowed = source.entry(source.user, "")["permissions"]
    subjects = [code(who)[-1] for _, _, who in _streams() if code(who)]
    own = [subject.replace("<kind>", source.kind).replace("<id>", source.id).rstrip(">") for subject in subjects]
    assert [each for each in allowed["publish"]["allow"] if each.startswith("claims.intake")] == [f"{own[0]}*"]
    assert code(section(PAGE, "quote"))[0] == QUOTE
    assert QUOTE in allowed["publish"]["allow"]
    assert QUOTE not in Source("civil-affairs", "220621").entry("", "")["permissions"]["publish"]["allow"]


def test_answers_are_of_the_types_that_are_told() -> None:
    told = {word for word in code(section(PAGE, "streams")) if word.endswith(".v1")}
    assert (
        told
        == TOLD.keys()
        == {
            CLAIM_SETTLED,
            CLAIM_RESETTLED,
            EVENT_ACCEPTED,
            EVENT_REJECTED,
            EVENT_WAITING,
            REFUSAL_LIFTED,
        }
    )


def test_figures_have_the_keys_that_are_told() -> None:
    bench = Bench(Options(), cast("Any", None))
    for size in bench.options.growth:
        bench.note(f"growth_{size}", 1.0)
    found = figures(bench)
    assert FIGURES.keys() <= found.keys()
    assert set(FIGURES["growth"]) <= found["growth"][0].keys()
    assert {rate.strip('"') for rate in FIGURES["latency_ms"] if rate.startswith('"')} == found["latency_ms"].keys()


def test_figures_to_come_are_not_there_yet() -> None:
    reserved = [word for word in code(section(PAGE, "to_come").rpartition("|")[2]) if "_" in word]
    assert len(reserved) == 2
    assert not set(reserved) & figures(Bench(Options(), cast("Any", None))).keys()


def _streams() -> list[list[str]]:
    return table(section(PAGE, "streams"))


def _example(anchor: str) -> Any:
    (block,) = re.findall(r"```json\n(.*?)```", section(PAGE, anchor), re.DOTALL)
    return json.loads(block)


class StreamsMade:
    """Stands in for JetStream: no stream is there, each that is made is noted."""

    def __init__(self) -> None:
        self.subjects: dict[str, str] = {}

    async def stream_info(self, _name: str) -> None:
        """No stream is there."""
        raise NotFoundError

    async def add_stream(self, config: StreamConfig) -> None:
        """Note the one subject of a stream."""
        (self.subjects[str(config.name)],) = config.subjects or []


class OneRow:
    """Stands in for a database: every query gives one row, with the columns that it asks for."""

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["OneRow"]:
        """A connection."""
        yield self

    async def stream(self, query: Select[Any]) -> Any:
        """The one row."""
        names = list(query.selected_columns.keys())
        values: Mapping[str, Any] = {"since": datetime.now(UTC)}

        async def rows() -> AsyncIterator[tuple[Any, ...]]:
            yield tuple(values.get(name, 0) for name in names)

        return Rows(names, rows())


class Rows:
    """What a query gave."""

    def __init__(self, names: list[str], rows: AsyncIterator[tuple[Any, ...]]) -> None:
        self._names, self._rows = names, rows

    def keys(self) -> list[str]:
        """Names of the columns."""
        return self._names

    def __aiter__(self) -> AsyncIterator[tuple[Any, ...]]:
        return self._rows
