"""Hospitals' programs that do not give up: stays over the national interface, and the books that they keep of them."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import httpx
import orjson

from infra.gateway.national.reply import SYSTEM_FAULT
from infra.sandbox.county import REGION
from infra.sandbox.reference_his import ReferenceHis, settlement

_AGAIN_AFTER_S = 0.3
_HANGS_UP_WITHIN_S = 0.4
_LINES = (("MNZL0007", "800.00"), ("MNXY0002", "150.50"), ("MNHC0001", "49.50"))
TOTAL = "1000.00"
KINDS = ("settled", "settled", "withdrawn", "reversed", "reversal_withdrawn", "not_admitted")
"""What becomes of a stay: settled; its 2304 taken back by 2601 while it is in flight, and settled anew; taken back by
2305; that taken back by 2601 in turn; its admission taken back."""


@dataclass(eq=False)
class StubbornHis(ReferenceHis):
    """Sends the same bytes again until the gateway has done or refused what they ask, as the interface wants it."""

    repeats: int = 0

    async def post(self, envelope: Mapping[str, Any]) -> bytes:
        """The answer that is no fault of the system."""
        while True:
            with suppress(httpx.HTTPError):
                answer = await super().post(envelope)
                if int(orjson.loads(answer)["infcode"]) != SYSTEM_FAULT:
                    return answer
            self.repeats += 1
            await asyncio.sleep(_AGAIN_AFTER_S)

    async def hang_up_on(self, envelope: Mapping[str, Any], within_s: float) -> None:
        """Send once, and hear no answer that takes longer."""
        with suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout(within_s):
                await super().post(envelope)

    async def withdraw(self, psn_no: str, infno: str, msgid: str) -> None:
        """2601."""
        await self.call("2601", {"data": {"psn_no": psn_no, "omsgid": msgid, "oinfno": infno}})


@dataclass
class HospitalBook:
    """What one hospital was told: rows of 3201 by setl_id and whether it is a refund, and its admissions."""

    rows: dict[tuple[str, bool], Mapping[str, Any]] = field(default_factory=dict)
    admitted: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)

    @property
    def standing(self) -> dict[str, Mapping[str, Any]]:
        """``setlinfo`` of the claims that stand, by their number."""
        return {id_: row for (id_, refund), row in self.rows.items() if not refund and (id_, True) not in self.rows}

    def note(self, answer: Mapping[str, Any], *, refund: bool = False) -> None:
        """A settlement or its reversal was answered."""
        self.rows[str(answer["setlinfo"]["setl_id"]), refund] = answer["setlinfo"]

    def stated(self, today: date) -> dict[str, Any]:
        """``data`` of 3201 for the days around today."""

        def summed(name: str) -> Decimal:
            return sum((Decimal(row[name]) for row in self.rows.values()), Decimal(0))

        return {
            "insutype": "390",
            "clr_type": next(iter(self.rows.values()))["clr_type"],
            "setl_optins": REGION,
            "stmt_begndate": f"{today - timedelta(days=1)}",
            "stmt_enddate": f"{today + timedelta(days=1)}",
            "medfee_sumamt": f"{summed('medfee_sumamt')}",
            "fund_pay_sumamt": f"{summed('fund_pay_sumamt')}",
            "acct_pay": 0,
            "cash_payamt": 0,
            "fixmedins_setl_cnt": len(self.rows),
        }


async def take_stays(his: StubbornHis, book: HospitalBook, draw: Random, people: Iterable[str]) -> None:
    """One stay after the other, each to what the draw says, until nobody is left."""
    for psn_no in people:
        kind = draw.choice(KINDS)
        mdtrt_id = await his.admit(psn_no)
        book.admitted.add(mdtrt_id)
        if kind == "not_admitted":
            await his.withdraw(psn_no, "2401", his.sent["2401"]["msgid"])
            book.cancelled.add(mdtrt_id)
            continue
        await his.upload(mdtrt_id, psn_no, [his.line(f"{place}", *line) for place, line in enumerate(_LINES)])
        await his.discharge(mdtrt_id, psn_no)
        data = {"data": settlement(psn_no, TOTAL, mdtrt_id=mdtrt_id)}
        if kind == "withdrawn":
            lost = his.envelope("2304", data)
            await his.hang_up_on(lost, draw.uniform(0, _HANGS_UP_WITHIN_S))
            await his.withdraw(psn_no, "2304", lost["msgid"])
        settled = await his.call("2304", data)
        book.note(settled)
        if kind in ("reversed", "reversal_withdrawn"):
            key = {name: settled["setlinfo"][name] for name in ("mdtrt_id", "setl_id", "psn_no")}
            back = await his.call("2305", {"data": key})
            if kind == "reversal_withdrawn":
                await his.withdraw(psn_no, "2305", his.sent["2305"]["msgid"])
            else:
                book.note(back, refund=True)
