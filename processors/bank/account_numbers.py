"""Numbers of bank accounts as they are typed: what is none, and what may be a slip."""

import re
import unicodedata

_SHORTEST, _LONGEST = 8, 32
_CARD_DIGITS = range(16, 20)
_CARD_PREFIX = "62"
"""Of UnionPay's cards. Other accounts of as many digits, those of institutions among them, need no check digit."""
_BANK_CODE_DIGITS = 12
_SEPARATORS = re.compile(r"[\s-]")
LONG_DIGITS = re.compile(r"(?:\d[\s-]?){12,}")
"""What may be the number of an account or a card: it belongs into its field alone."""


def account_number(text: str) -> str:
    """The digits of an account, without blanks and hyphens, full width as half width. Raises ``ValueError``."""
    digits = _plain(text)
    if not digits.isascii() or not digits.isdigit() or not _SHORTEST <= len(digits) <= _LONGEST:
        raise ValueError(
            f"账号应为 {_SHORTEST} 至 {_LONGEST} 位数字 an account number is {_SHORTEST} to {_LONGEST} digits"
        )
    if len(set(digits)) == 1:
        raise ValueError("账号各位数字相同 all digits of the account number are the same")
    return digits


def bank_code(text: str) -> str:
    """A bank's line number (联行号, CNAPS). Raises ``ValueError``."""
    digits = _plain(text)
    if not digits.isascii() or not digits.isdigit() or len(digits) != _BANK_CODE_DIGITS:
        raise ValueError(f"联行号应为 {_BANK_CODE_DIGITS} 位数字 a line number is {_BANK_CODE_DIGITS} digits")
    return digits


def is_doubtful_card(digits: str) -> bool:
    """Whether a number looks like a card's and its check digit (Luhn, ISO/IEC 7812-1) is not right."""
    return len(digits) in _CARD_DIGITS and digits.startswith(_CARD_PREFIX) and not passes_luhn(digits)


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def masked(digits: str) -> str:
    """An account as lists show it: its last four digits."""
    return f"****{digits[-4:]}"


def _plain(text: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
