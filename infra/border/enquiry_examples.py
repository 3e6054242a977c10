"""A request and its reply for each subject of docs/enquiries.md; that on ``claims.statement`` has a statement too."""

from collections.abc import Mapping
from typing import Any

from infra.access.sources import ENTITLEMENT, RECONCILE, STATEMENT, STATUS

_SUMS = {"total": "20000.00", "funds": "10320.00", "patient_share": "9680.00"}
ENQUIRY_EXAMPLES: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    STATUS: ({"claim_id": "C1"}, {"status": {"claim_id": "C1", "state": "settled", "revision": 1}}),
    ENTITLEMENT: (
        {"person_id": "P1", "day": "2019-05-06"},
        {
            "entitlement": {
                "person_id": "P1",
                "day": "2019-05-06",
                "insured": True,
                "region": "220621",
                "insurance_type": "resident",
                "insurance_type_zh": "居民",
                "from": "2019-01-01",
                "last": "2019-12-31",
                "categories": [{"code": "registered_poor", "name": "建档立卡贫困人口"}],
                "chronic_cards": [{"disease": "hypertension", "name": "高血压", "class": "II"}],
                "limits": [
                    {
                        "layer": "basic",
                        "layer_zh": "基本医保",
                        "track": "inpatient",
                        "bound": "cap",
                        "bound_zh": "封顶线",
                        "amount": "100000.00",
                        "used": "10320.00",
                        "left": "89680.00",
                    }
                ],
            }
        },
    ),
    STATEMENT: (
        {"claim_id": "C1"},
        {
            "account": {
                "bill": {
                    "total": "20000.00",
                    "in_scope": "18000.00",
                    "upfront_copay": "1000.00",
                    "over_limit": "0.00",
                    "self_funded": "1000.00",
                },
                "categories": [{"code": "registered_poor", "name": "建档立卡贫困人口"}],
                "payers": [
                    {
                        "layer": "basic",
                        "layer_zh": "基本医保",
                        "fund": "basic_fund",
                        "fund_zh": "基本医保基金",
                        "insurer": None,
                        "insurer_zh": None,
                        "paid": "10320.00",
                    }
                ],
                "deductible": "800.00",
                "accumulations": [
                    {
                        "year": 2019,
                        "layer": "basic",
                        "layer_zh": "基本医保",
                        "track": "inpatient",
                        "before": {"paid": "0.00", "base": "0.00"},
                        "after": {"paid": "10320.00", "base": "17200.00"},
                    }
                ],
                "capitals": {"total": "贰万元整", "paid": "壹万零叁佰贰拾元整", "patient_share": "玖仟陆佰捌拾元整"},
            }
        },
    ),
    RECONCILE: (
        {"day": "2019-05-10", "count": 1, **_SUMS},
        {
            "reconciliation": {
                "day": "2019-05-10",
                "agrees": True,
                "stated": {"count": 1, **_SUMS},
                "ledger": {"count": 1, **_SUMS},
                "claims": [],
                "left_off": 0,
            }
        },
    ),
}
