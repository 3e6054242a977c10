"""2601 冲正: takes back a transaction, in flight or done, twice alike, and one that has not come before it comes."""

from collections.abc import Mapping

from events.codes import is_id
from infra.gateway.answers import Answer
from infra.gateway.national.call import Call, NationalRefused, Original
from infra.gateway.national.frame import lock_key
from infra.gateway.national.registry import UNDOS, transaction
from infra.gateway.national.reply import DONE, kept_answer
from infra.gateway.services import Services
from processors.visits.transactions import ReceivedTransaction, find, load_sent, withdraw

ORIGINAL_WITHIN_S = 12.0
"""How long the transaction that is to be taken back may still be in work."""


@transaction("2601")
async def reverse(services: Services, call: Call) -> None:
    """Take back the transaction that ``omsgid`` and ``oinfno`` name."""
    infno, msgid = _original_of(call)
    place = call.fixmedins_code, infno, msgid
    try:
        async with services.locks.held(lock_key(*place), within_s=ORIGINAL_WITHIN_S):
            async with services.engine.connect() as connection:
                found = await find(connection, *place)
            if found is not None and found.state != "withdrawn":
                await _take_back(services, call, found)
            async with services.transaction() as connection:
                await withdraw(connection, *place)
    except TimeoutError:
        raise NationalRefused(f"原交易 {infno} 仍在处理，请稍后再冲正", system=True) from None


async def _take_back(services: Services, call: Call, found: ReceivedTransaction) -> None:
    output = None
    if found.reply is None and found.state == "answered":  # whether anything was done is not known any more
        raise NationalRefused("原交易的应答已过保存期：不能再冲正，已结算的请办理结算撤销(2305、2208、2103)")
    if found.reply is not None and found.key_id is not None:
        kept = kept_answer(services.keys.open(found.key_id, found.reply, found.about))
        if kept.infcode != DONE:  # it was refused: nothing was done
            return
        output = kept.output
    answers = await _outcome(services, call, found) if found.state == "open" else {}
    await UNDOS[found.infno](services, call, Original(found.number, found.infno, found.msgid, output, answers))


async def _outcome(services: Services, call: Call, found: ReceivedTransaction) -> Mapping[str, Answer]:
    """What became of the events of a transaction that was never answered; raises ``LedgerSilent``."""
    async with services.engine.connect() as connection:
        sent = await load_sent(connection, found.number)
    return {event.event_id: await services.send_again(call.source, event) for event in sent}


def _original_of(call: Call) -> tuple[str, str]:
    data = call.input.get("data")
    if not isinstance(data, Mapping):
        raise NationalRefused("input.data 缺失，请填写 omsgid 和 oinfno")
    infno, msgid = str(data.get("oinfno", "")), str(data.get("omsgid", ""))
    for name, value in (("oinfno（原交易编号）", infno), ("omsgid（原发送方报文ID）", msgid)):
        if not is_id(value):
            raise NationalRefused(f"{name}缺失或不正确，请填写要冲正的交易")
    if infno not in UNDOS:
        raise NationalRefused(f"交易 {infno} 不能冲正，可冲正的有 {'、'.join(sorted(UNDOS))}")
    return infno, msgid
