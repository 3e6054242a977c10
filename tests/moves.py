"""Texts that name other funds and insurers than the shipped ones, and orders that move claims to them, at random."""

import random
import re
from collections.abc import Iterable
from typing import Any

from events.catalog import ITSELF
from policies.loader import load_directory, load_text
from policies.scheme import Scheme
from processors.resettlement.order import ORDERED

INSURERS = {"first_insurance": "甲保险公司", "second_insurance": "乙保险公司", "third_insurance": "丙保险公司"}
_STAYS = re.compile(rb"(?m)^(        track: inpatient\n)(?=        deductible)")
_OWN_FUNDS = re.compile(rb"(?m)^funds:\n(?:  .*\n)+")


def paid_by(scheme: Scheme, insurer: str, value: tuple[bytes, bytes] = (b"", b"")) -> Scheme:
    """A scheme whose insured layers an insurer keeps, and whose other layers and grants charity pays."""
    paid_for = dict.fromkeys((*scheme.path, *(grant.kind for grant in scheme.grants)))
    lines = ["", "funds:"]
    for name in paid_for:
        insured = name in ("critical_illness", "supplementary")
        fund = f"{{fund: {name}, insurer: {insurer}" if insured else "{fund: charity"
        lines.append(f"  {name}: {fund}, grade: assumed, cite: 协议}}")
    terms = [f"    {code}: {{name: {name}, name_en: {code}}}\n" for code, name in INSURERS.items()]
    known = "".join(["  insurers:\n", *terms])
    text = _OWN_FUNDS.sub(b"", scheme.text).replace(*value, 1)
    if b"\nvocabulary:\n" in text:
        text = text.replace(b"\nvocabulary:\n", f"\nvocabulary:\n{known}".encode(), 1)
    else:
        lines += ["vocabulary:", known]
    return load_text(text + "\n".join([*lines, ""]).encode(), scheme.name)


def billed_at_new_year(scheme: Scheme) -> Scheme:
    """A scheme under which a stay is billed on 31 December, and bears one deductible with its discharge."""
    text = _STAYS.sub(rb'\1        interim_credit: [{value: true, grade: assumed, cite: "12.31"}]\n', scheme.text)
    return load_text(text + "interim_bill: {grade: assumed, cite: 协议}\n".encode(), scheme.name)


TEXTS = {
    text.content_hash: text
    for scheme in load_directory()
    for text in (scheme, *(billed_at_new_year(paid_by(scheme, insurer)) for insurer in list(INSURERS)[:2]))
}


def with_moves(seed: int, events: Iterable[dict[str, Any]], persons: Iterable[str]) -> list[dict[str, Any]]:
    """The events with orders between them that move persons' claims to texts that others pay by."""
    draw, people = random.Random(f"moves of {seed}"), sorted(persons)
    found: list[dict[str, Any]] = []
    for event in events:
        found.append(event)
        if draw.random() < 0.04:
            found.append(order(draw.choice(list(TEXTS.values())), people, f"move-{len(found)}"))
    return found


def order(scheme: Scheme, persons: Iterable[str], id_: str, since: str = "2018-01-01") -> dict[str, Any]:
    """The event that orders claims of some persons to the text of a scheme that is in force."""
    data = {
        "scheme": scheme.name,
        "scheme_hash": scheme.content_hash,
        "since": since,
        "persons": list(persons),
        "actor": "王芳",
    }
    return {
        "specversion": "1.0",
        "id": id_,
        "source": ITSELF,
        "type": ORDERED,
        "time": "2026-01-01T00:00:00+08:00",
        "data": data,
    }
