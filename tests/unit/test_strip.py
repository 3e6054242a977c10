"""Stays and visits on a strip of days: to scale, long gaps folded, every mark where its day is."""

from datetime import date
from typing import Any, cast

import pytest

from infra.console.persons.strip import strip
from processors.person.file_model import FileClaim


class _Claim:
    """As much of a claim as a strip reads."""

    def __init__(self, id_: str, day: date, admitted_on: date | None = None, **given: Any) -> None:
        self.claim_id, self.day, self.admitted_on = id_, day, admitted_on
        self.setting = "inpatient" if admitted_on else "chronic"
        self.stands, self.revision = given.get("stands", True), given.get("revision", 1)
        self.hospital_name, self.hospital_id = None, "H1"


def _claims(*claims: _Claim) -> list[FileClaim]:
    return [cast("FileClaim", claim) for claim in claims]


def test_a_long_gap_is_folded_and_what_is_near_stays_to_scale() -> None:
    made = strip(
        _claims(
            _Claim("S1", date(2019, 1, 11), date(2019, 1, 1)),
            _Claim("V1", date(2019, 1, 21)),
            _Claim("V2", date(2019, 12, 1)),
        )
    )
    assert made is not None
    # Two stretches: 2018-12-30 to 2019-01-23, 24 days, and 2019-11-29 to 2019-12-03, 4 days; 28 days in 95 %.
    [fold] = made.folds
    assert fold.days == (date(2019, 12, 1) - date(2019, 1, 21)).days == 314
    assert fold.width == 5.0
    assert fold.start == pytest.approx(24 * 95 / 28)
    [stays, visits] = made.rows
    assert [stays.kind, visits.kind] == ["inpatient", "chronic"]
    [stay] = stays.marks
    assert stay.start == pytest.approx(2 * 95 / 28)
    assert stay.width == pytest.approx(10 * 95 / 28)
    assert [mark.start for mark in visits.marks] == [
        pytest.approx(22 * 95 / 28),
        pytest.approx(24 * 95 / 28 + 5 + 2 * 95 / 28),
    ]
    assert [tick.label for tick in made.ticks] == ["2019-01-01", "2019-12-01"]


def test_a_month_without_care_is_no_long_gap() -> None:
    made = strip(_claims(_Claim("V1", date(2019, 1, 1)), _Claim("V2", date(2019, 2, 1))))
    assert made is not None
    assert made.folds == []


def test_many_folds_leave_room_for_days() -> None:
    made = strip(_claims(*(_Claim(f"V{year}", date(year, 5, 1)) for year in range(1990, 2020))))
    assert made is not None
    assert len(made.folds) == 29
    assert sum(fold.width for fold in made.folds) == pytest.approx(40)
    ends = [mark.start for row in made.rows for mark in row.marks]
    assert ends == sorted(ends)
    assert 0 < ends[0] < ends[-1] < 100


def test_a_claim_that_was_settled_again_is_marked_and_a_reversed_one_is_hollow() -> None:
    made = strip(_claims(_Claim("V1", date(2019, 1, 1), stands=False, revision=2), _Claim("V2", date(2019, 1, 2))))
    assert made is not None
    assert [(mark.claim_id, mark.stands) for mark in made.rows[0].marks] == [("V1", False), ("V2", True)]
    assert made.rows[1].kind == "adjusted"
    assert [mark.claim_id for mark in made.rows[1].marks] == ["V1"]
    assert strip([]) is None
