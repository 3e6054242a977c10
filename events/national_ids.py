"""Resident identity numbers (GB 11643) in what is sent or typed: the ledger never takes one, for it forgets nothing.

A number is recognised through what people put around and between its digits: letters before it, hyphens, underscores,
blanks, full-width or other digits, a Cyrillic X. In running text and in ids it must be one in all parts: 18 digits with
a region, a day of birth and the check digit (or any check digit where it is X, or where 身份证 stands before it), or
15 with a province and a day of birth. Where a person's own number is wanted anything that looks like one counts: a
mistyped national ID is one still.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from events.county_time import county_day

SHORTEST = 15
"""No text with fewer characters holds a number."""
FIRST_BIRTH_YEAR = 1900

_BETWEEN = r"[-_\s.,:;/\\|·•‐‑‒–—―−、，。：；]"
_GAP = rf"{_BETWEEN}{{0,3}}"
_RUN = re.compile(rf"[0-9](?:{_GAP}[0-9]){{16,}}(?:{_GAP}[Xx])?")
_SHORT = re.compile(rf"(?<![0-9A-Za-z])[A-Za-z]*([0-9]{{6}}{_GAP}[0-9]{{6}}{_GAP}[0-9]{{3}})(?![0-9A-Za-z])")
_WHOLE_LONG = re.compile(r"[0-9]{17}[0-9X]")
_WHOLE_SHORT = re.compile(r"[1-9][0-9]{14}")
_NAMED = re.compile(r"(身份证|证件)\D{0,12}$")
_LETTERS_BEFORE = re.compile(r"^[^0-9]*")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_SEPARATORS = re.compile(_BETWEEN)
_NO_DIGIT = re.compile(r"[^0-9X]")

_PROVINCES = frozenset(
    code
    for codes in ("11-15", "21-23", "31-37", "41-46", "50-54", "61-65", "71-71", "81-83", "91-98", "99-99")
    for code in map(str, range(int(codes[:2]), int(codes[3:]) + 1))
)
"""The first two digits of a region; a foreigner's begin with 9, 99 stands in numbers made up for trials."""
_SHORT_BIRTHS_FROM = "30"
"""Of a number of 15 digits, in text: 260506 is rather the day in a serial number than the birthday of the year 1926."""
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_DIGITS_ON_END = re.compile(r"[0-9](?:[-_\s.]{0,3}[0-9]){14,}[-_\s.]{0,3}[Xx]?")
_NOT_DIGITS = bytes(set(range(256)) - set(b"0123456789"))
_TIME = re.compile(
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,6})?(?:Z|[+][0-9]{2}:[0-9]{2})"
)
"""Each event has such a string. T and + stand between digits of no number, and twelve digits at most stand on end."""
_LONG = 18
_DIGITS_AND_X = frozenset("0123456789Xx")
_CHECK_DIGITS = "10X98765432"
_LOOKS_LIKE_X = {ord(letter): "X" for letter in "ХхΧχ×"}
_REDACTED = "*"


class InvalidNationalId(ValueError):
    """A text that is no national ID; the message says why, in both languages, and never holds the number."""


class NationalIdGivenError(ValueError):
    """A national ID where the ledger would keep it for ever; the message never holds the number."""


def holds_national_id(text: str) -> bool:
    """Whether a national ID stands anywhere in a text."""
    return _has_digits_enough(text) and next(_places(_plain(text)[0]), None) is not None


def may_hold_national_id(text: str) -> bool:
    """As ``holds_national_id``, whatever the check digit: for what is not taken in and need not be kept whole."""
    return _has_digits_enough(text) and next(_places(_plain(text)[0], checked=False), None) is not None


def is_national_id(text: str) -> bool:
    """Whether a text that should be a person's own number looks like a national ID instead.

    As ``holds_national_id``, and also 18 digits, or 15 with a day of birth, where nothing else stands but separators
    and letters before them; the check digit is not tested.
    """
    if not _has_digits_enough(text):
        return False
    plain, _ = _plain(text)
    if next(_places(plain), None) is not None:
        return True
    stripped = plain.strip().upper()
    if _WHOLE_LONG.fullmatch(stripped) or (_WHOLE_SHORT.fullmatch(stripped) and _is_birthday(f"19{stripped[6:12]}")):
        return True
    digits = _SEPARATORS.sub("", _LETTERS_BEFORE.sub("", stripped))
    if _WHOLE_LONG.fullmatch(digits):
        return _is_birthday(digits[6:14])
    return _WHOLE_SHORT.fullmatch(digits) is not None and digits[:2] in _PROVINCES and _is_birthday(f"19{digits[6:12]}")


def normal_national_id(text: str) -> str:
    """A national ID as 18 characters, its region, day of birth and check digit right; one of 15 digits is widened.

    Blanks and hyphens between the digits, full-width digits and a small x are taken. Raises ``InvalidNationalId``.
    """
    given = _SEPARATORS.sub("", _plain(text)[0]).upper()
    if _WHOLE_SHORT.fullmatch(given):
        widened = f"{given[:6]}19{given[6:]}"
        given = widened + _check_digit(widened)
    if not _WHOLE_LONG.fullmatch(given):
        raise InvalidNationalId("应为 18 位（或旧的 15 位）身份证号 18 digits are wanted, or the 15 of old")
    if given[:2] not in _PROVINCES or not _is_birthday(given[6:14]):
        raise InvalidNationalId("地区或出生日期不对 its region or day of birth is none")
    if given[17] != _check_digit(given):
        raise InvalidNationalId("校验位不对，请与证件核对 its check digit is wrong: compare it with the card")
    return given


def checked_national_id(digits: str) -> str:
    """A national ID of the 17 digits before its check digit."""
    return digits + _check_digit(digits)


