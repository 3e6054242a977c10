"""Stands in for the NATS CLI, which no package registry carries: the calls of docs/examples/hospital.sh, only these.

Each does on the wire what natscli's source does (0.5: cli/pub_command.go, req_command.go, sub_command.go): `pub` is one
message, with --jetstream a request whose answer must be an acknowledgement; `request` listens on a new inbox for one
reply; `sub` prints what comes on a subject, and with --ack responds to its reply subject.
"""

# ruff: noqa: T201
import argparse
import asyncio
import json
import os
import sys

import nats
from nats.aio.client import Client

TIMEOUT_S = 60.0  # natscli waits 5 s, which a busy machine may not meet


async def pub(client: Client, told: argparse.Namespace) -> None:
    body = told.body.encode()
    if told.jetstream:
        acknowledged = json.loads((await client.request(told.subject, body, TIMEOUT_S)).data)
        print(f"Stored in Stream: {acknowledged['stream']} Sequence: {acknowledged['seq']}")
    else:
        await client.publish(told.subject, body, reply=told.reply)
        await client.flush()


async def request(client: Client, told: argparse.Namespace) -> None:
    print((await client.request(told.subject, told.body.encode(), TIMEOUT_S)).data.decode())


async def sub(client: Client, told: argparse.Namespace) -> None:
    """As cli/util.go prints a message: what it is, its headers, an empty line below those, its body, an empty line."""
    subscription = await client.subscribe(told.subject)
    number = 0
    async for message in subscription.messages:
        number += 1
        if message.reply.startswith("$JS.ACK."):
            stream, consumer, delivered, place, delivery = message.reply.split(".")[2:7]
            kept = (
                f"subject: {message.subject} / delivered: {delivered} / consumer seq: {delivery} / stream seq: {place}"
            )
            print(f"[#{number}] Received JetStream message: consumer: {stream} > {consumer} / {kept} / ack: {told.ack}")
        else:
            print(f'[#{number}] Received on "{message.subject}"')
        for name, value in (message.headers or {}).items():
            print(f"{name}: {value}")
        print(("\n" if message.headers else "") + message.data.decode() + "\n", flush=True)
        if told.ack and message.reply:
            await client.publish(message.reply)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--inbox-prefix", required=True)
    commands = parser.add_subparsers(required=True)
    publish = commands.add_parser("pub")
    publish.add_argument("--jetstream", action="store_true")
    publish.add_argument("--reply", default="")
    ask = commands.add_parser("request")
    ask.add_argument("--raw", action="store_true", required=True)
    listen = commands.add_parser("sub")
    listen.add_argument("--ack", action="store_true")
    for command, call in ((publish, pub), (ask, request), (listen, sub)):
        command.add_argument("subject")
        command.set_defaults(call=call)
    for command in (publish, ask):
        command.add_argument("body")
    return parser.parse_args()


async def main() -> None:
    told = arguments()

    async def complain(error: Exception) -> None:
        print(error, file=sys.stderr)

    client = await nats.connect(
        os.environ["NATS_URL"], inbox_prefix=told.inbox_prefix.encode(), allow_reconnect=False, error_cb=complain
    )
    try:
        await told.call(client, told)
    finally:
        await client.close()


if __name__ == "__main__":
    asyncio.run(main())
