"""What the national interface answers: one JSON document, whatever became of the call."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from msgspec import Struct
from msgspec.json import Decoder

from events.codes import is_region
from events.county_time import COUNTY_TIME

DONE, SYSTEM_FAULT, REFUSED = 0, -1, -2
"""infcode: after a fault of the system a hospital's program takes back or repeats; a refusal its operator reads."""
LONGEST_MESSAGE = 200
_SERIALS = count(1)
_SERIAL_DIGITS = 10**10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to; ``output`` holds Decimals as amounts."""

    infcode: int
    message: str = ""
    output: Any = None


class KeptAnswer(Struct, frozen=True):
    """What is kept of a transaction's answer: the very document, and its output, which the document may encrypt."""

    infcode: int
    document: str
    output: Any = None


_KEPT = Decoder(KeptAnswer)


def kept_bytes(outcome: Outcome, document: bytes) -> bytes:
    """An answer as it is kept."""
    kept = {"infcode": outcome.infcode, "document": document.decode(), "output": outcome.output}
    return json.dumps(kept, ensure_ascii=False, default=_number).encode()


def kept_answer(kept: bytes) -> KeptAnswer:
    """An answer that was kept."""
    return _KEPT.decode(kept)


def reply_bytes(
    outcome: Outcome, *, region: str, received_at: datetime, infcode_text: bool, extra: Mapping[str, Any]
) -> bytes:
    """The document; ``extra`` replaces or adds members, such as an encrypted output.

    An amount is a JSON number. It passes through a binary float, whose shortest decimal form is the amount again: a
    float holds 15 digits exactly, an amount of the interface has at most 16.2 by its form and 13 digits in fact.
    """
    now = datetime.now(COUNTY_TIME)
    message = outcome.message
    document = {
        "infcode": str(outcome.infcode) if infcode_text else outcome.infcode,
        "inf_refmsgid": reference(region, now),
        "refmsg_time": _moment(received_at),
        "respond_time": _moment(now),
        "err_msg": message if len(message) <= LONGEST_MESSAGE else f"{message[: LONGEST_MESSAGE - 1]}…",
        "output": {} if outcome.output is None else outcome.output,
    }
    return json.dumps(document | dict(extra), ensure_ascii=False, default=_number).encode()


def reply_output(output: Any) -> bytes:
    """An output as JSON by itself, to be encrypted."""
    return json.dumps(output, ensure_ascii=False, default=_number).encode()


def reference(region: str, now: datetime) -> str:
    """inf_refmsgid: a region of six digits, the time of 14, a serial of ten."""
    place = region if is_region(region) else "000000"
    serial = (now.microsecond // 1_000 * 10**7 + next(_SERIALS)) % _SERIAL_DIGITS
    return f"{place}{now:%Y%m%d%H%M%S}{serial:010d}"


def _moment(at: datetime) -> str:
    local = at.astimezone(COUNTY_TIME)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1_000:03d}"


def _number(value: object) -> float | int:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")
