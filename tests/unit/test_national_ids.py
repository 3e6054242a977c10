"""National IDs are found through what stands around them; numbers of other kinds are left alone. All are made up."""

import json
import random
import uuid
from typing import Any

import pytest

from events.catalog import Unreadable, read
from events.national_ids import (
    NationalIdGivenError,
    holds_national_id,
    is_national_id,
    is_suspect,
    may_hold_national_id,
    redacted,
    refuse_national_ids,
)
from events.store.journal import Journal
from tests.intake_examples import EXAMPLES, event, with_data

VALID = "11010519491231002X"  # the example of GB 11643


def with_check_digit(first: str) -> str:
    """GB 11643 7: sum of the first 17 digits by 2^(18 - place) mod 11, told by another table than the program's."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(first))
    return first + "0123456789X"[(12 - total) % 11]


MADE_UP = with_check_digit("99999919900101001")


@pytest.mark.parametrize(
    "text",
    [
        VALID,
        VALID.lower(),
        MADE_UP,
        with_check_digit("91112419810803002"),  # a foreigner with a permit to stay
        with_check_digit("94401019810803002"),
        with_check_digit("83000019810803002"),  # from Taiwan
        f"病人身份证号{MADE_UP}",
        f"{MADE_UP}-1",
        f"H1-{MADE_UP}",
        f"ID{MADE_UP}",
        f"{MADE_UP[:6]}-{MADE_UP[6:14]}-{MADE_UP[14:]}",
        f"{MADE_UP[:6]}_{MADE_UP[6:14]}_{MADE_UP[14:]}",
        f"{MADE_UP[:6]} {MADE_UP[6:10]} {MADE_UP[10:14]} {MADE_UP[14:]}",
        "１１０１０５１９４９１２３１００２Ｘ",
        "11010519491231002Х",
        "1101051949\u200b1231002X",
        "\u0661\u0661\u0660\u0661\u0660\u0665" + VALID[6:],  # Arabic digits
        "证号110105491231002。",
        "no 110105-491231-002",
        "99999919900101001X",  # the check digit is wrong, and X stands in no other number of 18
        "身份证：110105194912310021",
    ],
)
def test_a_national_id_is_found_in_any_text(text: str) -> None:
    assert holds_national_id(text)
    assert is_national_id(text)
    assert not any(len(run) > 8 for run in "".join(c if c.isdigit() else " " for c in redacted(text)).split())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P00042",
        "发票号 01100190021112345678",  # 20 digits
        "110105194912310021",  # a wrong check digit
        "110105194913310020",  # no month 13
        "流水号 6222021234567890123",  # a card of 19 digits
        "110105491331002",  # 15 digits, no month 13
        "201905060000123",  # a day and a serial number: no province 20
        with_check_digit("20190619120531123"),  # the second of a payment and a serial number: no province 20
        with_check_digit("20190823200106152"),
        "220621260506001",  # region, a day of 2026 as yymmdd, serial
        "1" + VALID,
        "2019-05-06 2019-05-07 2019-05-08",
        "2206213-A-000000000012",
        "1200.00, 1500.00, 1234.56, 99.10, 88.00",
        "0123456789abcdef" * 4,
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert not holds_national_id(text)


def test_random_numbers_are_hardly_ever_taken_for_one() -> None:
    draw = random.Random(10)
    ids = [str(uuid.UUID(int=draw.getrandbits(128))) for _ in range(5_000)]
    ids += [name.replace("-", "") for name in ids]
    assert not [name for name in ids if holds_national_id(name)]
    # of numbers of 18 digits: 42% begin with a province, 127 of 10,000 years, 366 of 10,000 days, 1 of 11 check digits
    numbers = [str(draw.randrange(10**17, 10**18)) for _ in range(10_000)]
    assert sum(map(holds_national_id, numbers)) <= 4


@pytest.mark.parametrize(
    ("text", "national"),
    [
        ("110105194912310021", True),  # mistyped
        ("999999_19900101_0011", True),
        ("ID110105194912310021", True),
        ("999999900101001", True),
        ("110105491331002", False),
        ("M2019-05-06-000000000012", False),
        ("P00042", False),
    ],
)
def test_in_place_of_a_person_s_number_a_likeness_is_enough(text: str, national: bool) -> None:
    assert is_national_id(text) is national
    assert not holds_national_id(text) or text == "999999900101001"


def strings(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, str):
        return [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, each in inner for place in strings(each, (*path, name))]


TEXTS = [(type_, path) for type_ in EXAMPLES for path in strings(event(type_, actor="u7", subject="s"))]


@pytest.mark.parametrize(("type_", "path"), TEXTS, ids=lambda value: ".".join(map(str, value)) if value else "")
def test_no_text_of_any_event_holds_one(type_: str, path: tuple[Any, ...]) -> None:
    sent = with_data(type_) | {"actor": "u7", "subject": "s"}
    sent = json.loads(json.dumps(sent))
    part: Any = sent
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = MADE_UP if path[-1] != "source" else f"hospital/{MADE_UP}"
    with pytest.raises(Unreadable) as caught:
        read(json.dumps(sent).encode(), EXAMPLES[type_][0], arriving=True)
    refusal = caught.value
    assert refusal.reason == "malformed"
    told = (refusal.detail, refusal.detail_zh, refusal.source, refusal.event_id, refusal.type)
    assert not any(may_hold_national_id(word) for word in told if word)


@pytest.mark.parametrize(
    "time", ["2026-01-05T09:30:00+08:00", "2026-12-31T23:59:59.999999+08:00", "1949-12-31T00:00:00.5Z"]
)
def test_a_time_alone_has_no_event_looked_into(time: str) -> None:
    """Each event has one, and a look costs more than to read the event."""
    assert not is_national_id(time)
    assert not is_suspect(b'{"time":"%s"}' % time.encode())


def test_a_number_written_like_a_time_has_the_event_looked_into() -> None:
    for text in (f"{VALID}T00:00:00+08:00", f"2026-01-05T09:30:00+08:00 {VALID}", "1101-05-19T49:12:31.002X"):
        assert is_suspect(b'{"time":"%s"}' % text.encode()) == is_national_id(text), text
    assert is_suspect(b'{"time":"2026-01-05T09:30:00+08:00","id":"%s"}' % VALID.encode())


def test_what_an_older_ledger_took_can_still_be_read() -> None:
    taken = with_data("claim.reversed.v1", reason=f"病人{MADE_UP}")
    assert read(json.dumps(taken).encode(), EXAMPLES["claim.reversed.v1"][0]).id == "e-1"


def test_a_journal_takes_no_words_that_hold_one() -> None:
    journal = Journal("clearing.0")
    for word in ("actor", "reason", "reference"):
        with pytest.raises(NationalIdGivenError, match=word):
            journal.append("payment.returned.v1", {"clearing_id": "K1", "actor": "fin1", word: f"户名 {MADE_UP}"})
    assert (journal.number, journal.rows) == (0, [])
    assert journal.append("clearing.approved.v1", {"clearing_id": "K1", "actor": "fin1"}) == 1


def test_what_a_command_would_write_is_refused_without_the_number() -> None:
    refuse_national_ids({"actor": "fin1", "reason": "账号有误", "payee": MADE_UP, "amount": 5})
    with pytest.raises(NationalIdGivenError, match="reason") as caught:
        refuse_national_ids({"actor": "fin1", "reason": f"收款人{MADE_UP}"})
    assert MADE_UP not in str(caught.value)
