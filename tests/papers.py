"""A bill on paper as a bureau claims it."""

from typing import Any

from tests.facts import BUREAU, bill, event


def paper(
    claim: str = "W1",
    invoice: str = "22010119N0000000001",
    person: str = "P1",
    hospital_id: str = "H1",
    on: str = "2019-03-10",
    in_scope: str = "10000",
    *,
    id_: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A bureau claims a bill on paper: a stay that began on the first of the month unless ``setting`` is another.

    ``more`` takes the other fields, and ``source``.
    """
    source = more.pop("source", BUREAU)
    stay = {"admitted_on": f"{on[:8]}01"} if more.get("setting", "inpatient") == "inpatient" else {}
    return event(
        source,
        id_ or f"paper-{claim}",
        "bill.submitted.v1",
        **{
            "claim_id": claim,
            "person_id": person,
            "invoice": invoice,
            "papers": ["0123456789abcdef" * 4],
            "hospital_id": hospital_id,
            "setting": "inpatient",
            **stay,
            "served_on": on,
            "bill": bill(in_scope),
            **more,
        },
    )
