"""One call of the national interface from its bytes to its answer: whatever is sent, infcode and a reason come back.

A transaction that is kept happens once: the same hospital, infno, msgid and input get the same bytes again, also from
another gateway and after a restart. What the system failed to do stays open, and is gone on with when it comes again.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from events.county_time import COUNTY_TIME
from infra.gateway.national.call import Call, NationalRefused
from infra.gateway.national.checks import check_caller, encrypted, opened
from infra.gateway.national.envelope import Envelope, read_envelope
from infra.gateway.national.file_reply import FileContent
from infra.gateway.national.registry import Registered, known_transactions
from infra.gateway.national.reply import (
    DONE,
    REFUSED,
    SYSTEM_FAULT,
    Outcome,
    kept_answer,
    kept_bytes,
    reply_bytes,
    reply_output,
)
from infra.gateway.services import LedgerSilent, Services
from processors.offices.refusal import StepRefused
from processors.visits.hospital_settings import HospitalSettings
from processors.visits.transactions import ReceivedTransaction, begin, find, keep_answer

log = structlog.get_logger(__name__)
CALL_WITHIN_S = 18.0
"""How long a call may take: hospitals' programs wait 20 s at least."""
AT_ONCE = 64
"""How many calls of one hospital are in work at once: a hospital whose calls stall takes no place of another's."""
LATER = "系统暂时不能处理，请稍后以同一msgid重发"
SILENT = "结算超时，请先冲正(2601)或稍后以同一msgid重发"
TOO_MANY = "本机构同时在办的交易过多，请稍后重发"


@dataclass(slots=True)
class NationalDoor:
    """Answers the national interface over one set of services."""

    services: Services
    _in_work: dict[str, int] = field(default_factory=dict)

    async def answer(self, raw: bytes, address: str, headers: Mapping[str, str]) -> bytes | FileContent:
        """The answer to a request's bytes, from the caller's IP address: a document or a file. It never raises."""
        reading = _Reading(datetime.now(COUNTY_TIME))
        try:
            async with asyncio.timeout(CALL_WITHIN_S):
                return await self._answer(reading, raw, address, headers)
        except NationalRefused as refused:
            outcome = Outcome(SYSTEM_FAULT if refused.system else REFUSED, refused.message_zh)
        except (LedgerSilent, TimeoutError) as error:
            log.warning("no answer in time", infno=reading.infno, hospital=reading.hospital_id, error=str(error))
            outcome = Outcome(SYSTEM_FAULT, SILENT)
        except Exception as error:
            away = isinstance(error, SQLAlchemyError | OSError | StepRefused)
            told = {"infno": reading.infno, "hospital": reading.hospital_id, "error": type(error).__name__}
            log.error("a call failed", **told, exc_info=None if away else error)
            outcome = Outcome(SYSTEM_FAULT, LATER)
        return reading.reply(outcome)

    async def _answer(
        self, reading: "_Reading", raw: bytes, address: str, headers: Mapping[str, str]
    ) -> bytes | FileContent:
        envelope = read_envelope(raw)
        reading.take(envelope)
        async with self.services.autocommit.connect() as connection:
            now = await self.services.hospitals.refresh(connection)
        reading.received_at = now.astimezone(COUNTY_TIME)
        hospital = self._hospital(envelope.fixmedins_code)
        check_caller(hospital, address, headers, reading.received_at)
        envelope = opened(hospital, envelope)
        reading.hospital = hospital
        registered = known_transactions().get(envelope.infno)
        if registered is None:
            raise NationalRefused(f"本接口不提供交易 {envelope.infno}，请核对交易编号")
        async with self._turn(hospital.hospital_id):
            if registered.kept:
                return await self._once(reading, registered, envelope, hospital)
            call = _call(envelope, hospital, reading.received_at, 0)
            output = await registered.handler(self.services, call)
            return output if isinstance(output, FileContent) else reading.reply(Outcome(DONE, output=output))

    def _hospital(self, hospital_id: str) -> HospitalSettings:
        hospital = self.services.hospitals.find(hospital_id)
        if hospital is None:
            raise NationalRefused(f"机构 {hospital_id} 未在本接口登记或已停用，请联系医保经办机构登记")
        return hospital

    @asynccontextmanager
    async def _turn(self, hospital_id: str) -> AsyncIterator[None]:
        held = self._in_work.get(hospital_id, 0)
        if held >= AT_ONCE:
            raise NationalRefused(TOO_MANY, system=True)
        self._in_work[hospital_id] = held + 1
        try:
            yield
        finally:
            self._in_work[hospital_id] -= 1
            if not self._in_work[hospital_id]:
                del self._in_work[hospital_id]

    async def _once(
        self, reading: "_Reading", registered: Registered, envelope: Envelope, hospital: HospitalSettings
    ) -> bytes:
        """Do a transaction, or give the answer that it had."""
        place = hospital.hospital_id, envelope.infno, envelope.msgid
        digest = input_digest(envelope.input)
        async with self.services.locks.held(lock_key(*place), within_s=CALL_WITHIN_S):
            async with self.services.autocommit.connect() as connection:
                found = await begin(connection, *place, digest)
            if found.digest != digest and found.state != "withdrawn":
                raise NationalRefused(
                    f"msgid {envelope.msgid} 已用于内容不同的另一笔 {envelope.infno} 交易，请换新的msgid"
                )
            ended = self._ended(found)
            if ended is not None:
                return ended
            reading.received_at = found.received_at.astimezone(COUNTY_TIME)
            call = _call(envelope, hospital, reading.received_at, found.number)
            try:
                outcome = Outcome(DONE, output=await registered.handler(self.services, call))
            except NationalRefused as refused:
                if refused.system:
                    raise
                outcome = Outcome(REFUSED, refused.message_zh)
            document = reading.reply(outcome)
            if await self._keep(found, kept_bytes(outcome, document)):
                return document
            return await self._ended_meanwhile(place)

    async def _keep(self, found: ReceivedTransaction, kept: bytes) -> bool:
        keys = self.services.keys
        async with self.services.autocommit.connect() as connection:
            return await keep_answer(connection, found.number, keys.seal(kept, found.about), keys.current)

    async def _ended_meanwhile(self, place: tuple[str, str, str]) -> bytes:
        """The answer to a transaction that another call ended, for its lock was lost with its connection."""
        async with self.services.autocommit.connect() as connection:
            found = await find(connection, *place)
        ended = None if found is None else self._ended(found)
        if ended is None:
            raise AssertionError(f"transaction {place} takes no answer and is open")
        return ended

    def _ended(self, found: ReceivedTransaction) -> bytes | None:
        """The answer of a transaction that has ended, None of one that is open. Raises ``NationalRefused``."""
        if found.state == "withdrawn":
            raise NationalRefused("该交易已被冲正，不再办理；如需办理请换新的msgid重新发起")
        if found.reply is not None and found.key_id is not None:
            return kept_answer(self.services.keys.open(found.key_id, found.reply, found.about)).document.encode()
        if found.state == "answered":
            raise NationalRefused("该交易早已办结，其应答已过保存期：请用查询交易核对，勿再以此msgid重发")
        return None


