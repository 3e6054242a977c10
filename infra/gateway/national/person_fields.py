"""A person's own fields, as ``baseinfo`` and ``setlinfo`` have them, by the register of persons."""

from datetime import date
from typing import Any

import structlog

from events.codes import RESIDENT
from infra.gateway.national.call import Call
from infra.gateway.services import Services
from processors.identities.identity import RESIDENTS, Identity
from processors.identities.store import find_person
from processors.offices.refusal import StepRefused
from processors.visits.looks import record_hospital_look

log = structlog.get_logger(__name__)
EMPLOYEE_INSURANCES = ("310", "320", "330")
_EMPLOYEES = "310"
_NOBODY = dict.fromkeys(("psn_name", "psn_cert_type", "certno", "gend", "naty", "brdy", "age"))
_WORKING, _RETIRED, _ADULT_RESIDENT = "11", "12", "15"


async def person_fields(services: Services, psn_no: str, insutype: str, on: date) -> dict[str, Any]:
    """Name, certificate, sex, birth and age on a day; null of who is not in the register.

    A register that can't be read keeps no settlement from its answer: that is logged.
    """
    identity = None
    if services.persons is not None:
        try:
            async with services.autocommit.connect() as connection:
                found = await find_person(connection, services.persons, person_id=psn_no)
        except StepRefused as error:
            log.error("the persons' register can't be read", psn_no=psn_no, error=type(error).__name__)
            found = None
        identity = None if found is None else found.identity
    usual = _WORKING if insutype[:3] in EMPLOYEE_INSURANCES else _ADULT_RESIDENT
    stated = None if identity is None else identity.person_type
    return identity_fields(identity, on) | {"psn_type": stated or usual, "cvlserv_flag": "0"}


async def record_look(services: Services, call: Call, psn_no: str) -> None:
    """Record that a hospital asks about a person, before it is answered."""
    told = {"fixmedins_code": call.fixmedins_code, "opter": call.opter, "infno": call.infno, "msgid": call.msgid}
    await record_hospital_look(services.engine, psn_no, **told)


def identity_fields(identity: Identity | None, on: date) -> dict[str, Any]:
    """Who a person is, by the interface's names; ``age`` in whole years on a day."""
    if identity is None:
        return dict(_NOBODY)
    born = identity.born
    return {
        "psn_name": identity.name,
        "psn_cert_type": identity.certificate_type,
        "certno": identity.certificate,
        "gend": identity.sex,
        "naty": identity.ethnicity,
        "brdy": born.isoformat(),
        "age": max(0, on.year - born.year - ((on.month, on.day) < (born.month, born.day))),
    }


def insurance_code(insurance_type: str) -> str:
    """险种类型 of an enrollment."""
    return RESIDENTS if insurance_type == RESIDENT else _EMPLOYEES


def person_type_code(insurance_type: str) -> str:
    """人员类别 of an enrollment, as far as it tells."""
    if insurance_type == RESIDENT:
        return _ADULT_RESIDENT
    return _RETIRED if insurance_type == "employee_retired" else _WORKING
