"""What a lane deletes from the streams."""

import nats
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.lane import Lane
from infra.sending import Outgoing, publish_all
from infra.streams import INTAKE, ensure_streams
from processors.intake import Intake


@pytest.mark.parametrize("first_seq", [1, 40])
async def test_a_lane_that_has_read_no_position_deletes_nothing(
    engine: AsyncEngine, nats_url: str, first_seq: int
) -> None:
    client = await nats.connect(nats_url)
    js = client.jetstream()
    await ensure_streams(js, {INTAKE: first_seq - 1})
    sent = await publish_all(client, [Outgoing("claims.intake.hospital.H1._", b"{}")] * 3)
    await Lane(engine, client, Intake(1), 0).tidy()
    state = (await js.stream_info(INTAKE)).state
    assert (sent, state.messages, state.first_seq) == ([first_seq + n for n in range(3)], 3, first_seq)
    await client.close()
