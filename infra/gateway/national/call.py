"""One call of the national interface as its transaction sees it, and how a transaction refuses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.access.sources import Source
from infra.gateway.answers import Answer
from processors.visits.hospital_settings import HospitalSettings


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose envelope was read and found good.

    ``number`` is the serial of its transaction, the same each time the same msgid comes; 0 for one that is not kept.
    ``received_at`` is the database's time in Asia/Shanghai at which the transaction was first received. ``input`` maps
    nodes to objects or lists, without fields that are null or empty.
    """

    infno: str
    msgid: str
    fixmedins_code: str
    opter: str
    opter_name: str
    insuplc_admdvs: str
    mdtrtarea_admvs: str
    received_at: datetime
    hospital: HospitalSettings
    input: Mapping[str, Any]
    number: int

    @property
    def source(self) -> Source:
        """The hospital as a source of events."""
        return Source("hospital", self.fixmedins_code)


@dataclass(frozen=True, slots=True)
class Original:
    """The transaction that a reversal (2601) takes back.

    ``output`` is what its answer held, amounts as plain numbers; None where it was not answered. Then ``answers`` are
    what the ledger says to the events that it had sent, by their ids, none where it had sent none.
    """

    number: int
    infno: str
    msgid: str
    output: Any
    answers: Mapping[str, Answer]


class NationalRefused(Exception):
    """A transaction is refused in words that the operator reads: infcode -2, or -1 where ``system`` is to blame.

    After -1 a hospital's program sends a reversal (2601), or the same call again.
    """

    def __init__(self, message_zh: str, *, system: bool = False) -> None:
        super().__init__(message_zh)
        self.message_zh = message_zh
        self.system = system
