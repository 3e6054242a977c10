"""From bytes to an envelope or a refusal: each rule of the border has a case that only this rule decides."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.catalog import Unreadable, read
from tests.intake_examples import (
    EXAMPLES,
    GOOD,
    HOSPITAL,
    altered,
    event,
    refused,
    short,
    take,
)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": ""},
        {"id": 7},
        {"id": "a.b"},
        {"id": "a\n"},
        {"id": "é"},
        {"id": "x" * 129},
        {"source": "hospital"},
        {"source": "hospital/"},
        {"source": "/H1"},
        {"source": "hospital/H1/x"},
        {"source": "hospital/H 1"},
        {"source": "hospital/*"},
        {"type": ""},
        {"type": 1},
        {"specversion": "0.3"},
        {"specversion": 1.0},
        {"time": "2019-05-06T10:30:00"},
        {"time": "2019-05-06 10:30:00Z"},
        {"time": "2019-05-06"},
        {"time": "2019-02-30T10:30:00Z"},
        {"time": "2019-05-06T10:30:00+24:00"},
        {"time": "0001-01-01T00:00:00+08:00"},  # in UTC this is before the first year there is
        {"time": "0000-01-01T00:00:00Z"},
        {"time": 1557109800},
        {"time": ""},
        {"datacontenttype": "text/plain"},
        {"datacontenttype": "application/jsonx"},
        {"dataschema": 1},
        {"subject": ""},
        {"data": None},
        {"data": []},
        {"data": "{}"},
        {"data_base64": "e30="},
        {"Actor": "u7"},
        {"trace_id": "t"},
        {"": "x"},
        {"actor": 1.5},
        {"actor": {}},
        {"actor": ["u7"]},
        {"actor": 2**31},
    ],
    ids=short,
)
def test_malformed_envelopes(changes: dict[str, Any]) -> None:
    refusal = refused(altered(**changes), HOSPITAL)
    assert refusal.reason == "malformed"
    assert refusal.identified is not bool({"id", "source"} & set(changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "2019-05-06t10:30:00.123456789z"},
        {"time": "2019-05-06T10:30:00-00:00"},
        {"datacontenttype": "Application/JSON; charset=utf-8"},
        {"datacontenttype": "application/cloudevents+json"},
        {"dataschema": "claims-ledger/claim.reversed.v1", "subject": "P1"},
        {"time": None, "datacontenttype": None, "dataschema": None, "subject": None, "actor": None},
        {"actor": "张三", "urgent": True, "attempt": -(2**31)},
        {"data": {"claim_id": "C1", "reason": "费用有误\t😀"}},
    ],
    ids=short,
)
def test_good_envelopes(changes: dict[str, Any]) -> None:
    assert take(altered(**changes)).id == "e-1"
    assert take(json.dumps(altered(**changes))).id == "e-1"  # the same with escapes for all but ASCII


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (b"", "not JSON"),
        (b"\xff", "not UTF-8: byte 0"),
        (GOOD.replace("C1", "\udc80").encode("utf-8", "surrogateescape"), "not UTF-8"),
        (GOOD.encode("utf-16"), "not UTF-8"),
        (b"\xef\xbb\xbf" + GOOD.encode(), "not JSON"),
        (b"[]", "the event must be a JSON object"),
        (b"null", "the event must be a JSON object"),
        (GOOD.encode() + b"{}", "not JSON: Extra data"),
        (GOOD.replace("C1", "C\x001").encode(), "not JSON"),
        (GOOD.replace("C1", "\\u0000").encode(), "a string holds a NUL"),
        (GOOD.replace("C1", "\\ud83d").encode(), "half of a surrogate pair"),
        (GOOD.replace('"C1"', '"C1", "\\u0000": [1]').encode(), "a string holds a NUL"),
        (GOOD.replace('"C1"', '[[{"a": "\\udc00"}]]').encode(), "half of a surrogate pair"),
        (GOOD.replace('"C1"', "NaN").encode(), "NaN is no JSON number"),
        (GOOD.replace('"C1"', "-Infinity").encode(), "-Infinity is no JSON number"),
        (GOOD.replace('"C1"', "9" * 5000).encode(), "an integer has too many digits"),
        (GOOD.replace('"C1"', "1e99999999999999999999").encode(), "exponent is out of range"),
        (GOOD.replace('"C1"', "[" * 100_000 + "]" * 100_000).encode(), "nested too deeply"),
        (GOOD.replace('"C1"', '"C1", "claim_id": "C2"').encode(), "claim_id is stated twice"),
        (GOOD.replace('"id"', '"id": "e-0", "\\u0069d"').encode(), "id is stated twice"),
        (GOOD.replace('"C1"', '"C1", "\\ud800": 1, "\\ud800": 2').encode(), '"\\\\ud800" is stated twice'),
    ],
    ids=short,
)
def test_bytes_that_are_no_event(raw: bytes, detail: str) -> None:
    refusal = refused(raw)
    assert refusal.reason == "malformed"
    assert re.search(detail, refusal.detail)
    refusal.detail.encode()


@pytest.mark.parametrize(
    ("raw", "known"),
    [
        (b"{", (None, None, None, False)),
        (GOOD.replace("C1", "\\u0000"), (HOSPITAL, "e-1", "claim.reversed.v1", True)),
        (GOOD.replace('"C1"', "NaN"), (HOSPITAL, "e-1", "claim.reversed.v1", True)),
        (GOOD.replace('"C1"', '"C1", "claim_id": "C2"'), (HOSPITAL, "e-1", "claim.reversed.v1", True)),
        (GOOD.replace('"e-1"', '"e-1", "id": "e-2"'), (HOSPITAL, None, "claim.reversed.v1", False)),
        (GOOD.replace('"e-1"', '"e.1"'), (HOSPITAL, "e.1", "claim.reversed.v1", False)),
        (GOOD.replace('"e-1"', '"\\u0000"'), (HOSPITAL, None, "claim.reversed.v1", False)),
        (GOOD.replace('"e-1"', '"\\ud800"'), (HOSPITAL, None, "claim.reversed.v1", False)),
        (GOOD.replace('"e-1"', "7"), (HOSPITAL, None, "claim.reversed.v1", False)),
        (GOOD.replace('"e-1"', '"' + "x" * 301 + '"'), (HOSPITAL, None, "claim.reversed.v1", False)),
        (GOOD.replace(HOSPITAL, "hospital/H9"), ("hospital/H9", "e-1", "claim.reversed.v1", False)),
        (GOOD.replace("claim.reversed.v1", "claim.lost.v1"), (HOSPITAL, "e-1", "claim.lost.v1", True)),
        ("[" * 100_000, (None, None, None, False)),
        ("[1]", (None, None, None, False)),
    ],
    ids=short,
)
def test_what_is_known_of_a_refused_event(raw: str | bytes, known: tuple[object, ...]) -> None:
    refusal = refused(raw)
    assert (refusal.source, refusal.event_id, refusal.type, refusal.identified) == known


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100)
@given(
    type_=st.sampled_from(list(EXAMPLES)),
    where=st.data(),
    value=json_values,
)
def test_one_changed_value_is_read_or_refused_and_nothing_else(type_: str, where: st.DataObject, value: Any) -> None:
    sent = json.loads(json.dumps(event(type_)))
    part = where.draw(st.sampled_from([sent, sent["data"], sent["data"].get("bill", sent)]))
    part[where.draw(st.sampled_from([*part, "extra"]))] = value
    try:
        read(json.dumps(sent).encode(), EXAMPLES[type_][0])
    except Unreadable as refusal:
        detail = refusal.detail
    else:
        return
    assert "is not valid" not in detail  # the words for faults without words of their own
    assert len(detail) < 2000
    detail.encode()


@given(raw=st.binary(max_size=40), cut=st.integers(0, len(GOOD)), length=st.integers(0, 3))
def test_any_bytes_are_read_or_refused_and_nothing_else(raw: bytes, cut: int, length: int) -> None:
    damaged = GOOD.encode()[:cut] + raw + GOOD.encode()[cut + length :]
    for sent in (raw, damaged):
        try:
            read(sent, HOSPITAL)
        except Unreadable as refusal:
            refusal.detail.encode()


# Order of reasons, and who may say what
