"""Adopting supervision texts: journal ``supervision.0`` keeps the bytes, who entered and approved each, and why."""

import hashlib
from datetime import datetime
from functools import lru_cache

import orjson
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.decisions import SUPERVISION_ADOPTED
from events.store.journal import database_time, entries, write
from policies.supervision.text import SupervisionHistory, SupervisionText, built_in, load_supervision
from policies.supervision.values import RuleTerms
from processors.delivery.names import SUPERVISION_CONSUMER, SUPERVISION_JOURNAL
from processors.delivery.position import lock_position, write_position
from processors.offices.operators import Operator, login_of
from processors.offices.refusal import StepRefused

_load = lru_cache(maxsize=256)(load_supervision)
"""A text that was adopted is read with every list of supervision's work, and is parsed once."""


class SupervisionRefused(StepRefused):
    """A step of supervision that is not allowed; nothing was written. The message says what to do instead."""


class AdoptedSupervision(Struct, frozen=True):
    """A text that was adopted: the number of its event, who entered and who approved it, why, and when."""

    number: int
    text: SupervisionText
    actor: str
    approver: str
    reason: str
    recorded_at: datetime


async def adopted_texts(connection: AsyncConnection) -> list[AdoptedSupervision]:
    """Every text that was adopted, in the order of adoption. Raises ``LookupError`` for one that is damaged."""
    rows = await connection.execute(
        select(entries.c.number, entries.c.data, entries.c.raw, entries.c.recorded_at)
        .where(entries.c.journal == SUPERVISION_JOURNAL, entries.c.type == SUPERVISION_ADOPTED)
        .order_by(entries.c.number)
    )
    found = []
    for row in rows:
        said = orjson.loads(row.data)
        if hashlib.sha256(row.raw).hexdigest() != said["hash"]:
            raise LookupError(f"entry {row.number} of {SUPERVISION_JOURNAL}: the text does not match its hash")
        text = _load(row.raw, said["name"])
        found.append(
            AdoptedSupervision(row.number, text, said["actor"], said["approver"], said["reason"], row.recorded_at)
        )
    return found


async def adopt_supervision(
    engine: AsyncEngine, text: SupervisionText, actor: str, approver: str, reason: str
) -> AdoptedSupervision:
    """Adopt a text: it holds for the days of service that it names. Leads are looked for anew at the next catch-up.

    Raises ``SupervisionRefused`` where one person enters and approves, the text is in force already, or a rule's values
    change under a version that was used before.
    """
    async with engine.begin() as connection:
        return await adopt_within(connection, text, actor, approver, reason)


async def adopt_within(
    connection: AsyncConnection, text: SupervisionText, actor: str, approver: str, reason: str
) -> AdoptedSupervision:
    """Adopt a text as a part of a transaction. Raises ``SupervisionRefused``."""
    position = await lock_position(connection, SUPERVISION_CONSUMER, 0)
    position.journal.start(await database_time(connection))
    login, is_owner = await login_of(connection)
    if Operator(actor, None).is_same(Operator(approver, None)):
        raise SupervisionRefused(f"{actor} 不能自己批准，须由另一人批准。another person must approve it")
    check_supervision(text, [each.text for each in await adopted_texts(connection)])
    data = {
        "name": text.name,
        "hash": text.content_hash,
        "title": text.title,
        "version": text.version,
        "regions": list(text.regions),
        "in_force_from": text.in_force_from.isoformat(),
        "actor": actor,
        "approver": approver,
        "reason": reason,
        "login": login,
    } | ({"owner": True} if is_owner else {})
    number = position.journal.append(SUPERVISION_ADOPTED, data, raw=text.text)
    await write(connection, position.journal)
    await write_position(connection, position, position.stream_seq, position.outgoing)
    return AdoptedSupervision(number, text, actor, approver, reason, position.journal.recorded_at)


def check_supervision(text: SupervisionText, adopted: list[SupervisionText]) -> None:
    """Refuse a text that can't follow those that were adopted. Raises ``SupervisionRefused``."""
    same_name = [each for each in adopted if each.name == text.name]
    if text.name == built_in().name:
        raise SupervisionRefused(f"{text.name} 是内置文本的名称，请另取名。that is the name of the built-in text")
    if any(each.content_hash == text.content_hash for each in adopted):
        raise SupervisionRefused("此文本已采用。this very text was adopted before; change it (a comment will do)")
    if same_name and text.version <= same_name[-1].version:
        raise SupervisionRefused(
            f"{text.name} 已采用第 {same_name[-1].version} 版，新文本的 version 须更大。"
            f"version {same_name[-1].version} was adopted: a newer text has a higher one"
        )
    if same_name and set(text.regions) != set(same_name[-1].regions):
        raise SupervisionRefused("同名文本的 regions 不能改，另起新名。its regions are fixed: give another name")
    before = SupervisionHistory(adopted).in_force(text.in_force_from, text.regions[0] if text.regions else "000000")
    for code in type(text.rules).model_fields:
        known, now = (getattr(each.rules, code) for each in (before, text))
        if isinstance(known, RuleTerms) and known != now and known.version >= now.version:
            raise SupervisionRefused(
                f"规则 {code} 的数值有改动，其 version 须大于 {known.version}。"
                f"values of rule {code} change: its version must be above {known.version}"
            )
