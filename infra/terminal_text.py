"""Text from outside, made safe to show: what would steer a terminal, or turn the order of what is read, is shown as
such."""

import re

_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # controls, among them the escape that begins a terminal's commands
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f"  # seen by nobody, or turning the order
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
"""Unicode's categories Cc, Cf, Cs, Zl and Zp. Characters of private use stay: rare Chinese names are written with
them."""

_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def visible(text: str) -> str:
    """One line of text, each character that can't be seen written as an escape: ``\\x1b``, ``\\u202e``."""
    # What Python calls printable holds none of them; that is nearly every text, and sooner known.
    return text if text.isprintable() else _STEERING.sub(lambda found: _escape(found[0]), text)


def visible_lines(text: str) -> str:
    """The same for text of several lines, whose line breaks are ours."""
    return text if text.isprintable() else "\n".join(map(visible, text.split("\n")))


def visible_json(text: str) -> str:
    """A JSON text with the same values, and without characters that can't be seen."""
    return _STEERING.sub(lambda found: _json_escape(found[0]), text)


def _escape(character: str) -> str:
    code = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _json_escape(character: str) -> str:
    pairs = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{pairs[place : place + 4]}" for place in range(0, len(pairs), 4))
