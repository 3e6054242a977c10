"""What a simulation settles: the ledger at one moment, the texts, and the variants that reforms make of them."""

import hashlib
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

import policies
from policies.assumptions import Assumptions
from policies.loader import load_text
from policies.reform import ReformFile
from policies.scheme import Scheme
from processors.proof.seals import SealedHead, root_of
from processors.proof.verification.chains import journals
from processors.simulation.bases import LawOfLedger, read_law, replacements
from processors.simulation.burdens import Breakdown
from processors.simulation.changed_texts import ChangedTexts, changed_texts
from processors.simulation.fold import Fold
from processors.simulation.variant import SimulationScope, Variant


class LedgerMoment(Struct, frozen=True):
    """How far the ledger was: the number of its entries, and one root over the heads of all journals, as a seal's."""

    position: int
    hash: str


class Asked(Struct, frozen=True):
    """Which claims reforms are about: dated from ``since`` until ``until`` (exclusive), of a region's people; what is
    told beside the sums, and what is assumed of the years to come."""

    since: date = date.min
    until: date = date.max
    region: str | None = None
    breakdown: Breakdown = Breakdown()
    assumptions: Assumptions | None = None


class Stack(NamedTuple):
    """The variants of one of several reforms: by itself, and on top of those before it."""

    name: str
    alone: int
    stacked: int


class SimulationPlan(Struct, frozen=True):
    """All that settling needs beside persons' facts: ``texts`` are (name, text). The last variant is all reforms
    together."""

    texts: list[tuple[str, bytes]]
    scope: SimulationScope
    variants: list[Variant]
    breakdown: Breakdown

    def fold(self) -> Fold:
        """What settles by it."""
        return Fold(self._schemes(), self.scope, self.variants, self.breakdown)

    def changed(self) -> list[ChangedTexts]:
        """What all reforms together change of the texts."""
        schemes = self._schemes()
        after = {before: schemes[text] for before, text in self.variants[-1].texts.items()}
        return changed_texts(schemes, after)

    def _schemes(self) -> dict[str, Scheme]:
        loaded = [load_text(text, name) for name, text in self.texts]
        return {scheme.content_hash: scheme for scheme in loaded}


class Simulation(NamedTuple):
    """A simulation that is yet to run; ``stacks`` where there are several reforms."""

    plan: SimulationPlan
    stacks: list[Stack]
    ledger: LedgerMoment
    identity: str
    assumptions: Assumptions | None = None

    @property
    def moment(self) -> str:
        """A name for what persons' facts depend on: the ledger's moment, and the code that reads them."""
        return f"{self.ledger.position}-{self.ledger.hash[:16]}-{engine_version().rpartition('+')[2]}"


async def planned(
    connection: AsyncConnection, reforms: Sequence[ReformFile], asked: Asked, *, apart: bool = False
) -> Simulation:
    """Plan a simulation of one moment of the ledger. Raises ``ReformError``, and ``LookupError`` for a lost text."""
    ledger = await ledger_moment(connection)
    plan, stacks = plan_of(await read_law(connection), reforms, asked, apart=apart)
    return Simulation(plan, stacks, ledger, _identity(plan, reforms, asked, ledger), asked.assumptions)


def plan_of(
    law: LawOfLedger, reforms: Sequence[ReformFile], asked: Asked, *, apart: bool = False
) -> tuple[SimulationPlan, list[Stack]]:
    """The variants of some reforms: each alone, each on top of those before it, and all together; with ``apart`` one
    variant a reform."""
    texts: dict[str, Scheme] = dict(law.texts)
    variants: list[Variant] = []

    def number_of(name: str, replaced: dict[str, Scheme]) -> int:
        texts.update({text.content_hash: text for text in replaced.values()})
        variants.append(Variant(name, {before: after.content_hash for before, after in replaced.items()}))
        return len(variants) - 1

    stacks: list[Stack] = []
    together: dict[str, Scheme] = {}
    for number, file in enumerate(reforms):
        alone = replacements(file, law, {})
        together = together | (alone if apart else replacements(file, law, together))
        if apart:
            number_of(file.reform.name, alone)
        elif len(reforms) > 1:
            by_itself = number_of(file.reform.name, alone)
            is_first = number == 0
            stacks.append(
                Stack(file.reform.name, by_itself, by_itself if is_first else number_of(file.reform.name, together))
            )
    if len(reforms) == 1 and not apart:
        number_of(reforms[0].reform.name, together)
    names = frozenset(law.texts[content_hash].name for content_hash in together)
    needed = law.pinned | {each for variant in variants for pair in variant.texts.items() for each in pair}
    kept = [(text.name, text.text) for content_hash, text in texts.items() if content_hash in needed]
    return SimulationPlan(
        kept, SimulationScope(names, asked.since, asked.until, asked.region), variants, asked.breakdown
    ), stacks


async def ledger_moment(connection: AsyncConnection) -> LedgerMoment:
    """How far the ledger is, as a connection reads it."""
    heads = {name: head for name, head in (await journals(connection)).items() if head.number}
    sealed = [SealedHead(journal=name, number=head.number, hash=head.hash.hex()) for name, head in heads.items()]
    return LedgerMoment(sum(head.number for head in heads.values()), root_of(sealed))


@cache
def engine_version() -> str:
    """What settles and adds up: the program's version, and a digest of the code that does it.

    Read once: what a process runs is what it loaded.
    """
    code = hashlib.sha256()
    own = Path(__file__).parent
    for folder in (Path(policies.__file__).parent, own.parent / "person", own.parent / "pipeline", own):
        for path in sorted(folder.rglob("*.py")):
            code.update(path.read_bytes())
    return f"{version('claims-ledger')}+{code.hexdigest()[:12]}"


def _identity(plan: SimulationPlan, reforms: Sequence[ReformFile], asked: Asked, ledger: LedgerMoment) -> str:
    """One hash over all that the result depends on."""
    said: dict[str, Any] = {
        "reforms": [file.reform.model_dump(mode="json", by_alias=True) for file in reforms],
        "texts": [variant.texts for variant in plan.variants],
        "ledger": {"position": ledger.position, "hash": ledger.hash},
        "engine": engine_version(),
        "since": asked.since,
        "until": asked.until,
        "region": asked.region,
        "by": asked.breakdown.by,
        "persons": asked.breakdown.persons,
        "household_line": asked.breakdown.household_line,
        "figure": msgspec.to_builtins(asked.breakdown.figure),
        "public": asked.breakdown.public,
        "assumptions": msgspec.to_builtins(asked.assumptions),
    }
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
