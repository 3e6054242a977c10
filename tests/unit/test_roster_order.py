"""The order in which departments hand in their lists decides nothing."""

from hypothesis import given
from hypothesis import strategies as st

from tests.rosters import CIVIL, POVERTY, Offices

PEOPLE = st.sets(st.sampled_from(["P1", "P2", "P3"]))
MONTHS = (6, 7, 8, 9)


@given(
    PEOPLE,
    st.lists(st.tuples(PEOPLE, PEOPLE), min_size=len(MONTHS), max_size=len(MONTHS)),
    st.lists(st.booleans(), min_size=len(MONTHS), max_size=len(MONTHS)),
)
def test_the_order_in_which_departments_hand_in_a_month_decides_nothing(
    before: set[str], lists: list[tuple[set[str], set[str]]], poverty_first: list[bool]
) -> None:
    books = Offices(before)
    for month, (civil, poverty), reverse in zip(MONTHS, lists, poverty_first, strict=True):
        for source, people in sorted(((CIVIL, civil), (POVERTY, poverty)), reverse=reverse):
            books.take(source, month, people)
            assert books.take(source, month, people) == []  # the same list again
        assert books.members(month) == civil | poverty
        assert (books.listed_by(CIVIL, month), books.listed_by(POVERTY, month)) == (civil, poverty)
    assert [books.members(month) for month in MONTHS] == [civil | poverty for civil, poverty in lists]


@given(PEOPLE, st.lists(st.tuples(st.sampled_from([CIVIL, POVERTY]), PEOPLE, st.booleans()), max_size=12))
def test_nor_does_it_when_one_is_months_behind_or_mends_its_list(
    before: set[str], handed_in: list[tuple[str, set[str], bool]]
) -> None:
    books, last, months = Offices(before), {}, {CIVIL: MONTHS[0], POVERTY: MONTHS[0]}
    rest = [(source, {"P1"}, False) for source in (CIVIL, POVERTY) for _ in MONTHS]
    for source, people, mended in [*handed_in, *rest]:
        if months[source] in MONTHS:
            last[source, months[source]] = people
            books.take(source, months[source], people)
            months[source] += not mended
    for month in MONTHS:
        assert books.members(month) == last[CIVIL, month] | last[POVERTY, month]
