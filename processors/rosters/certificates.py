"""Rows that name a person by certificate: the insured's number takes its place, and the certificate goes no further."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from events.national_ids import SHORTEST, InvalidNationalId, normal_national_id
from processors.rosters.cells import RowFault, UnreadableCell, read_birth_year, text_of
from processors.rosters.lists import ListRow

_SHOWN = 4
"""So many characters of a certificate are left in what is written of a row."""


def certificates_of(rows: Iterable[ListRow]) -> set[str]:
    """The certificates by which rows name their persons, as their cells say them."""
    return {text_of(row.person) for row in rows if row.certificate_at is not None} - {""}


def numbered(rows: Iterable[ListRow], numbers: Mapping[str, Sequence[str]]) -> list[ListRow]:
    """The rows with insured numbers in place of certificates; ``numbers`` are those of each certificate.

    A row whose certificate has not one number is at fault, and names nobody. What it leaves of a certificate is its
    last characters in ``whole``, for the department.
    """
    return [row if row.certificate_at is None else _numbered(row, row.certificate_at, numbers) for row in rows]


def _numbered(row: ListRow, place: int, numbers: Mapping[str, Sequence[str]]) -> ListRow:
    text = text_of(row.person)
    known = numbers.get(text, ())
    fault = row.fault or (None if len(known) == 1 else _fault(row.person, text, known))
    shown = {**row.whole, place: f"****{row.whole[place][-_SHOWN:]}"} if row.whole.get(place) else row.whole
    return replace(
        row,
        person=None if fault else known[0],
        fault=fault,
        whole=shown,
        birth=read_birth_year(row.birth),
        certificate_at=None,
    )


def _fault(cell: object, text: str, known: Sequence[str]) -> RowFault:
    if known:
        return "shared_certificate"
    if not text or isinstance(cell, UnreadableCell):
        return "bad_certificate"
    try:
        normal_national_id(text)
    except InvalidNationalId:
        if sum(character.isdigit() for character in text) >= SHORTEST:
            return "bad_certificate"
    return "unknown_certificate"
