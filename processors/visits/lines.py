"""Fee lines of a visit: uploaded, taken back, summed, their digest."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct, structs
from sqlalchemy import bindparam, delete, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from events.facts import Bill
from events.money import yuan
from events.store.driver import Prepared
from processors.visits.visit_rows import VisitLine, fee_lines, stored

PARTS = ("self_funded", "over_limit", "upfront_copay", "in_scope")
"""The four parts of a line and of a bill, in the order of the interface: 全自费, 超限价, 先行自付, 符合政策范围."""

_DIGESTED = ("feedetl_sn", "init_feedetl_sn", "med_list_codg", "medins_list_codg")
_COLUMNS = VisitLine.__struct_fields__
_OF_BATCH = Prepared(
    select(fee_lines)
    .where(*(fee_lines.c[name] == bindparam(name) for name in ("mdtrt_id", "chrg_bchno", "round")))
    .order_by(fee_lines.c.feedetl_sn)
)


class LineSet(Struct, frozen=True):
    """Which lines are settled together: those of a visit's batch and round."""

    mdtrt_id: str
    chrg_bchno: str
    round: int


class LineSums(Struct, frozen=True):
    """What lines come to, in fen; a refund counts below 0."""

    total: int
    self_funded: int
    over_limit: int
    upfront_copay: int
    in_scope: int

    @property
    def negative(self) -> bool:
        """Whether more was taken back than was charged, of the whole or of a part."""
        return min(self.total, self.self_funded, self.over_limit, self.upfront_copay, self.in_scope) < 0

    def bill(self) -> dict[str, str]:
        """As an event states it, in yuan."""
        return {name: yuan(getattr(self, name)) for name in Bill.model_fields}


def sums(lines: Iterable[VisitLine]) -> LineSums:
    """The sums over lines."""
    total = 0
    parts = dict.fromkeys(PARTS, 0)
    for line in lines:
        total += line.amount
        for part in PARTS:
            parts[part] += getattr(line, part)
    return LineSums(total, **parts)


def digest(lines: Iterable[VisitLine]) -> str:
    """SHA-256, hex, over the lines in the order of their numbers, as canonical JSON: a list of objects, keys sorted.

    Of each line: number, the line taken back, both codes, day of service, count, price, amount and parts in fen. Who
    has the lines can make it again and compare it with ``linesdigest`` of the claim's event.
    """
    stated = [
        {name: getattr(line, name) for name in (*_DIGESTED, "amount", *PARTS)}
        | {"fee_ocur_time": line.fee_ocur_time.date().isoformat(), "cnt": f"{line.cnt:.4f}", "pric": f"{line.pric:.6f}"}
        for line in sorted(lines, key=lambda line: line.feedetl_sn)
    ]
    return hashlib.sha256(orjson.dumps(stated, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def load_lines(connection: AsyncConnection, of: LineSet) -> list[VisitLine]:
    """The lines of a batch, in the order of their numbers."""
    records = await _OF_BATCH.fetch(connection, **structs.asdict(of))
    return [_line(record) for record in records]


async def insert_lines(connection: AsyncConnection, lines: Sequence[VisitLine]) -> None:
    """Add lines to their batch."""
    if lines:
        await connection.execute(insert(fee_lines), [structs.asdict(line) for line in lines])


async def delete_lines(connection: AsyncConnection, of: LineSet, numbers: Collection[str] | None = None) -> int:
    """Take back lines that are not settled, or all of the batch; returns how many there were."""
    return (await connection.execute(delete(fee_lines).where(*_those(of, numbers)))).rowcount


async def lines_numbered(connection: AsyncConnection, mdtrt_id: str, numbers: Collection[str]) -> list[VisitLine]:
    """The lines of a visit under some numbers, of every batch and round."""
    query = select(fee_lines).where(fee_lines.c.mdtrt_id == mdtrt_id, fee_lines.c.feedetl_sn.in_(numbers))
    return [_line(row) for row in (await connection.execute(query)).mappings()]


async def line_batches(connection: AsyncConnection, mdtrt_id: str) -> list[str]:
    """The batches of a visit that have lines, of whatever round."""
    query = select(fee_lines.c.chrg_bchno).where(fee_lines.c.mdtrt_id == mdtrt_id).distinct()
    return sorted((await connection.execute(query)).scalars())


async def copy_lines(connection: AsyncConnection, of: LineSet, to: LineSet) -> None:
    """Give lines whose settlement is reversed to another round, where they may be changed and settled again."""
    given = {"chrg_bchno": literal(to.chrg_bchno), "round": literal(to.round)}
    chosen: list[Any] = [given.get(name, fee_lines.c[name]) for name in _COLUMNS]
    copied = select(*chosen).where(*_those(of))
    await connection.execute(insert(fee_lines).from_select(list(_COLUMNS), copied))


async def move_lines(
    connection: AsyncConnection, of: LineSet, to: LineSet, numbers: Collection[str] | None = None
) -> None:
    """Move lines that are not settled to another batch of their visit."""
    moved = update(fee_lines).where(*_those(of, numbers))
    await connection.execute(moved.values(chrg_bchno=to.chrg_bchno, round=to.round))


def _those(of: LineSet, numbers: Collection[str] | None = None) -> list[Any]:
    """The lines of a batch, or those of it under some numbers."""
    conditions = [
        fee_lines.c.mdtrt_id == of.mdtrt_id,
        fee_lines.c.chrg_bchno == of.chrg_bchno,
        fee_lines.c.round == of.round,
    ]
    return conditions if numbers is None else [*conditions, fee_lines.c.feedetl_sn.in_(numbers)]


def _line(row: Mapping[Any, Any]) -> VisitLine:
    return VisitLine(**stored(row))
