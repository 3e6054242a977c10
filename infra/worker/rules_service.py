"""What a county offers, told over NATS: the settings and diseases of the scheme in force for a region's people."""

from contextlib import suppress
from datetime import date

import orjson
import structlog
from faststream.nats import NatsBroker
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import RESIDENT, is_code, is_region
from infra.access.sources import RULES
from infra.worker.failures import error_line
from infra.worker.request_service import UNAVAILABLE, refused_reply, send_reply
from processors.law.offers import offered
from processors.law.pinned_schemes import PinnedSchemes

_WORKERS = "rules"
_log = structlog.get_logger(__name__)


class RulesService:
    """Answers ``claims.rules``; one request at a time, which costs one look at the schemes in force."""

    def __init__(self, broker: NatsBroker, engine: AsyncEngine) -> None:
        self._broker = broker
        self._engine = engine
        self._pinned = PinnedSchemes()
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Listen; the broker is connected."""
        self._subscription = await self._broker.connection.subscribe(RULES, queue=_WORKERS, cb=self._answer)

    async def stop(self) -> None:
        """Listen no more."""
        if self._subscription is not None:
            with suppress(NatsError):  # the connection is gone
                await self._subscription.unsubscribe()
            self._subscription = None

    async def _answer(self, message: Msg) -> None:
        if message.reply:
            await send_reply(message, await self._reply(message.data))

    async def _reply(self, body: bytes) -> dict[str, object]:
        try:
            asked = orjson.loads(body)
            region, day = asked["region"], date.fromisoformat(asked["day"])
            insured_as = asked.get("insurance_type", RESIDENT)
            if not is_region(region) or not is_code(insured_as):
                raise ValueError(region)
        except (ValueError, KeyError, TypeError):
            form = '{"region": "230803", "day": "2019-05-06", "insurance_type": "resident"}'
            return refused_reply("malformed", f"ask {form}", f"请求应为 {form}")
        try:
            async with self._engine.connect() as connection:
                await self._pinned.refresh(connection)
        except Exception as error:  # noqa: BLE001 - a server that is away: the asker would see a timeout only
            _log.warning("rules not told", error=error_line(error))
            return refused_reply(UNAVAILABLE, "not now: ask again later", "暂时不能答复：请稍后再问")
        serving = self._pinned.all_for_region(region, day)
        scheme = self._pinned.for_region(region, day, insured_as)
        if scheme is None:
            served = ", ".join(code for each in serving for code in each.insurance_types) or "none"
            who = f"{region} as {insured_as} on {day}"
            detail = f"no scheme is in force for {who}; insurance types served: {served}"
            detail_zh = f"{region} 在 {day} 没有参保类型 {insured_as} 的方案；有方案的参保类型：{served}"
            return refused_reply("no_policy", detail, detail_zh)
        return {"rules": offered(scheme, day).told(region)}
