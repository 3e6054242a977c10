"""What acceptance does with a county's chronic list: the class of the claim, and what is not on the list."""

from policies.loader import load_text
from processors.law.adoption import adopt_schemes
from processors.proof.verify import verify
from tests import facts
from tests.ledger import Books
from tests.unit.test_chronic_list import COUNTY, LIST

REGION = "990101"


async def test_the_list_gives_the_class_and_takes_no_other_disease(books: Books) -> None:
    """The card says class I, the list class II: 3,000.00 a year, not 20,000.00."""
    await adopt_schemes(books.engine, [load_text((COUNTY + LIST).encode(), "county.yaml")], "王芳")
    cards = [facts.card("P1", disease, "I") for disease in ("diabetes", "hypertension", "epilepsy")]
    visits = [
        facts.visit(f"V{number}", on="2024-05-06", disease=disease, in_scope="30000")
        for number, disease in enumerate(("diabetes", "hypertension", "epilepsy"), start=1)
    ]
    await books.publish([facts.hospital(tier=1, region=REGION), facts.enrol("P1", 2024, REGION), *cards, *visits])
    assert await books.refused() == [("visit-V2", "unknown_disease")]
    assert "门诊慢特病目录" in books.answered("V2")[-1].data["detail_zh"]
    assert (await books.paid("V1"))["basic"] == "3000.00"
    assert (await books.paid("V3"))["basic"] == "18000.00", "the list names no class for it: the card's"
    assert (await verify(books.engine)).problems == []
