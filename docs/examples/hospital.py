"""A hospital's client: admits and discharges a person, prints the answer.

    python docs/examples/hospital.py NATS_URL HOSPITAL_ID PERSON_ID DAY

Needs nats-py. NATS_URL as `claims access hospital HOSPITAL_ID` shows it, DAY as YYYY-MM-DD.
"""

import asyncio
import json
import sys

import nats
from nats.errors import TimeoutError as NothingYet

BILL = {"total": "8000", "in_scope": "7000", "upfront_copay": "400", "over_limit": "100", "self_funded": "500"}


async def main(url: str, hospital: str, person: str, day: str) -> None:
    turned_away = asyncio.Event()

    async def complain(error: Exception) -> None:
        print(f"NATS: {error}", file=sys.stderr)
        if "authorization violation" in str(error).lower():
            turned_away.set()

    # A cut line comes back by itself, a password that no longer holds does not. Its user may listen on inboxes of this
    # name only.
    inbox = f"_INBOX_hospital_{hospital}".encode()
    client = await nats.connect(url, inbox_prefix=inbox, max_reconnect_attempts=-1, error_cb=complain)
    # Numbers out of the hospital's own books: sent again, they are the same events and change nothing.
    admission, claim = f"{hospital}-A-{person}-{day}", f"{hospital}-C-{person}-{day}"
    stay = {"admission_id": admission, "person_id": person}
    admitted = {**stay, "hospital_id": hospital, "admitted_on": day, "diagnoses": ["I63.9"]}
    discharged = {**stay, "claim_id": claim, "discharged_on": day, "bill": BILL}

    for kind, id_, data in ("admission", admission, admitted), ("discharge", claim, discharged):
        event = {"specversion": "1.0", "source": f"hospital/{hospital}", "type": f"{kind}.recorded.v1", "id": id_}
        # Returns once INTAKE has the event on disk; on a timeout send the same bytes again.
        body = json.dumps(event | {"data": data}).encode()
        await client.jetstream().publish(f"claims.intake.hospital.{hospital}.{person}", body)

    # The mailbox keeps what was not acknowledged, also while this program is not running. Its inbox is a random one.
    mailbox = await client.jetstream().pull_subscribe_bind(f"answers-hospital-{hospital}", stream="ANSWERS")
    while not turned_away.is_set():
        try:
            (message,) = await mailbox.fetch(1, timeout=5)
        except NothingYet:  # short: what was asked for before a line was cut is not heard of any more
            continue
        if not message.subject.startswith(f"claims.answers.hospital.{hospital}."):
            continue  # not an answer to this hospital: another led it here
        answer = json.loads(message.data)
        await message.ack()  # once it is in the hospital's own books
        refused = answer["type"] == "event.rejected.v1" and answer["subject"] in (admission, claim)
        if refused or (answer["subject"] == claim and answer["type"].startswith("claim.")):
            print(json.dumps(answer, ensure_ascii=False, indent=2))
            return await client.close()
    sys.exit("the password no longer holds: ask the county for the new one")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
