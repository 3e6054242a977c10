"""CloudEvents 1.0 in JSON structured mode, read strictly: what is let in here is stored and hashed for ever."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import NoReturn

import orjson

from events.codes import is_id
from events.refusals import Refusal

ATTRIBUTES = frozenset({"specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "subject"})
REQUIRED = ("specversion", "id", "source", "type")

EXTENSION_NAME = re.compile(r"[a-z0-9]+")
INTEGER_BOUND = 2**31
"""CloudEvents integers are signed and have 32 bits."""

_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
TIME_PATTERN = (
    r"^([12][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    r"|02-(0[1-9]|1[0-9]|2[0-8]))|([12][0-9](0[48]|[2468][048]|[13579][26])|(12|16|20|24|28)00)-02-29)"
    r"[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""RFC 3339, of the years 1000 to 2999, the moments that exist."""
MEDIA_TYPE_PATTERN = r"^[A-Za-z0-9.+-]+/([A-Za-z0-9.+-]+\+)?[Jj][Ss][Oo][Nn][ \t]*(;[^\x00-\x1f]*)?$"
TEXT_PATTERN = r"^[^\x00]+$"
"""PostgreSQL holds no NUL."""
_MOMENT = re.compile(TIME_PATTERN)
_MEDIA_TYPE = re.compile(MEDIA_TYPE_PATTERN)
_LONGEST_QUOTE = 80
_INTEGER_DIGITS = 18
"""Looked at before anything is scaled: 1e999999999 is cheap to send and not to write out."""
_BLANK_BEFORE_COLON = re.compile(rb"[ \t\r\n]:")


def decode(raw: bytes) -> dict[str, object]:
    """Read one event's bytes into its envelope: attributes, extensions and ``data``, null attributes left out.

    ``time``, where given, is a datetime in UTC; fractional numbers are Decimals; ``data`` is a dict, not looked into
    beyond its encoding. Raises Refusal("malformed").
    """
    envelope = _parse(raw)
    data = envelope.pop("data", None)
    for name in [name for name, value in envelope.items() if value is None]:
        _check_name(name)
        del envelope[name]
    for name in REQUIRED:
        if name not in envelope:
            raise _malformed(f"{name} is missing", f"缺少 {name}")
    for name, value in envelope.items():
        if name not in ATTRIBUTES:
            envelope[name] = _extension(name, value)
        elif not isinstance(value, str) or not value:
            raise _malformed(f"{name} must be a non-empty string", f"{name} 须为非空字符串")
    _check_attributes(envelope)
    if "time" in envelope:
        envelope["time"] = _parse_time(str(envelope["time"]))
    if not isinstance(data, dict):
        raise _malformed("data must be an object", "data 须为对象")
    envelope["data"] = data
    return envelope


def salvage(raw: bytes) -> dict[str, str]:
    """Read what can be read of ``source``, ``id`` and ``type`` of an event that ``decode`` refuses.

    Only plain strings of at most 300 characters that a database can store; an attribute stated twice is left out.
    """
    try:
        envelope = json.loads(raw.decode(), object_pairs_hook=_unambiguous, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(envelope, dict):
        return {}
    return {
        name: value
        for name in ("source", "id", "type")
        if isinstance(value := envelope.get(name), str) and 0 < len(value) <= 300 and _storable(value)
    }


def whole(value: object) -> object:
    """The integer that a number written 3.0 or 3e2 is, as in JSON Schema; anything else as it is."""
    if isinstance(value, Decimal) and value.adjusted() < _INTEGER_DIGITS and value == value.to_integral_value():
        return int(value)
    return value


def quote(name: str) -> str:
    """A sender's own word, safe to print and to store: plain where it is, escaped and cut short where it is not."""
    word = name[:_LONGEST_QUOTE]
    return word if is_id(word) else json.dumps(word)


def _parse(raw: bytes) -> dict[str, object]:
    return _parse_plain(raw) or _parse_strictly(raw)


def _parse_plain(raw: bytes) -> dict[str, object] | None:
    """The object, read by orjson, where that cannot differ from the strict reading; None where it might.

    Without escapes no string holds a quote, so each ``":`` ends a key unless it begins a string; with no blank before a
    colon each key ends so. As many of them as keys: no key stands twice. No fraction: none was rounded.
    """
    if b"\\" in raw or _BLANK_BEFORE_COLON.search(raw):
        return None
    try:
        envelope = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(envelope, dict):
        return None
    keys = 0
    stack: list[object] = [envelope]
    while stack:
        value = stack.pop()
        if type(value) is dict:
            keys += len(value)
            stack.extend(value.values())
        elif type(value) is list:
            stack.extend(value)
        elif type(value) is float:
            return None
    return envelope if keys == raw.count(b'":') else None


def _parse_strictly(raw: bytes) -> dict[str, object]:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise _malformed(
            f"not UTF-8: byte {error.start} cannot be read", f"不是 UTF-8：第 {error.start} 字节无法读取"
        ) from None
    try:
        envelope = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        where_zh = f"第 {error.lineno} 行第 {error.colno} 列"
        raise _malformed(f"not JSON: {error.msg} at {where}", f"不是 JSON：{where_zh}有误") from None
    except RecursionError:
        raise _malformed("not readable: nested too deeply", "无法读取：嵌套过深") from None
    except ValueError:
        # int() refuses thousands of digits at once; nothing else in the decoder raises a bare ValueError.
        raise _malformed("not readable: an integer has too many digits", "无法读取：整数位数过多") from None
    if not isinstance(envelope, dict):
        raise _malformed("the event must be a JSON object", "事件须为 JSON 对象")
    # NUL and lone surrogates can only come in as escapes: a raw NUL is no JSON, a raw surrogate no UTF-8.
    if "\\u" in text:
        _check_strings(envelope)
    return envelope


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise _malformed(f"{quote(twice)} is stated twice in one object", f"同一对象中 {quote(twice)} 出现两次")
    return made


def _unambiguous(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made: dict[str, object] = {}
    twice: set[str] = set()
    for name, value in pairs:
        if name in made:
            twice.add(name)
        made[name] = value
    return {name: value for name, value in made.items() if name not in twice}


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise _malformed("not readable: a number's exponent is out of range", "无法读取：数字的指数超出范围") from None


def _no_constant(name: str) -> NoReturn:
    raise _malformed(f"{name} is no JSON number", f"{name} 不是 JSON 数字")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_decimal, parse_constant=_no_constant)


def _check_strings(envelope: dict[str, object]) -> None:
    """Refuse strings that PostgreSQL or UTF-8 cannot hold; a stack of its own, since depth is the sender's choice."""
    stack: list[object] = [envelope]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            if not _storable(value):
                raise _malformed(
                    "a string holds a NUL (\\u0000) or half of a surrogate pair (\\ud800 to \\udfff)",
                    "字符串含 NUL（\\u0000）或半个代理对（\\ud800 至 \\udfff）",
                )
        elif isinstance(value, dict):
            stack.extend(value)
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)


