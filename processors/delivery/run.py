"""Runs: what travels from layer to layer, how it is sent, and the table of those in flight.

A run carries one person's claims of one year and scheme, in ledger order, with what each stage so far has decided. A
new claim is a run of one; a late fact opens a run of all the claims from the first one touched. Every run visits every
stage of its scheme's path in one order.

A run's path is fixed when it opens: that of the text in force, whichever older texts its claims are pinned to. A text
may append a layer to the path of the one before it, and do nothing else to it. So a run meets all that was ever booked
for its claims, and none can overtake an earlier one, whose path is the same or the beginning of its own.

Between the layers a run is JSON lists in the order of the fields, a third of the size of named ones. Both ends are of
one release; what is kept for ever (the ledger) names its fields.
"""

import zlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct, field, structs
from sqlalchemy import BigInteger, Column, DateTime, Integer, SmallInteger, Table, Text

from events.store.metadata import metadata
from events.store.writes import Writes
from policies.claim import Claim, Payout
from processors.delivery.names import RUNS, SETTLEMENT_CONSUMER
from processors.delivery.transaction import Transaction

RUNS_PER_MESSAGE = 500
BYTES_PER_MESSAGE = 900_000

runs = Table(
    "runs",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("scheme", Text, nullable=False, comment="name"),
    Column("year", SmallInteger, nullable=False),
    Column("first_number", Integer, nullable=False, comment="of the first claim it carries"),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("cause", BigInteger, comment="number in journal intake up to which it knows the facts"),
    schema="processors",
    comment="runs in flight: opened by intake, closed by settlement",
)


class Cause(Struct, frozen=True, array_like=True, gc=False):
    """The fact that opened a run: its place in journal intake and what it was.

    ``laid_on_hospital`` is the claim on which an audit laid an amount for the hospital to bear, ``corrected_claim`` the
    one whose bill its hospital corrected.
    """

    number: int
    source: str
    event_id: str
    type: str
    laid_on_hospital: str | None = None
    corrected_claim: str | None = None

    def counterparty(self, claim: Claim) -> str:
        """Who settles an adjustment of a claim with the funds: the hospital where an audit laid it there, the claim's
        payee where its hospital corrected the bill, else the person, who paid a share at discharge
        (docs/domain.md#3.8)."""
        laid = claim.claim_id == self.laid_on_hospital
        corrected = claim.claim_id == self.corrected_claim and not claim.prepaid
        return "hospital" if laid or corrected else "person"

    def json(self) -> dict[str, object]:
        """The cause as the ledger keeps it, by the names of its fields."""
        return structs.asdict(self)


ALL_YEARS = 0
"""The year of a run under a scheme with limits over more than a year: it carries claims of any."""


class Run(Struct, array_like=True):
    """One run. ``chain`` gives the standing claims of the admissions that its claims were referred from; ``decided``
    the payouts so far, a list per claim. ``path`` are the layers that it visits; a run that an older program opened has
    none, and visits that of its claims' texts, which were all alike then."""

    person_id: str
    scheme: str
    year: int
    number: int
    stage: int
    cause: Cause
    claims: list[Claim]
    chain: dict[str, list[Claim]] = field(default_factory=dict)
    decided: list[list[Payout]] = field(default_factory=list)
    path: tuple[str, ...] = ()

    @property
    def revisits(self) -> bool:
        """Whether any of its claims has been through the layers before."""
        return any(claim.opened < self.number for claim in self.claims)

    @property
    def schemes(self) -> set[str]:
        """The content hashes that its claims, and those of its referral chains, are pinned to."""
        chained = {claim.scheme for claims in self.chain.values() for claim in claims}
        return {claim.scheme for claim in self.claims} | chained


pack_run = msgspec.json.Encoder().encode
"""A run as bytes."""
unpack_run = msgspec.json.Decoder(Run).decode
"""The run that ``pack_run`` packed."""
unpack_runs = msgspec.json.Decoder(list[Run]).decode
"""The runs in a message: a JSON list of packed ones."""


def partition_of(person_id: str, partitions: int) -> int:
    """The partition that carries a person's runs: the same on every machine, for ever."""
    return zlib.crc32(person_id.encode()) % partitions


def runs_subject(consumer: str, partition: int, sender: str) -> str:
    """Where a consumer's partition reads runs from a sender: one writer a subject, so that it can be fenced."""
    return f"claims.runs.{consumer}.{partition}.{sender}"


def open_runs(writes: Writes, opened: Sequence[Run], at: datetime) -> None:
    """Note runs as in flight."""
    rows = (
        (run.person_id, run.number, run.scheme, run.year, run.claims[0].number, at, run.cause.number) for run in opened
    )
    writes.insert_values(runs, rows)


def close_runs(writes: Writes, closed: Sequence[tuple[str, int]]) -> None:
    """Note runs, by person and number, as done."""
    writes.remove(runs, closed)


def send_runs(transaction: Transaction, sender: str, outgoing: Sequence[tuple[str, Run]], partitions: int) -> None:
    """Pack runs for their next consumers into as few messages as the caps allow, keeping each consumer's order.

    Those at the end of their path go first: a later run of the same person may have one more layer before it.
    """
    by_subject: dict[str, list[bytes]] = {}
    for consumer, run in sorted(outgoing, key=lambda sent: sent[0] != SETTLEMENT_CONSUMER):
        subject = runs_subject(consumer, partition_of(run.person_id, partitions), sender)
        by_subject.setdefault(subject, []).append(pack_run(run))
    for subject, packed in by_subject.items():
        start = size = 0
        for index, value in enumerate(packed):
            if index > start and (size + len(value) > BYTES_PER_MESSAGE or index - start >= RUNS_PER_MESSAGE):
                transaction.send(RUNS, subject, b"[" + b",".join(packed[start:index]) + b"]")
                start, size = index, 0
            size += len(value) + 1
        transaction.send(RUNS, subject, b"[" + b",".join(packed[start:]) + b"]")
