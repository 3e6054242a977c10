"""The certification: step by step what a vendor's certification asks, each passed or failed with the reason."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import orjson

from infra.sandbox.reference_his import CallFailed, ReferenceHis

Publish = Callable[[Iterable[Mapping[str, Any]]], Awaitable[None]]
"""Tells the ledger facts of the county's offices, and returns once what they change is settled."""
_PARTS = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
_FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")
_BORNE = ("fund_pay_sumamt", "psn_part_amt", "hosp_part_amt")


class StepFailed(Exception):
    """What is wrong with a step, in both languages."""


@dataclass(eq=False)
class CertificationRun:
    """One run: programs of a hospital and a pharmacy, a person nobody has treated, and what the steps found so far."""

    hospital: ReferenceHis
    pharmacy: ReferenceHis
    psn_no: str
    publish: Publish
    statement: Callable[[str], Awaitable[Mapping[str, Any]]]
    """The ledger's statement of a claim, JSON as docs/contract.md has it."""
    found: dict[str, Any] = field(default_factory=dict)

    def of(self, name: str) -> Any:
        """What an earlier step found. Raises ``StepFailed`` where it found nothing."""
        if name not in self.found:
            raise StepFailed("前面的步骤没有成功 an earlier step failed")
        return self.found[name]


StepFunction = Callable[[CertificationRun], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: ``key`` names it to programs, ``infnos`` are the transactions that it tries."""

    key: str
    infnos: tuple[str, ...]
    name: str
    name_en: str
    run: StepFunction


@dataclass(frozen=True, slots=True)
class StepResult:
    """Whether a step passed; ``why`` not, else empty."""

    step: Step
    why: str

    @property
    def passed(self) -> bool:
        """Whether all was as it should be."""
        return not self.why

    def json(self) -> dict[str, Any]:
        """As a program reads it."""
        named = {"step": self.step.key, "infnos": list(self.step.infnos), "name": self.step.name}
        return {**named, "passed": self.passed, "why": self.why}


async def certify(run: CertificationRun, steps: Iterable[Step]) -> list[StepResult]:
    """Take all steps in order: one that fails stops no other."""
    return [StepResult(step, await _tried(run, step)) for step in steps]


async def _tried(run: CertificationRun, step: Step) -> str:
    try:
        await step.run(run)
    except (StepFailed, CallFailed) as failed:
        return str(failed)
    except httpx.HTTPError as error:
        return f"没有应答 no answer: {str(error) or type(error).__name__}"
    except (KeyError, IndexError, TypeError, ValueError, orjson.JSONDecodeError) as error:
        return f"应答的格式不对 not the interface's form: {type(error).__name__} {error}"
    return ""


def require(condition: bool, why: str) -> None:
    """Raise ``StepFailed`` unless a condition holds."""
    if not condition:
        raise StepFailed(why)


def check_identities(answer: Mapping[str, Any], sign: int = 1) -> None:
    """Every identity of a settlement's answer to the fen; ``sign`` -1 for a reversal. Raises ``StepFailed``."""
    info = answer["setlinfo"]
    total = Decimal(info["medfee_sumamt"])
    require(sign * total > 0, f"medfee_sumamt {total} 符号不对 has the wrong sign")
    sums = {
        "四部分之和 the four parts": (total, sum(Decimal(info[name]) for name in _PARTS)),
        "基金、个人、医院之和 funds, person and hospital": (total, sum(Decimal(info[name]) for name in _BORNE)),
        "个人账户与现金 account and cash": (
            Decimal(info["psn_part_amt"]),
            Decimal(info["acct_pay"]) + Decimal(info["psn_cash_pay"]),
        ),
        "各基金之和 the funds": (Decimal(info["fund_pay_sumamt"]), sum(Decimal(info[name]) for name in _FUNDS)),
        "setldetail": (
            Decimal(info["fund_pay_sumamt"]),
            sum(Decimal(row["fund_payamt"]) for row in answer["setldetail"]),
        ),
    }
    for name, (told, summed) in sums.items():
        require(told == summed, f"{name}: {summed} ≠ {told}")


def borne(answer: Mapping[str, Any]) -> dict[str, Decimal]:
    """Who bears a settlement's total."""
    return {name: Decimal(answer["setlinfo"][name]) for name in ("medfee_sumamt", *_BORNE)}
