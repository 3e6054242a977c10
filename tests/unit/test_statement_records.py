"""A statement that the ledger keeps is read exactly, or not at all."""

from typing import Any

import msgspec
import orjson
import pytest

from processors.person.statement import StatementRecord

KEPT: dict[str, Any] = {
    "claim_id": "C1",
    "person_id": "P1",
    "region": "220621",
    "scheme": "fusong",
    "year": 2019,
    "setting": "inpatient",
    "date": "2019-03-10",
    "status": "settled",
    "revision": 1,
    "total": "10000.00",
    "categories": [],
    "layers": [{"layer": "basic", "paid": "5520.00"}, {"layer": "assistance", "paid": "-0.05"}],
    "patient_share": "4480.05",
    "hospital_share": "0.00",
    "payee": "hospital",
}


def read(**changed: Any) -> StatementRecord:
    return msgspec.json.decode(orjson.dumps(KEPT | changed), type=StatementRecord)


def test_amounts_are_read_to_the_fen() -> None:
    statement = read().statement()
    assert (statement.total, statement.patient_share) == (10000_00, 4480_05)
    assert statement.layers == (("basic", 5520_00), ("assistance", -5))


@pytest.mark.parametrize("amount", ["9680.009", "Infinity", "NaN", "1e3", "--1", "+1", " 1", ""])
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="is no amount in yuan"):
        read(total=amount).statement()
    with pytest.raises(ValueError, match="is no amount in yuan"):
        read(layers=[{"layer": "basic", "paid": amount}]).statement()


@pytest.mark.parametrize("changed", [{"note": "x"}, {"layers": [{"layer": "basic", "paid": "1.00", "note": "x"}]}])
def test_a_statement_that_says_more_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(**changed)
