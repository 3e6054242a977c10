"""What sources ask of the ledger by request and reply beside trial settlements: how it is read, and who is told."""

from datetime import date
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from events.catalog import BUREAU, HOSPITAL
from events.codes import ID_PATTERN
from events.fact_fields import DAY_PATTERN, FIRST_DAY, LAST_DAY
from events.refusals import Refusal

EnquiredId = Annotated[str, Meta(pattern=ID_PATTERN)]
EventId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00]*$")]
EnquiredDay = Annotated[date, Meta(extra_json_schema={"pattern": DAY_PATTERN})]
"""From ``FIRST_DAY`` to ``LAST_DAY``, as in an event."""
EnquiryAmount = Annotated[str, Meta(pattern=r"^-?[0-9]{1,13}(\.[0-9]{1,2})?$", description="yuan")]
Enquiry = TypeVar("Enquiry", bound=Struct)


def read_enquiry(body: bytes, form: type[Enquiry]) -> Enquiry:
    """What is asked. Raises ``Refusal``: malformed, with the field that is wrong."""
    try:
        asked = msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        fields = "、".join(form.__struct_fields__)
        raise Refusal(
            "malformed", f"the request can't be read: {error}", f"请求应为 JSON 对象，可用的字段：{fields}（{error}）"
        ) from None
    for name in form.__struct_fields__:
        value = getattr(asked, name)
        if isinstance(value, date) and not FIRST_DAY <= value <= LAST_DAY:
            raise Refusal(
                "malformed",
                f"{name} must lie between {FIRST_DAY} and {LAST_DAY}",
                f"{name} 须在 {FIRST_DAY} 与 {LAST_DAY} 之间",
            )
    return asked


def hospital_asking(asker: str | None) -> str | None:
    """The number of the hospital that asks; None where none does."""
    kind, _, id_ = (asker or "").partition("/")
    return id_ if kind == HOSPITAL else None


def may_ask(asker: str | None, *, hospital_id: str, region: str, on_paper: bool) -> bool:
    """Whether an asker is told of a claim of a hospital, of a person of a region.

    A hospital is told of its own but of a bill ``on_paper``, which is the person's and the bureau's; a bureau of its
    region's persons; the ledger's own user (None) of all.
    """
    return asker in (None, f"{BUREAU}/{region}") or (not on_paper and asker == f"{HOSPITAL}/{hospital_id}")
