"""The journal ``proposals.0``: texts that are proposed, what their trials came to, and who adopted them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

import orjson
from msgspec import Struct, field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import TEXT_PROPOSAL_ADOPTED, TEXT_PROPOSAL_WITHDRAWN, TEXT_PROPOSED, TEXT_TRIED
from events.store.journal import Journal, database_time, entries, write
from policies.loader import load_text
from policies.scheme import Scheme
from policies.supervision.text import SupervisionText, load_supervision
from processors.delivery.names import PROPOSALS_CONSUMER, PROPOSALS_JOURNAL
from processors.delivery.position import lock_position, write_position
from processors.delivery.transaction import Position
from processors.law.adoption import adopt_within as adopt_scheme
from processors.law.adoption import check_adoptable
from processors.offices.operators import Operator, login_of
from processors.offices.refusal import StepRefused
from processors.supervision.adoption import adopt_within as adopt_supervision
from processors.supervision.adoption import adopted_texts, check_supervision

TextKind = Literal["scheme", "supervision"]
KIND_NAMES: Mapping[str, str] = {"scheme": "政策", "supervision": "监管参数"}
STATE_NAMES: Mapping[str, str] = {"proposed": "待采用", "adopted": "已采用", "withdrawn": "已撤回"}


class TextTried(Struct, frozen=True):
    """What a trial came to, as the event says it; of a scheme money in fen by layer, of supervision leads by rule."""

    number: int
    at: datetime
    actor: str
    since: date | None
    persons: int
    claims: int = 0
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    rules: list[dict[str, Any]] = []


class TextProposal(Struct):
    """A proposal, by the number of its entry in the journal, with what has become of it."""

    number: int
    kind: TextKind
    name: str
    hash: str
    title: str
    reason: str
    text: bytes
    proposer: Operator
    at: datetime
    state: str = "proposed"
    closed_by: Operator | None = None
    closed_at: datetime | None = None
    trials: list[TextTried] = field(default_factory=list)

    def scheme(self) -> Scheme:
        """The scheme that it proposes. Raises ``SchemeError``."""
        return load_text(self.text, self.name)

    def supervision(self) -> SupervisionText:
        """The supervision text that it proposes. Raises ``SupervisionTextError``."""
        return load_supervision(self.text, self.name)


class InvalidProposal(ValueError):
    """An event of the journal that says what none before it allows; the message names its entry."""


class ProposalRegister:
    """The proposals that the journal's events make."""

    def __init__(self) -> None:
        self.proposals: dict[int, TextProposal] = {}

    def apply(self, type_: str, number: int, at: datetime, said: Mapping[str, Any], raw: bytes | None) -> None:
        """Apply one event. Raises ``InvalidProposal``."""
        try:
            self._apply(type_, number, at, said, raw)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidProposal(f"entry {number}: {error}") from error

    def _apply(self, type_: str, number: int, at: datetime, said: Mapping[str, Any], raw: bytes | None) -> None:
        operator = Operator.of(said)
        if type_ == TEXT_PROPOSED:
            self.proposals[number] = TextProposal(
                *(number, said["kind"], said["name"], said["hash"], said["title"], said["reason"]),
                *(raw or b"", operator, at),
            )
            return
        found = self.proposals[said["proposal"]]
        if found.state != "proposed":
            raise ValueError(f"proposal {found.number} is {found.state} already")
        if type_ == TEXT_TRIED:
            since = date.fromisoformat(said["since"]) if said.get("since") else None
            sums = {name: said[name] for name in ("persons", "claims", "before", "after", "rules") if name in said}
            found.trials.append(TextTried(number, at, operator.actor, since, **sums))
        elif type_ in (TEXT_PROPOSAL_ADOPTED, TEXT_PROPOSAL_WITHDRAWN):
            found.state = "adopted" if type_ == TEXT_PROPOSAL_ADOPTED else "withdrawn"
            found.closed_by, found.closed_at = operator, at
        else:
            raise ValueError(f"no event of this journal: {type_}")


class _Opened(Struct):
    """The journal in one transaction."""

    position: Position
    register: ProposalRegister
    login: str
    is_owner: bool

    @property
    def journal(self) -> Journal:
        return self.position.journal

    def operator(self, actor: str) -> Operator:
        return Operator(actor, None if self.is_owner else self.login)

    def record(self, type_: str, data: Mapping[str, Any], raw: bytes | None = None) -> int:
        signed = {**data, "login": self.login} | ({"owner": True} if self.is_owner else {})
        number = self.journal.append(type_, signed, raw=raw) if raw is not None else self.journal.append(type_, signed)
        self.register.apply(type_, number, self.journal.recorded_at, signed, raw)
        return number

    def standing(self, number: int) -> TextProposal:
        found = self.register.proposals.get(number)
        if found is None:
            raise StepRefused(f"没有提议 {number}。There is no proposal {number}")
        if found.state != "proposed":
            raise StepRefused(f"提议 {number} {STATE_NAMES[found.state]}。Proposal {number} is {found.state}")
        return found


