"""The nodes by which stays and visits are registered, changed and ended, NATIONAL 3 and 5, as far as they decide."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from infra.gateway.national.fields import (
    CodeOf,
    DiagnosisCode,
    Flag,
    InsuranceCode,
    Moment,
    Node,
    Number,
    Words,
    as_stored,
    nodes_of,
    read_node,
)

WESTERN = "1"
"""diag_type of an ICD-10 code; the others are of Chinese medicine."""
_KEPT_ELSEWHERE = frozenset({"mdtrt_cert_no", "certno", "coner_name", "tel", "psn_name", "card_sn", "psn_cert_type"})


class AdmissionNode(Node):
    """``mdtrtinfo`` of 2401."""

    psn_no: Number
    insutype: InsuranceCode
    begntime: Moment
    med_type: CodeOf
    ipt_no: Words
    dise_codg: CodeOf | None = None


class ChangeNode(Node):
    """``adminfo`` of 2403: what is absent stays as it was."""

    mdtrt_id: Number
    psn_no: Number
    begntime: Moment | None = None
    endtime: Moment | None = None
    med_type: CodeOf | None = None
    dise_codg: CodeOf | None = None


class DischargeNode(Node):
    """``dscginfo`` of 2402."""

    mdtrt_id: Number
    psn_no: Number
    endtime: Moment
    dise_codg: CodeOf | None = None


class VisitKey(Node):
    """``data`` of 2202, 2404, 2405: which visit of whom."""

    mdtrt_id: Number
    psn_no: Number


class RegistrationNode(Node):
    """``data`` of 2201."""

    psn_no: Number
    insutype: InsuranceCode
    begntime: Moment
    ipt_otp_no: Words


class VisitNode(Node):
    """``mdtrtinfo`` of 2203 and 2203A."""

    mdtrt_id: Number
    psn_no: Number
    med_type: CodeOf
    begntime: Moment
    dise_codg: CodeOf | None = None


class DiagnosisNode(Node):
    """One of ``diseinfo``."""

    diag_type: CodeOf = WESTERN
    maindiag_flag: Flag = False
    diag_srt_no: int = Field(default=99, ge=0, le=999)
    diag_code: DiagnosisCode


def diagnosis_nodes(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``diseinfo`` as it is kept, each checked; raises ``NationalRefused``."""
    nodes = nodes_of(given, "diseinfo", required=False)
    for place, node in enumerate(nodes, start=1):
        read_node(DiagnosisNode, node, f"diseinfo 第{place}条")
    return [as_stored(node) for node in nodes]


def diagnosis_codes(nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    """The ICD-10 codes of kept diagnoses, the main one first, then by their order; each once."""
    read = [read_node(DiagnosisNode, node, "diseinfo") for node in nodes]
    western = [node for node in read if node.diag_type == WESTERN]
    ordered = sorted(western, key=lambda node: (not node.maindiag_flag, node.diag_srt_no))
    return list(dict.fromkeys(node.diag_code for node in ordered))


def kept(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node as it is stored: without certificates, names and telephone numbers, which are the register's alone."""
    return as_stored({name: value for name, value in node.items() if name not in _KEPT_ELSEWHERE})
