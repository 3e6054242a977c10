"""Who a person is, and what a certificate's number is in its plain form."""

import re
from datetime import date
from typing import Literal

from msgspec import Struct

from events.national_ids import InvalidNationalId, normal_national_id

NATIONAL_ID = "01"
CERTIFICATE_NAMES: dict[str, str] = {
    NATIONAL_ID: "居民身份证",
    "02": "军官证",
    "03": "武警证",
    "04": "港澳通行证",
    "05": "台湾通行证",
    "06": "港澳台居民居住证",
    "07": "外国人永久居留身份证",
    "08": "护照",
    "90": "社会保障卡",
    "99": "其他证件",
}
"""By the code of psn_cert_type."""
IdentitySex = Literal["1", "2", "9"]
IDENTITY_SEX_NAMES: dict[IdentitySex, str] = {"1": "男", "2": "女", "9": "未说明"}
"""By the code of gend."""
RESIDENTS = "390"
"""The insutype of a row that states none: 城乡居民."""
_OTHER_CERTIFICATE = re.compile(r"[0-9A-Z()/-]{3,50}")


class Identity(Struct, frozen=True, forbid_unknown_fields=True):
    """A person as a list of the bureau states it. Codes are those of the national interface.

    ``certificate`` is the number in its plain form; ``ethnicity`` is naty, ``insurance`` insutype, ``person_type``
    psn_type, ``region`` insuplc_admdvs, each None where nobody stated it.
    """

    person_id: str
    name: str
    certificate_type: str
    certificate: str
    sex: IdentitySex
    born: date
    ethnicity: str | None = None
    insurance: str = RESIDENTS
    person_type: str | None = None
    region: str | None = None
    employer: str | None = None


def certificate_number(type_: str, text: str) -> str:
    """A certificate's number in its plain form. Raises ``ValueError``, whose message never holds the number."""
    if type_ == NATIONAL_ID:
        return normal_national_id(text)
    plain = _upper(text)
    if _OTHER_CERTIFICATE.fullmatch(plain) is None:
        raise ValueError("证件号码应为 3 至 50 个字母、数字 a certificate's number has 3 to 50 letters and digits")
    return plain


def sought_number(text: str) -> str:
    """The plain form of a number of which nobody said the type: that of a national ID where it is one."""
    try:
        return normal_national_id(text)
    except InvalidNationalId:
        return _upper(text)


def masked(certificate: str) -> str:
    """A number of which no more is shown than its last four characters."""
    return "*" * max(4, len(certificate) - 4) + certificate[-4:]


def sex_of(national_id: str) -> IdentitySex:
    """The sex that a national ID of 18 characters states (GB 11643: its 17th digit is odd for men)."""
    return "1" if int(national_id[16]) % 2 else "2"


def birth_of(national_id: str) -> date:
    """The day of birth that a national ID of 18 characters states."""
    return date(int(national_id[6:10]), int(national_id[10:12]), int(national_id[12:14]))


def _upper(text: str) -> str:
    return "".join(text.split()).upper()
