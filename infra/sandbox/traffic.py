"""What institutions' programs did at the gateway, held against the list of transactions that a vendor tries."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.gateway.national.reply import DONE, kept_answer
from infra.sandbox.county import PHARMACY
from processors.offices.keys import KeyRing
from processors.visits.transactions import ReceivedTransaction, transactions

NAMES: Mapping[str, str] = {
    "9001": "签到",
    "2401": "入院登记",
    "2301": "费用明细上传",
    "2302": "费用明细撤销",
    "2402": "出院办理",
    "2304": "住院结算",
    "2305": "住院结算撤销",
    "2405": "出院撤销",
    "2403": "就诊信息变更",
    "2404": "入院撤销",
    "2601": "冲正",
    "2201": "门诊挂号",
    "2203A": "门诊就诊信息",
    "2204": "门诊费用明细上传",
    "2205": "门诊费用明细撤销",
    "2207": "门诊结算",
    "2208": "门诊结算撤销",
    "2202": "门诊挂号撤销",
    "2102": "药店结算",
    "2103": "药店结算撤销",
    "9002": "签退",
}
"""Transactions of which the gateway keeps a record, in the order in which a vendor comes to them."""
OF_PHARMACIES = ("9001", "2102", "2103", "2601", "9002")
"""Those that a pharmacy is to try; a hospital tries all but purchases."""
SAME_AS: Mapping[str, str] = {"2203": "2203A"}
TrafficState = Literal["done", "wrong", "missing"]
_STATE_NAMES: Mapping[TrafficState, str] = {"done": "已做", "wrong": "未成功", "missing": "未做"}


class Traffic(Struct, frozen=True):
    """What one institution did with one transaction: how many calls came to what.

    ``state`` is ``wrong`` where the last call of it was refused or has no answer. ``last_refusal`` is what the last
    refused one was told.
    """

    hospital_id: str
    infno: str
    name: str
    state: TrafficState
    done: int
    refused: int
    withdrawn: int
    unanswered: int
    last_refusal: str

    @property
    def state_name(self) -> str:
        """The state in Chinese."""
        return _STATE_NAMES[self.state]

    def json(self) -> dict[str, Any]:
        """As a program reads it."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


class _Call(Struct, frozen=True):
    """One transaction: what it came to, and what was told of a refusal."""

    outcome: Literal["done", "refused", "withdrawn", "unanswered"]
    message: str = ""


async def load_traffic(engine: AsyncEngine, keys: KeyRing) -> list[Traffic]:
    """A row an institution that has called, and a transaction of ``NAMES`` or that it called besides."""
    columns = [transactions.c[name] for name in ReceivedTransaction.__struct_fields__]
    calls: dict[str, dict[str, list[_Call]]] = {}
    async with engine.connect() as connection:
        for row in await connection.execute(select(*columns).order_by(transactions.c.number)):
            found = ReceivedTransaction(*row)
            infno = SAME_AS.get(found.infno, found.infno)
            calls.setdefault(found.hospital_id, {}).setdefault(infno, []).append(_call(found, keys))
    return [
        _traffic(hospital_id, infno, by_infno.get(infno, ()))
        for hospital_id, by_infno in sorted(calls.items())
        for infno in _listed(hospital_id, by_infno)
    ]


def _listed(hospital_id: str, called: Collection[str]) -> list[str]:
    purchases = {"2102", "2103"}
    wanted = {*OF_PHARMACIES} if hospital_id == PHARMACY.code else NAMES.keys() - purchases
    return [*(infno for infno in NAMES if infno in wanted or infno in called), *sorted({*called} - NAMES.keys())]


def _call(found: ReceivedTransaction, keys: KeyRing) -> _Call:
    if found.state == "withdrawn":
        return _Call("withdrawn")
    if found.reply is None or found.key_id is None:
        return _Call("unanswered" if found.state == "open" else "done")  # an answer that was pruned is no fault
    kept = kept_answer(keys.open(found.key_id, found.reply, found.about))
    return _Call("done") if kept.infcode == DONE else _Call("refused", json.loads(kept.document)["err_msg"])


def _traffic(hospital_id: str, infno: str, calls: Iterable[_Call]) -> Traffic:
    made = [*calls]
    counts = {
        name: sum(each.outcome == name for each in made) for name in ("done", "refused", "withdrawn", "unanswered")
    }
    well = [each for each in made if each.outcome != "withdrawn"]
    state: TrafficState = "missing" if not made else "done" if not well or well[-1].outcome == "done" else "wrong"
    refusals = [each.message for each in made if each.outcome == "refused"]
    return Traffic(
        hospital_id, infno, NAMES.get(infno, ""), state, **counts, last_refusal=refusals[-1] if refusals else ""
    )
