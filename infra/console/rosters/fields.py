"""What is typed on the pages of rosters, read into months, departments and how a list was received."""

from datetime import date

from infra.console.errors import FieldTrouble, Unprocessable
from infra.console.form_fields import FormFields
from processors.rosters.duty import DEPARTMENT_NAMES
from processors.rosters.list_comparison import ListReceipt
from processors.rosters.period import Period


def period_of(text: str) -> Period:
    """A month. Raises ``Unprocessable``."""
    try:
        return Period.parse(text)
    except ValueError:
        raise Unprocessable(FieldTrouble("所属月份", f"“{text}”应写成 2019-06", "month: write 2019-06")) from None


def region_of(text: str) -> str:
    """A region's code. Raises ``Unprocessable``."""
    return FormFields({"region": [text.strip()]}).region("region", "统筹区")


def source_of(text: str) -> str:
    """A department, ``civil-affairs/360923``. Raises ``Unprocessable``."""
    department, _, region = text.partition("/")
    fields = FormFields({"department": [department], "region": [region]})
    return f"{fields.choice('department', '部门', DEPARTMENT_NAMES)}/{fields.region('region', '统筹区')}"


def receipt_of(fields: FormFields, today: date) -> ListReceipt:
    """How an uploaded list was received. Raises ``Unprocessable``."""
    month = period_of(fields.raw("period"))
    return ListReceipt(
        source_of(f"{fields.raw('department')}/{fields.raw('region')}"),
        month,
        fields.maybe(fields.day, "received", "收到日期") or today,
        fields.maybe(fields.day, "effective_on", "生效日期") or month.first,
    )
