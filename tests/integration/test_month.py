"""A month in the life of a county, from an empty ledger, as its offices live it beside one running `claims up`.

The county is 上高 (360923); 安义 adds its supplementary account, 长治 the refund of what a person had paid himself.
Each amount is worked by hand from docs/domain.md#5; what reports say is summed once more from the ledger's entries.
Its chapters are in tests/month.
"""

from pathlib import Path

import pytest

from tests.clerk import clerk
from tests.month.clearing import (
    a_person_is_paid_what_he_had_paid,
    october_is_cleared_and_september_stands,
    september_is_cleared_and_paid,
    what_a_person_owes_is_paid_in,
)
from tests.month.county import county_of, the_year_is_prepared
from tests.month.reconciliation import a_hospital_s_file_is_reconciled
from tests.month.reports import (
    a_person_s_file_names_every_amount,
    reports_add_up,
    the_books_are_sealed,
    the_books_hold,
    the_supplementary_account,
)
from tests.month.rosters import a_late_roster_settles_again, hospitals_are_handed_the_roster, rosters_come_in
from tests.month.settlement import (
    a_quote_is_what_is_settled_then,
    a_reversal_an_audit_and_a_refusal,
    hospitals_settle,
    october_adjusts,
)
from tests.program import background, up_is_ready

pytestmark = pytest.mark.timeout(180)


async def test_a_month_in_the_life_of_a_county(server_folder: Path, tmp_path: Path) -> None:
    data, log = server_folder / "ledger", tmp_path / "up.log"
    async with background("up", "--data-dir", data, log=log), clerk("--data-dir", data) as claims:
        await up_is_ready(log)
        async with county_of(claims, tmp_path) as county:
            await the_year_is_prepared(county)
            await rosters_come_in(county)
            await hospitals_settle(county)
            await a_late_roster_settles_again(county)
            await a_quote_is_what_is_settled_then(county)
            await a_reversal_an_audit_and_a_refusal(county)
            await hospitals_are_handed_the_roster(county)
            await september_is_cleared_and_paid(county)
            await a_person_is_paid_what_he_had_paid(county)
            await the_books_are_sealed(county)
            await october_adjusts(county)
            await october_is_cleared_and_september_stands(county)
            await what_a_person_owes_is_paid_in(county)
            await a_hospital_s_file_is_reconciled(county)
            await reports_add_up(county)
            await the_supplementary_account(county)
            await the_books_hold(county)
            await a_person_s_file_names_every_amount(county)
