"""A payer's client: hears what is booked on its fund in its region, prints each booking and the sum.

    python docs/examples/payer.py NATS_URL FUND REGION [COUNT]

Needs nats-py. NATS_URL as `claims access payer FUND.REGION` shows it. Ends after COUNT bookings, where that is given.
"""

import asyncio
import json
import sys
from decimal import Decimal

import nats
from nats.errors import TimeoutError as NothingYet


async def main(url: str, fund: str, region: str, count: str = "0") -> None:
    turned_away = asyncio.Event()

    async def complain(error: Exception) -> None:
        print(f"NATS: {error}", file=sys.stderr)
        if "authorization violation" in str(error).lower():
            turned_away.set()

    inbox = f"_INBOX_payer_{fund}-{region}".encode()
    client = await nats.connect(url, inbox_prefix=inbox, max_reconnect_attempts=-1, error_cb=complain)
    mailbox = await client.jetstream().pull_subscribe_bind(f"payouts-{fund}-{region}", stream="PAYOUTS")
    # Your own books: what was told before, by its id. Keep them where they outlive this program.
    books: dict[str, Decimal] = {}
    while not turned_away.is_set():
        try:
            messages = await mailbox.fetch(20, timeout=5)
        except NothingYet:
            continue
        for message in messages:
            if not message.subject.startswith(f"claims.payouts.{fund}.{region}."):
                continue
            booking = json.loads(message.data)
            if booking["id"] not in books:  # told again, it changes nothing
                books[booking["id"]] = Decimal(booking["data"]["amount"])
                print(json.dumps(booking, ensure_ascii=False))
            await message.ack()
        if len(books) >= int(count) > 0:
            print(f"{fund} {region}: {sum(books.values())} yuan")
            return await client.close()
    sys.exit("the password no longer holds: ask the county for the new one")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
