"""An event is shown as it was sent: on lines, but word by word what the source has written."""

import json

from infra.console.events.entry import indented

SENT = r"""{"id":"E1","data":{"amount":1.50,"big":12345678901234567890.10,"reason":"a \"quoted\" {word}, \u4e2d: [x]",
 "none":{},"list":[1,  2,[]],"amount":2}}"""


def test_lines_hold_every_word_of_an_event_as_it_was_sent() -> None:
    shown = indented(SENT)
    assert shown.splitlines() == [
        "{",
        '  "id": "E1",',
        '  "data": {',
        '    "amount": 1.50,',
        '    "big": 12345678901234567890.10,',
        r'    "reason": "a \"quoted\" {word}, \u4e2d: [x]",',
        '    "none": {},',
        '    "list": [',
        "      1,",
        "      2,",
        "      []",
        "    ],",
        '    "amount": 2',
        "  }",
        "}",
    ]
    assert json.loads(shown) == json.loads(SENT)
