"""What settlements, trials and reversals answer: ``setlinfo`` with the person's own fields, and ``setldetail``."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from events.county_time import COUNTY_TIME
from infra.gateway.national.call import Call
from infra.gateway.national.claims import told_shares
from infra.gateway.national.code_lists import CLEARING_TYPES, CLEARING_WAY, MedicalType
from infra.gateway.national.person_fields import person_fields
from infra.gateway.national.settlement_answer import Shares, amount, amounts, details
from infra.gateway.national.settlement_nodes import SettlementRequest
from infra.gateway.services import Services
from processors.visits.deductibles import deductible_of
from processors.visits.visit_rows import VisitSettlement

_NO_ACCOUNT = {"pool_prop_selfpay": amount(0), "balc": amount(0)}
"""The ledger knows neither one ratio of a whole bill nor personal accounts."""


async def trial_reply(
    services: Services,
    call: Call,
    request: SettlementRequest,
    shares: Shares,
    *,
    mdtrt_id: str | None,
    med_type: str,
    type_: MedicalType,
) -> dict[str, Any]:
    """What a trial (2101, 2206, 2303) answers: as a settlement, without a number of its own."""
    person = await person_fields(services, request.psn_no, request.insutype, call.received_at.date())
    info = {
        "mdtrt_id": mdtrt_id,
        "setl_id": None,
        "psn_no": request.psn_no,
        **person,
        "insutype": request.insutype,
        "med_type": med_type,
        "mdtrt_cert_type": request.mdtrt_cert_type,
        "setl_time": moment_text(call.received_at),
        **amounts(shares),
        "act_pay_dedc": None,  # no trial says what of the bill is deductible
        **_NO_ACCOUNT,
        "medins_setl_id": call.msgid,
        **_clearing(call.insuplc_admdvs, CLEARING_TYPES[type_.setting]),
    }
    return {"setlinfo": info, "setldetail": details(shares, request.insutype)}


async def settlement_reply(
    services: Services, settlement: VisitSettlement, *, cert_type: str | None = None, sign: int = 1
) -> dict[str, Any]:
    """What a settlement answers, as it was told first; with ``sign`` -1 its reversal: all amounts below 0."""
    shares = told_shares(settlement)
    moment = settlement.settled_at if sign > 0 else settlement.reversed_at
    person = await person_fields(services, settlement.psn_no, settlement.insutype, _day(moment or settlement.begun_at))
    deductible = await _deductible(services, settlement)
    info = {
        "mdtrt_id": settlement.mdtrt_id,
        "setl_id": settlement.setl_id,
        "psn_no": settlement.psn_no,
        **person,
        "insutype": settlement.insutype,
        "med_type": settlement.med_type,
        "mdtrt_cert_type": cert_type,
        "setl_time": None if moment is None else moment_text(moment),
        **amounts(shares, sign),
        "act_pay_dedc": None if deductible is None else amount(sign * deductible),
        **_NO_ACCOUNT,
        "medins_setl_id": settlement.msgid,
        **_clearing(settlement.insuplc_admdvs, settlement.clr_type),
    }
    if sign < 0:
        info["pdn_cash_pay"] = info["psn_cash_pay"]  # the interface's own misspelling, which some programs read
    return {"setlinfo": info, "setldetail": details(shares, settlement.insutype, sign)}


async def _deductible(services: Services, settlement: VisitSettlement) -> int | None:
    if settlement.settled_at is None:
        return None
    async with services.autocommit.connect() as connection:
        return await deductible_of(connection, settlement.psn_no, settlement.claim_id, settlement.settled_at)


def _clearing(insuplc_admdvs: str | None, clr_type: str) -> Mapping[str, Any]:
    return {"clr_optins": insuplc_admdvs or None, "clr_way": CLEARING_WAY, "clr_type": clr_type}


def _day(moment: datetime) -> date:
    return moment.astimezone(COUNTY_TIME).date()


def moment_text(moment: datetime) -> str:
    """A moment as the interface writes it."""
    return moment.astimezone(COUNTY_TIME).strftime("%Y-%m-%d %H:%M:%S")
