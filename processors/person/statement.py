"""A claim's statement as the ledger keeps it in the entry of its settlement, read into fen and days."""

from collections.abc import Mapping
from datetime import date as calendar_date
from typing import Any

from msgspec import Struct, structs

from events.money import parse_yuan
from projections.statements import StatementRow, statement_json


class Statement(Struct, frozen=True, gc=False):
    """What docs/contract.md#statement shows of a settlement; amounts in fen.

    ``layers`` are (layer, fen) in the order applied; ``status`` is settled or reversed.
    """

    claim_id: str
    person_id: str
    region: str
    scheme: str
    year: int
    setting: str
    date: calendar_date
    status: str
    revision: int
    total: int
    categories: tuple[str, ...]
    layers: tuple[tuple[str, int], ...]
    patient_share: int
    hospital_share: int
    payee: str

    @property
    def paid(self) -> int:
        """What all layers pay, in fen."""
        return sum(paid for _, paid in self.layers)

    def json(self) -> dict[str, Any]:
        """The statement as docs/contract.md#statement shows it, money in yuan."""
        return statement_json(structs.asdict(self))


class LayerRecord(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One layer of a kept statement; ``paid`` in yuan."""

    layer: str
    paid: str


class StatementRecord(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A statement in the ledger's JSON, for msgspec's decoders; amounts in yuan, below 0 with a sign."""

    claim_id: str
    person_id: str
    region: str
    scheme: str
    year: int
    setting: str
    date: calendar_date
    status: str
    revision: int
    total: str
    categories: tuple[str, ...]
    layers: tuple[LayerRecord, ...]
    patient_share: str
    hospital_share: str
    payee: str

    def statement(self) -> Statement:
        """The statement in fen; raises ``ValueError`` for an amount that is none."""
        named: Mapping[str, Any] = {name: getattr(self, name) for name in self.__struct_fields__}
        amounts = {name: signed_fen(named[name]) for name in ("total", "patient_share", "hospital_share")}
        layers = tuple((each.layer, signed_fen(each.paid)) for each in self.layers)
        return Statement(**{**named, **amounts, "layers": layers})


def statement_of(row: StatementRow, revision: int) -> Statement:
    """The statement that a settled row shows."""
    named: Mapping[str, Any] = {
        name: getattr(row, name) for name in Statement.__struct_fields__ if name not in ("revision", "layers")
    }
    layers = tuple((layer, paid) for layer, paid in row.layers)
    return Statement(**{**named, "revision": revision, "categories": tuple(row.categories), "layers": layers})


def signed_fen(amount: str) -> int:
    """An amount in yuan as the ledger keeps it, below 0 with a sign, in fen; raises ``ValueError`` for what is none."""
    try:
        return -parse_yuan(amount[1:]) if amount.startswith("-") else parse_yuan(amount)
    except ValueError as error:
        raise ValueError(f"{amount!r} is no amount in yuan: it {error}") from None
