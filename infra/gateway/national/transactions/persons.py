"""Who a person is, how insured, and on which lists of those who are helped (1101)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import is_id
from events.national_ids import InvalidNationalId, normal_national_id
from infra.gateway.national.call import Call, NationalRefused
from infra.gateway.national.code_lists import identity_codes
from infra.gateway.national.fields import CodeOf, Moment, Node, Number, Words, node_of, read_node
from infra.gateway.national.person_fields import identity_fields, insurance_code, person_type_code, record_look
from infra.gateway.national.registry import transaction
from infra.gateway.national.settlement_answer import amount
from infra.gateway.services import Services
from processors.identities.identity import Identity
from processors.identities.store import SharedCertificate, find_person
from processors.law.terms import CATEGORY_NAMES
from projections.enrolments import Enrolment, load_enrolments
from projections.rosters import RosterChange, categories_on, load_rosters

_INSURED, _SUSPENDED, _ENDED = "1", "2", "4"
"""psn_insu_stas."""
_NO_REGISTER = (
    "本机没有参保人登记簿，不能按证件号码查人：请在 mdtrt_cert_no（就诊凭证编号）填写人员编号，"
    "或请经办机构导入登记簿(claims persons import)"
)
_UNKNOWN_CERTIFICATE = (
    "参保人登记簿里没有这个证件号码：请核对证件类型和号码，确系参保人的请经办机构登记(claims persons import)后再查"
)


class PersonQuery(Node):
    """``data`` of 1101. ``psn_no`` is no field of the interface, and taken where a program knows the number."""

    mdtrt_cert_type: CodeOf | None = None
    mdtrt_cert_no: Words | None = None
    begntime: Moment | None = None
    psn_cert_type: CodeOf | None = None
    certno: Words | None = None
    psn_name: Words | None = None
    psn_no: Number | None = None


@transaction("1101", kept=False)
async def find(services: Services, call: Call) -> Mapping[str, Any]:
    """人员信息获取 by certificate where the machine has the persons' register, by the insured's number without."""
    node = read_node(PersonQuery, node_of(call.input, "data"), "data")
    day = (node.begntime or call.received_at).date()
    async with services.engine.connect() as connection:
        psn_no, identity = await _sought(connection, services, node)
        enrolments = await load_enrolments(connection, [psn_no])
        changes = (await load_rosters(connection, [psn_no])).get(psn_no, [])
    if identity is None and not enrolments:
        raise NationalRefused("没有这个证件号码或人员编号的参保人：请核对号码，或请经办机构登记(claims persons import)")
    await record_look(services, call, psn_no)
    if identity is not None and node.psn_name is not None and node.psn_name.replace(" ", "") != identity.name:
        raise NationalRefused("psn_name（人员姓名）与证件登记的姓名不符：请核对姓名和证件号码")
    enrolment = _enrolment_on(enrolments.values(), day)
    region = call.insuplc_admdvs if enrolment is None else enrolment.region
    return {
        "baseinfo": {"psn_no": psn_no, **identity_fields(identity, day), "exp_content": None},
        "insuinfo": [] if enrolment is None else [_insurance(enrolment, identity, day)],
        "idetinfo": list(_identities(call, changes, region, day)),
    }


async def _sought(connection: AsyncConnection, services: Services, node: PersonQuery) -> tuple[str, Identity | None]:
    """The insured's number, and who that is by the register. Raises ``NationalRefused`` where nobody is found."""
    certificate = node.certno or node.mdtrt_cert_no
    psn_no = node.psn_no or _as_insured_number(certificate)
    if certificate is None and psn_no is None:
        raise NationalRefused("certno（证件号码）、mdtrt_cert_no（就诊凭证编号）都没有内容：请至少填写一项")
    if services.persons is None:
        if psn_no is None:
            raise NationalRefused(_NO_REGISTER)
        return psn_no, None
    try:
        found = await find_person(connection, services.persons, certificate=certificate, person_id=node.psn_no)
    except SharedCertificate as shared:
        raise NationalRefused(shared.chinese) from None
    if found is not None:
        return found.identity.person_id, found.identity
    if psn_no is None or (certificate is not None and node.psn_no is not None):
        raise NationalRefused(_UNKNOWN_CERTIFICATE)
    known = await find_person(connection, services.persons, person_id=psn_no)
    return psn_no, None if known is None else known.identity


def _as_insured_number(text: str | None) -> str | None:
    """A text that may be an insured's number in place of a certificate's: no national ID is one."""
    if text is None or not is_id(text):
        return None
    try:
        normal_national_id(text)
    except InvalidNationalId:
        return text
    return None


def _enrolment_on(enrolments: Iterable[Enrolment], day: date) -> Enrolment | None:
    """The enrollment of a day's year, else the last before it."""
    begun = [each for each in enrolments if each.year <= day.year]
    return max(begun, key=lambda each: each.year, default=None)


def _insurance(enrolment: Enrolment, identity: Identity | None, day: date) -> dict[str, Any]:
    until = enrolment.died_on or enrolment.ended_on
    state = _ENDED if until is not None and day >= until else _SUSPENDED
    insured = enrolment.year == day.year and enrolment.insures(day)
    return {
        "balc": amount(0),
        "insutype": insurance_code(enrolment.insurance_type),
        "psn_type": (identity and identity.person_type) or person_type_code(enrolment.insurance_type),
        "psn_insu_stas": _INSURED if insured else state,
        "psn_insu_date": enrolment.effective_on.isoformat(),
        "paus_insu_date": None if until is None else until.isoformat(),
        "cvlserv_flag": "0",
        "insuplc_admdvs": enrolment.region,
        "emp_name": identity and identity.employer,
    }


def _identities(call: Call, changes: Iterable[RosterChange], region: str, day: date) -> Iterable[dict[str, Any]]:
    """A row for each code of each category held on a day, with the day since when it is held."""
    recorded = list(changes)
    for category in categories_on(recorded, day):
        added = [each.effective_on for each in recorded if each.category == category and each.added]
        begun = max(each for each in added if each <= day)
        for code in identity_codes(call.hospital, region, category):
            yield {
                "psn_idet_type": code,
                "psn_type_lv": None,
                "memo": CATEGORY_NAMES[category],
                "begntime": f"{begun} 00:00:00",
                "endtime": None,
            }
