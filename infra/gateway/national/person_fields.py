"""The person's own fields of ``setlinfo``."""

from typing import Any

from infra.gateway.services import Services

_EMPLOYEES = ("310", "320", "330")


async def person_fields(_services: Services, _psn_no: str, insutype: str) -> dict[str, Any]:
    """Name, certificate, sex and birth by the register of persons; null of who is not in it."""
    return {
        "psn_name": None,
        "psn_cert_type": None,
        "certno": None,
        "gend": None,
        "naty": None,
        "brdy": None,
        "age": None,
        "psn_type": "11" if insutype[:3] in _EMPLOYEES else "15",
        "cvlserv_flag": "0",
    }
