"""What a call is refused with: problem details (RFC 9457), each fault with its place and its limit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from infra.gateway.bodies import read_body

PROBLEM_JSON = "application/problem+json"
TITLES: Mapping[int, tuple[str, str]] = {
    400: ("the request can't be read", "请求无法读取"),
    401: ("no valid key", "缺少有效密钥"),
    403: ("not allowed", "不允许"),
    404: ("not found", "没有找到"),
    405: ("the path does not take this method", "此路径不支持该方法"),
    406: ("no such answer format", "没有这种应答格式"),
    408: ("the request did not come to its end", "请求未在时限内发完"),
    413: ("too large", "内容过大"),
    415: ("no such media type", "不支持的内容类型"),
    422: ("the ledger would refuse it", "账本不会受理"),
    429: ("too many at once", "请求过多"),
    500: ("a fault of the program", "程序故障"),
    503: ("try again", "请稍后重试"),
}
"""English and Chinese by status: all that plain HTTP answers."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault: ``pointer`` is a JSON pointer into the request, ``limits`` what was expected there, by name."""

    pointer: str
    message: str
    message_zh: str
    limits: Mapping[str, Any] | None = None

    def json(self) -> dict[str, Any]:
        """As a program reads it."""
        told = {"field": self.pointer, "message_zh": self.message_zh, "message": self.message}
        return told | ({"expected": dict(self.limits)} if self.limits else {})


class HttpProblem(Exception):
    """Why a call is not done; ``more`` are further members, ``retry_after_s`` when to come again."""

    def __init__(
        self,
        status: int,
        detail: str,
        detail_zh: str,
        *,
        errors: Iterable[FieldError] = (),
        more: Mapping[str, Any] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail, self.detail_zh = detail, detail_zh
        self.errors = tuple(errors)
        self.more = dict(more or {})
        self.retry_after_s = retry_after_s

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        """The answer to the call."""
        title, title_zh = TITLES[self.status]
        body: dict[str, Any] = {"type": "about:blank", "title": title, "title_zh": title_zh, "status": self.status}
        body |= {"detail": self.detail, "detail_zh": self.detail_zh}
        if self.errors:
            body["errors"] = [each.json() for each in self.errors]
        said = dict(headers or {})
        if self.status == 401:
            said["WWW-Authenticate"] = "Bearer"
        if self.retry_after_s is not None:
            said["Retry-After"] = str(self.retry_after_s)
        return Response(orjson.dumps(body | self.more, default=str), self.status, said, PROBLEM_JSON)


async def read_bounded(request: Request, most_bytes: int) -> bytes:
    """The bytes of a request; of one that is longer it raises ``HttpProblem``. Raises as ``read_body`` does, too."""
    body = await read_body(request, most_bytes)
    if len(body) > most_bytes:
        raise HttpProblem(413, f"a request has at most {most_bytes} bytes", f"一次请求至多 {most_bytes} 字节")
    return body