async def _open(connection: AsyncConnection) -> _Opened:
    position = await lock_position(connection, PROPOSALS_CONSUMER, 0)
    position.journal.start(await database_time(connection))
    return _Opened(position, await load_proposals(connection), *await login_of(connection))


async def _write(connection: AsyncConnection, opened: _Opened) -> None:
    await write(connection, opened.journal)
    await write_position(connection, opened.position, opened.position.stream_seq, opened.position.outgoing)


async def load_proposals(connection: AsyncConnection) -> ProposalRegister:
    """All proposals. Raises ``InvalidProposal``."""
    register = ProposalRegister()
    rows = await connection.execute(
        select(entries.c.number, entries.c.type, entries.c.recorded_at, entries.c.data, entries.c.raw)
        .where(entries.c.journal == PROPOSALS_JOURNAL)
        .order_by(entries.c.number)
    )
    for row in rows:
        register.apply(row.type, row.number, row.recorded_at, orjson.loads(row.data), row.raw)
    return register


async def propose(engine: AsyncEngine, text: Scheme | SupervisionText, actor: str, reason: str) -> TextProposal:
    """Propose a text: it is not in force until another person adopts it.

    Raises ``SchemeError`` or ``StepRefused`` where it could not be adopted now, or is proposed already.
    """
    async with engine.begin() as connection:
        opened = await _open(connection)
        await _check(connection, text)
        for each in opened.register.proposals.values():
            if each.state == "proposed" and each.name == text.name:
                raise StepRefused(
                    f"{text.name} 已有提议 {each.number} 待采用，请先采用或撤回。"
                    f"proposal {each.number} of {text.name} waits: adopt it or withdraw it first"
                )
        kind: TextKind = "scheme" if isinstance(text, Scheme) else "supervision"
        said = {"kind": kind, "name": text.name, "hash": text.content_hash, "title": text.title}
        number = opened.record(TEXT_PROPOSED, {**said, "reason": reason, "actor": actor}, text.text)
        await _write(connection, opened)
        return opened.register.proposals[number]


async def record_trial(engine: AsyncEngine, number: int, actor: str, tried: Mapping[str, Any]) -> None:
    """Note what a trial came to: ``persons`` and, of a scheme, ``since``, ``claims``, ``before`` and ``after``.

    Raises ``StepRefused`` where the proposal does not stand any more.
    """
    async with engine.begin() as connection:
        opened = await _open(connection)
        opened.standing(number)
        opened.record(TEXT_TRIED, {"proposal": number, **tried, "actor": actor})
        await _write(connection, opened)


async def adopt_proposal(engine: AsyncEngine, number: int, actor: str) -> TextProposal:
    """Adopt what another person has proposed, and somebody has tried; it is law with this step.

    Raises ``StepRefused`` for who proposed it, or where no trial was made; ``SchemeError`` where it can't follow
    the texts in force any more.
    """
    async with engine.begin() as connection:
        opened = await _open(connection)
        found = opened.standing(number)
        opened.operator(actor).must_differ(found.proposer, f"proposed text {number}", "adopt it")
        if not found.trials:
            raise StepRefused(f"提议 {number} 还没有试算，先试算再采用。Proposal {number} was not tried: try it first")
        if found.kind == "scheme":
            if not await adopt_scheme(connection, [found.scheme()], actor):
                raise StepRefused(f"{found.name} 此文本已在用。That text is in force already")
        else:
            await adopt_supervision(connection, found.supervision(), found.proposer.actor, actor, found.reason)
        opened.record(TEXT_PROPOSAL_ADOPTED, {"proposal": number, "hash": found.hash, "actor": actor})
        await _write(connection, opened)
        return found


async def withdraw_proposal(engine: AsyncEngine, number: int, actor: str, reason: str) -> TextProposal:
    """Take back a proposal that nobody has adopted. Raises ``StepRefused``."""
    async with engine.begin() as connection:
        opened = await _open(connection)
        found = opened.standing(number)
        opened.record(TEXT_PROPOSAL_WITHDRAWN, {"proposal": number, "actor": actor, "reason": reason})
        await _write(connection, opened)
        return found


async def _check(connection: AsyncConnection, text: Scheme | SupervisionText) -> None:
    if isinstance(text, Scheme):
        await check_adoptable(connection, text)
    else:
        check_supervision(text, [each.text for each in await adopted_texts(connection)])
