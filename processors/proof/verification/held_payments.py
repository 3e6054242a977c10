"""Checks that nothing was noted as paid to a hospital while a case held its payments."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct, structs
from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import covers
from events.county_time import county_day
from events.decisions import CASE_CLOSED, CASE_DECIDED, CLEARING_PAID, HOSPITAL_PREPAID
from processors.clearing.bank_files import load_files
from processors.clearing.movements import load_movements
from processors.proof.verification.report import VerifyReport
from projections.case_register import CaseRegister

ALWAYS = date.max


class _Hold(Struct, frozen=True):
    """A measure that holds all payments of a hospital, as it was decided, and what ended it, as it was recorded."""

    measure_id: str
    case_id: str
    region: str
    hospital_id: str
    from_on: date
    until: date
    decided_at: datetime
    lifted_on: date = ALWAYS
    lifted_at: datetime | None = None
    closed_at: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Whether it held at a moment, by what was recorded until then."""
        day = county_day(moment)
        lifted = self.lifted_at is not None and self.lifted_at <= moment and self.lifted_on <= day
        closed = self.closed_at is not None and self.closed_at <= moment
        return self.decided_at <= moment and self.from_on <= day < self.until and not lifted and not closed


class DecidedHolds:
    """The holds of a journal of cases, event by event. One up to an amount, which holds some transfers, is left out."""

    def __init__(self) -> None:
        self._holds: dict[str, _Hold] = {}

    def apply(self, register: CaseRegister, type_: str, at: datetime, data: Mapping[str, Any]) -> None:
        """Look at an event; ``register`` stands as it was before it."""
        if type_ == CASE_CLOSED:
            for each in [each for each in self._holds.values() if each.case_id == data["case_id"]]:
                self._holds[each.measure_id] = structs.replace(each, closed_at=at)
        if type_ != CASE_DECIDED:
            return
        case = register.cases.get(data["case_id"])
        for measure in filter(None, map(register.measures.get, data["measures"])):
            lifted = self._holds.get(measure.of_measure or "")
            if lifted is not None:
                on = measure.from_on or date.fromisoformat(data["decided_on"])
                self._holds[lifted.measure_id] = structs.replace(lifted, lifted_on=on, lifted_at=at)
            if case is None or case.hospital_id is None or measure.from_on is None:
                continue
            if measure.kind == "payment_hold" and measure.amount is None:
                named = measure.measure_id, measure.case_id, case.region, case.hospital_id
                self._holds[measure.measure_id] = _Hold(*named, measure.from_on, measure.until or ALWAYS, at)

    async def check(self, connection: AsyncConnection, report: VerifyReport) -> None:
        """Hold the payments of clearings and the prepayments against them.

        The bank's reply to a file that was made before the decision is noted all the same: that money has left.
        """
        if not self._holds:
            return
        made = {
            item.reference: datetime.fromisoformat(file.at)
            for file in await load_files(connection)
            for item in file.items
        }
        for paid in await load_movements(connection, (CLEARING_PAID, HOSPITAL_PREPAID)):
            if paid.payee_kind != "hospital" or paid.reversed_by is not None:
                continue
            sent = made.get(paid.reference or "", paid.at)
            for hold in self._holds.values():
                if hold.hospital_id == paid.payee and covers(hold.region, paid.region) and hold.holds_at(sent):
                    where = f"entry {paid.entry} of journal clearing.0, hospital {paid.payee}"
                    found = f"held by {hold.measure_id} of case {hold.case_id}"
                    report.problem("clearing", where, "no payment while a case holds it", found)
