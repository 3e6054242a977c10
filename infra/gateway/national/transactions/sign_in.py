"""9001 签到 and 9002 签退: many programs call them first and before anything else."""

from collections.abc import Mapping
from typing import Any

from infra.gateway.national.call import Call
from infra.gateway.national.registry import transaction
from infra.gateway.services import Services


@transaction("9001")
async def sign_in(_services: Services, call: Call) -> Mapping[str, Any]:
    """A number to sign on with; nothing depends on it."""
    sign_no = f"{call.fixmedins_code}{call.number:015d}"[-30:]
    return {"signinoutb": {"sign_no": sign_no, "sign_time": f"{call.received_at:%Y-%m-%d %H:%M:%S}"}}


@transaction("9002")
async def sign_out(_services: Services, call: Call) -> Mapping[str, Any]:
    """The time at which an operator signs off."""
    return {"signinoutb": {"sign_time": f"{call.received_at:%Y-%m-%d %H:%M:%S}"}}
