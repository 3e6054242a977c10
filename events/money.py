"""Money: whole fen inside the ledger, yuan with at most two decimals outside it."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from events.refusals import InvalidValue

MAX_FEN = 10**13 - 1
"""The largest amount taken in, in fen: just under 100 billion yuan."""

_YUAN_TEXT = re.compile(r"([0-9]+)(?:\.([0-9]{1,2}))?")
_WHOLE_DIGITS = len(str(MAX_FEN // 100))
_FEN = Decimal("0.01")

_MOST = f"{MAX_FEN // 100}.{MAX_FEN % 100:02d}"
_TOO_LARGE = f"is too large: at most {_MOST} yuan", f"金额过大：至多 {_MOST} 元"
_NEGATIVE = "is negative: amounts are 0 or more", "金额为负：须为 0 或以上"
_FORM = (
    'must be yuan as a string such as "12345.67", digits with at most two decimals',
    '须为以元计的字符串，如 "12345.67"，至多两位小数',
)
_INEXACT = "is finer than a fen: at most two decimals", "小于一分：至多两位小数"


def parse_yuan(value: object) -> int:
    """Read an amount in yuan, as JSON gives it, into fen.

    Takes a string of digits with at most two decimals, an int, or a Decimal that is exact to the fen.
    Raises ``InvalidValue``, which says what to mend, for everything else: floats have already lost what was sent.
    """
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, Decimal):
        return _from_decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _from_int(value)
    raise InvalidValue(*_FORM)


def yuan(fen: int) -> str:
    """Write fen as yuan with two decimals: 1234560 is "12345.60", -5 is "-0.05"."""
    whole, cents = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{cents:02d}"


def _from_text(text: str) -> int:
    match = _YUAN_TEXT.fullmatch(text)
    if match is None:
        raise InvalidValue(*(_NEGATIVE if text.startswith("-") else _FORM))
    whole, cents = match.groups("")
    # Counted before int(), which takes quadratic time on long digit strings and refuses the longest.
    if len(whole) > _WHOLE_DIGITS and len(whole.lstrip("0")) > _WHOLE_DIGITS:
        raise InvalidValue(*_TOO_LARGE)
    return int(whole.lstrip("0") or "0") * 100 + int(cents.ljust(2, "0"))


def _from_decimal(value: Decimal) -> int:
    if not value.is_finite():
        raise InvalidValue(*_FORM)
    if not value:
        return 0
    if value < 0:
        raise InvalidValue(*_NEGATIVE)
    # The exponent is looked at before any scaling: 1e999999999 is cheap to send and not to write out.
    if value.adjusted() >= _WHOLE_DIGITS:
        raise InvalidValue(*_TOO_LARGE)
    rounded = value.quantize(_FEN)
    if rounded != value:
        raise InvalidValue(*_INEXACT)
    return int(rounded.scaleb(2))


def _from_int(value: int) -> int:
    if value < 0:
        raise InvalidValue(*_NEGATIVE)
    if value > MAX_FEN // 100:
        raise InvalidValue(*_TOO_LARGE)
    return value * 100


Yuan = Annotated[
    int,
    PlainValidator(parse_yuan),
    PlainSerializer(yuan, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": rf"^0*[0-9]{{1,{_WHOLE_DIGITS}}}(\.[0-9]{{1,2}})?$"},
                {"type": "number", "minimum": 0, "maximum": MAX_FEN / 100, "multipleOf": 0.01},
            ]
        }
    ),
]
"""A model field of money: yuan in JSON, fen in Python. Only JSON-mode dumps can be validated again."""
