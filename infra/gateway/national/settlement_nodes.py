"""The nodes by which settlements are asked for, tried and reversed (2303, 2304, 2206, 2207, 2101, 2102, 2305, 2208)."""

from infra.gateway.national.fields import CodeOf, Fen, Flag, InsuranceCode, Moment, Node, Number, Words


class SettlementRequest(Node):
    """What every settlement states. The certificate, the way of settling and the account's use decide nothing here."""

    psn_no: Number
    insutype: InsuranceCode
    medfee_sumamt: Fen
    invono: Words | None = None
    mdtrt_cert_type: CodeOf | None = None
    fulamt_ownpay_amt: Fen | None = None
    overlmt_selfpay: Fen | None = None
    preselfpay_amt: Fen | None = None
    inscp_scp_amt: Fen | None = None


class StaySettlementNode(SettlementRequest):
    """``data`` of 2303 and 2304."""

    mdtrt_id: Number
    mid_setl_flag: Flag = False
    dscgTime: Moment | None = None  # noqa: N815, the interface's own spelling


class VisitSettlementNode(SettlementRequest):
    """``data`` of 2206 and 2207."""

    mdtrt_id: Number
    med_type: CodeOf
    chrg_bchno: Number


class PurchaseNode(SettlementRequest):
    """``druginfo`` of 2101 and 2102."""

    begntime: Moment
    med_type: CodeOf = "41"
    dise_codg: CodeOf | None = None


class ReversalNode(Node):
    """``data`` of 2305, 2208 and 2103."""

    mdtrt_id: Number
    setl_id: Number
    psn_no: Number