@dataclass(slots=True)
class _Reading:
    """What is known of a request so far, for the answer to it."""

    received_at: datetime
    infno: str = ""
    hospital_id: str = ""
    region: str = ""
    hospital: HospitalSettings | None = None

    def take(self, envelope: Envelope) -> None:
        """Note what the envelope says; that it is true is not known yet."""
        self.infno, self.hospital_id = envelope.infno, envelope.fixmedins_code
        self.region = envelope.mdtrtarea_admvs or envelope.insuplc_admdvs

    def reply(self, outcome: Outcome) -> bytes:
        """The answer, as the hospital wants it."""
        hospital = self.hospital
        sm4_key = None if hospital is None else hospital.secrets.sm4_key
        extra: dict[str, str] = {}
        if sm4_key is not None and outcome.output is not None:
            clear = reply_output(outcome.output)
            extra = {"output": encrypted(sm4_key, clear), "enctype": "SM4"}
        return reply_bytes(
            outcome,
            region=self.region,
            received_at=self.received_at,
            infcode_text=hospital is not None and hospital.infcode_text,
            extra=extra,
        )


def lock_key(hospital_id: str, infno: str, msgid: str) -> str:
    """What a transaction is locked under."""
    return f"claims gateway {hospital_id} {infno} {msgid}"


def input_digest(content: object) -> bytes:
    """SHA-256 over an input in one way of writing it: the order of fields and blanks do not count."""
    written = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(written.encode()).digest()


def _call(envelope: Envelope, hospital: HospitalSettings, received_at: datetime, number: int) -> Call:
    if isinstance(envelope.input, str):
        raise AssertionError("an encrypted input was not opened")
    return Call(
        infno=envelope.infno,
        msgid=envelope.msgid,
        fixmedins_code=envelope.fixmedins_code,
        opter=envelope.opter,
        opter_name=envelope.opter_name,
        insuplc_admdvs=envelope.insuplc_admdvs,
        mdtrtarea_admvs=envelope.mdtrtarea_admvs,
        received_at=received_at,
        hospital=hospital,
        input=envelope.input,
        number=number,
    )