def _storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _check_attributes(envelope: dict[str, object]) -> None:
    if envelope["specversion"] != "1.0":
        raise _malformed('specversion must be "1.0"', 'specversion 须为 "1.0"')
    if not is_id(str(envelope["id"])):
        raise _malformed("id must be 1 to 128 letters, digits, - or _", "id 须为 1 至 128 位字母、数字、- 或 _")
    parts = str(envelope["source"]).split("/")
    if len(parts) != 2 or not all(map(is_id, parts)):
        raise _malformed(
            "source must be kind/id, each 1 to 128 letters, digits, - or _, such as hospital/H2206213",
            "source 须为 类别/编号，各 1 至 128 位字母、数字、- 或 _，如 hospital/H2206213",
        )
    if "datacontenttype" in envelope and not _MEDIA_TYPE.fullmatch(str(envelope["datacontenttype"])):
        raise _malformed(
            "datacontenttype must be JSON, such as application/json",
            "datacontenttype 须为 JSON，如 application/json",
        )


def _check_name(name: str) -> None:
    """Refuse a name that no attribute may have, also one without a value, as the schemas do."""
    if name != "data_base64" and not EXTENSION_NAME.fullmatch(name):
        raise _malformed(
            f"{quote(name)} is no attribute: extension names are lower-case letters and digits",
            f"{quote(name)} 不是属性：扩展属性名只能用小写字母和数字",
        )


def _extension(name: str, value: object) -> object:
    if name == "data_base64":
        raise _malformed(
            "data_base64 is not taken: send data as a JSON object", "不收 data_base64：请以 JSON 对象报送 data"
        )
    _check_name(name)
    if isinstance(value, str | bool):
        return value
    value = whole(value)
    if not isinstance(value, int):
        raise _malformed(
            f"{quote(name)} must be a string, a boolean or an integer", f"{quote(name)} 须为字符串、布尔值或整数"
        )
    if not -INTEGER_BOUND <= value < INTEGER_BOUND:
        raise _malformed(
            f"{quote(name)} must be an integer of at most 32 bits", f"{quote(name)} 须为不超过 32 位的整数"
        )
    return value


def _parse_time(text: str) -> datetime:
    match = _TIME.fullmatch(text)
    if match is None:
        raise _malformed(
            "time must be RFC 3339 with a zone, such as 2019-05-06T10:30:00+08:00",
            "time 须为带时区的 RFC 3339 时间，如 2019-05-06T10:30:00+08:00",
        )
    day, clock, fraction, zone = match.groups("")
    microseconds = fraction[1:7].ljust(6, "0")
    if _MOMENT.fullmatch(text) is None:
        raise _malformed("time is no moment that exists", "time 不是存在的时刻")
    return datetime.fromisoformat(f"{day}T{clock}.{microseconds}{zone.upper()}").astimezone(UTC)


def _malformed(detail: str, detail_zh: str) -> Refusal:
    return Refusal("malformed", detail, detail_zh)
