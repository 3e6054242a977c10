"""Who calls: an API key that a hospital was given, sent as ``Authorization: Bearer``."""

import hashlib

from starlette.requests import Request

from infra.access.sources import Source
from infra.gateway.plain.problems import HttpProblem
from infra.gateway.services import Services


async def caller_of(services: Services, request: Request) -> Source:
    """The source that a request speaks for. Raises ``HttpProblem``.

    Only keys that stand now count: settings are read again with each call where a step was taken since.
    """
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not key.strip():
        raise HttpProblem(401, "send Authorization: Bearer and your key", "请以 Authorization: Bearer 报送密钥")
    async with services.engine.connect() as connection:
        await services.hospitals.refresh(connection)
    hospital = services.hospitals.find_key(hashlib.sha256(key.strip().encode()).hexdigest())
    if hospital is None:
        raise HttpProblem(401, "the key is not known or was ended", "密钥不存在或已停用")
    if not hospital.may_call_from(request.client.host if request.client else "127.0.0.1"):
        raise HttpProblem(403, "the key does not count from this address", "本机构的密钥不能从该地址使用")
    return Source("hospital", hospital.hospital_id)