def redacted(text: str) -> str:
    """A text in which stars stand for every 15 and more digits on end, whether or not they make a national ID."""
    plain, origins = _plain(text)
    characters = list(text)
    for match in _DIGITS_ON_END.finditer(plain):
        first, last = origins[match.start()], origins[match.end() - 1]
        characters[first : last + 1] = _REDACTED * (last + 1 - first)
    return "".join(characters)


def is_suspect(raw: bytes) -> bool:
    """Whether JSON must be looked into, which costs as much as reading it: no other event holds a national ID.

    In plain ASCII without escapes what stands between two quotes is a string as it is; of anything else it is not told.
    """
    if not raw.isascii() or b"\\" in raw:
        return True
    return any(
        is_national_id(part.decode())
        for part in raw.split(b'"')
        if len(part) >= SHORTEST
        and len(part.translate(None, _NOT_DIGITS)) >= SHORTEST
        and _TIME.fullmatch(part) is None
    )


def unescaped(text: str) -> str:
    r"""JSON's text with the characters that its escapes (\u0031) stand for, as far as they can be shown."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "\\u" in text else text


def national_id_place(value: object, path: str = "", name: str = "") -> str | None:
    """Where in a JSON value a national ID stands, such as ``data.reason``; None where there is none.

    ``name`` is that of the field which holds the value: of ``person_id`` and ``persons`` even a likeness counts.
    """
    if type(value) is str:
        if len(value) < SHORTEST:  # most are: the call would cost more than the answer
            return None
        found = is_national_id(value) if name in _OF_PERSONS else holds_national_id(value)
        return path if found else None
    if isinstance(value, dict):
        for key, inner in value.items():
            if len(key) >= SHORTEST and holds_national_id(key):
                return f"the name of a field of {path}" if path else "the name of a field"
            place = national_id_place(inner, f"{path}.{key}" if path else key, key)
            if place is not None:
                return place
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            place = national_id_place(inner, f"{path}[{number}]", name)
            if place is not None:
                return place
    return None


_OF_PERSONS = frozenset({"person_id", "persons"})
_OF_RECORDS = frozenset({"person_id", "payee"})


def refuse_national_ids(words: Mapping[str, Any]) -> None:
    """Raise ``NationalIdGivenError`` where what somebody typed holds a national ID: an actor, a reason, a reference.

    The id of a person or payee is left out: it is that of a record which the ledger has.
    """
    for name, word in words.items():
        if isinstance(word, str) and name not in _OF_RECORDS and holds_national_id(word):
            raise NationalIdGivenError(
                f"{name}：疑含居民身份证号，不得入账，请改用参保人编号或经办人编号 looks like a national ID number, or "
                "holds one: the ledger never takes it, give the insured's or the clerk's own number"
            )


def _has_digits_enough(text: str) -> bool:
    if text.isascii():
        return len(text.encode().translate(None, _NOT_DIGITS)) >= SHORTEST
    return sum(character.isnumeric() for character in text) >= SHORTEST


def _plain(text: str) -> tuple[str, list[int] | range]:
    """A text in ASCII as far as digits and X go, and for each of its characters the place in ``text``."""
    if text.isascii() and text.isprintable():
        return text, range(len(text))
    characters: list[str] = []
    origins: list[int] = []
    for place, character in enumerate(text):
        for shown in unicodedata.normalize("NFKC", character).translate(_LOOKS_LIKE_X):
            if shown.isascii() and (shown.isprintable() or shown.isspace()):
                plain = shown
            elif unicodedata.category(shown) in ("Cf", "Cc", "Mn"):
                continue  # nothing that is seen
            else:
                digit = unicodedata.decimal(shown, None)
                plain = shown if digit is None else str(digit)
            characters.append(plain)
            origins.append(place)
    return "".join(characters), origins


def _places(plain: str, *, checked: bool = True) -> Iterator[tuple[int, int]]:
    for run in _RUN.finditer(plain):
        yield from _long_places(plain, run.start(), run[0], checked=checked)
    for match in _SHORT.finditer(plain):
        digits = _NO_DIGIT.sub("", match[1])
        if digits[:2] in _PROVINCES and digits[6:8] >= _SHORT_BIRTHS_FROM and _is_birthday(f"19{digits[6:12]}"):
            yield match.span(1)


def _long_places(plain: str, start: int, run: str, *, checked: bool) -> Iterator[tuple[int, int]]:
    """Where in a run of digits, with what stands between them, 18 make a number; none is cut out of longer digits."""
    at = [start + place for place, character in enumerate(run) if character in _DIGITS_AND_X]
    digits = "".join(plain[place] for place in at).upper()
    for first in range(len(at) - _LONG + 1):
        last = first + _LONG - 1
        if digits[first + 6 : first + 8] not in ("19", "20") or digits[first : first + 2] not in _PROVINCES:
            continue
        if first and at[first] == at[first - 1] + 1:
            continue
        if last + 1 < len(at) and digits[last + 1] != "X" and at[last + 1] == at[last] + 1:
            continue
        number = digits[first : last + 1]
        if not _is_birthday(number[6:14]):
            continue
        if (
            not checked
            or number[17] in (_check_digit(number), "X")
            or _NAMED.search(plain[max(0, at[first] - 20) : at[first]])
        ):
            yield at[first], at[last] + 1


def _check_digit(digits: str) -> str:
    return _CHECK_DIGITS[sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False)) % 11]


def _is_birthday(digits: str) -> bool:
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    try:
        birthday = date(year, month, day)
    except ValueError:
        return False
    return year >= FIRST_BIRTH_YEAR and birthday <= county_day(datetime.now(UTC))
