"""The certification passes a gateway that does as the interface says, and says of any other what is wrong."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.sandbox.certification import CertificationRun, Step, StepFailed, certify, check_identities
from infra.sandbox.certification_steps import STEPS
from infra.sandbox.reference_his import CallFailed
from tests.program import claims
from tests.sandbox.harness import sandbox

BALANCED = {
    "medfee_sumamt": 100,
    "fulamt_ownpay_amt": 5,
    "overlmt_selfpay": 3,
    "preselfpay_amt": 2,
    "inscp_scp_amt": 90,
    "fund_pay_sumamt": 60,
    "psn_part_amt": 39,
    "hosp_part_amt": 1,
    "acct_pay": 9,
    "psn_cash_pay": 30,
    **dict.fromkeys(("cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay"), 0),
    "hifp_pay": 50,
    "oth_pay": 10,
}


def answer(sign: int = 1, **changed: Any) -> dict[str, Any]:
    rows = [{"fund_payamt": Decimal(sign * each)} for each in changed.pop("details", (50, 10))]
    info = {name: Decimal(sign) * Decimal(str(value)) for name, value in (BALANCED | changed).items()}
    return {"setlinfo": info, "setldetail": rows}


def test_identities_hold_of_a_settlement_and_its_reversal() -> None:
    check_identities(answer())
    check_identities(answer(-1), sign=-1)


@pytest.mark.parametrize(
    "changed",
    [
        {"inscp_scp_amt": "90.01"},
        {"psn_part_amt": "39.01", "psn_cash_pay": "30.01"},
        {"psn_cash_pay": "29.99"},
        {"oth_pay": "10.01"},
        {"details": (50, 9)},
    ],
)
def test_each_identity_is_checked_to_the_fen(changed: dict[str, Any]) -> None:
    with pytest.raises(StepFailed):
        check_identities(answer(**changed))


def test_a_reversal_whose_amounts_are_not_negative_fails() -> None:
    with pytest.raises(StepFailed):
        check_identities(answer(), sign=-1)


async def test_a_step_that_fails_stops_no_other() -> None:
    async def refused(_run: CertificationRun) -> None:
        raise CallFailed("2401", -2, "未参保")

    async def malformed(_run: CertificationRun) -> None:
        raise KeyError("setlinfo")

    async def well(_run: CertificationRun) -> None:
        return

    steps = [Step(key, (), key, key, run) for key, run in (("a", refused), ("b", malformed), ("c", well))]
    run: Any = None
    results = [each.json() for each in await certify(run, steps)]
    assert [each["passed"] for each in results] == [False, False, True]
    assert "2401 infcode -2: 未参保" in results[0]["why"]
    assert "setlinfo" in results[1]["why"]


async def test_a_gateway_of_its_own_passes_every_step() -> None:
    done = await claims("sandbox", "certify", "--json")
    assert done.code == 0, done.out.decode() + done.err
    assert [each["step"] for each in done.rows] == [step.key for step in STEPS]
    assert all(each["passed"] and not each["why"] for each in done.rows)


async def test_a_running_sandbox_passes_again_and_again_and_tells_what_programs_did(server_folder: Path) -> None:
    async with sandbox(server_folder) as ready:
        at = ("--data-dir", server_folder / "ledger")
        for _ in range(2):
            done = await claims("sandbox", "certify", "--url", ready["url"], *at, "--json")
            assert done.code == 0, done.out.decode() + done.err
        told = (await claims("sandbox", "report", *at, "--json")).rows
        hospital, pharmacy = ready["hospitals"][0]["fixmedins_code"], "P99010100001"
        by_call = {(each["hospital_id"], each["infno"]): each for each in told}
        # of two runs each: three settlements, and two that 2601 took back
        settled = by_call[hospital, "2304"]
        assert (settled["state"], settled["done"], settled["withdrawn"]) == ("done", 6, 4)
        assert by_call[hospital, "2403"]["state"] == "missing"
        # the last lines went to an admission that was taken back
        lines = by_call[hospital, "2301"]
        assert (lines["state"], lines["refused"]) == ("wrong", 2)
        assert "撤销" in lines["last_refusal"]
        assert {infno for code, infno in by_call if code == pharmacy} == {"9001", "2102", "2103", "2601", "9002"}
        nobody = await claims("sandbox", "certify", "--url", "http://127.0.0.1:9", *at, "--json")
        assert nobody.code == 1
        assert not any(each["passed"] for each in nobody.rows)
        assert "没有应答" in nobody.rows[0]["why"]
