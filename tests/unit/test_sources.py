"""Who can be a source, and which users are its."""

import pytest

from infra.access.sources import NotASource, Source


@pytest.mark.parametrize(
    ("kind", "id_"),
    [
        ("hospital", "H.1"),
        ("hospital", "H>"),
        ("hospital", "*"),
        ("hospital", ""),
        ("bureau", "H1"),
        ("ledger", "claims"),
        ("payer", "彩票.360123"),
        ("payer", "critical_illness"),
        ("payer", "critical_illness.36012"),
        ("payer", "critical_illness.360123.P1"),
        ("payer", "*.360123"),
    ],
)
def test_no_user_of_what_can_be_no_source(kind: str, id_: str) -> None:
    with pytest.raises(NotASource):
        Source(kind, id_)


def test_a_user_is_one_source() -> None:
    for source in (
        Source("hospital", "H1"),
        Source("civil-affairs", "220621"),
        Source("poverty-office", "220000"),
        Source("hospital", "bureau-220621"),
        Source("payer", "critical_illness.360123"),
    ):
        assert Source.named(source.user) == Source.named(source.next_user()) == source
