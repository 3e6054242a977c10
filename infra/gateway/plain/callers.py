"""Who calls: an API key that a hospital was given, sent as ``Authorization: Bearer``."""

import hashlib

from starlette.requests import Request

from infra.access.sources import Source
from infra.gateway.plain.problems import HttpProblem
from infra.gateway.services import Services


async def caller_of(services: Services, request: Request) -> Source:
    """The source that a request speaks for; of a call that lasts, as it stands now. Raises ``HttpProblem``."""
    key = _key(request.headers.get("authorization", ""))
    if not key:
        raise HttpProblem(401, "send Authorization: Bearer and your key", "请以 Authorization: Bearer 报送密钥")
    hospital = await services.hospitals.holder_of(services.engine, hashlib.sha256(key.encode()).hexdigest())
    if hospital is None:
        raise HttpProblem(401, "the key is not known or was ended", "密钥不存在或已停用")
    if not hospital.may_call_from(request.client.host if request.client else "127.0.0.1"):
        raise HttpProblem(403, "the key does not count from this address", "本机构的密钥不能从该地址使用")
    return Source("hospital", hospital.hospital_id)


def _key(authorization: str) -> str:
    """The key of a header, empty where it has none."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.casefold() == "bearer" else ""
