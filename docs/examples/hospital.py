"""A hospital's client: admits and discharges a person, prints the answer.

    python docs/examples/hospital.py NATS_URL HOSPITAL_ID PERSON_ID DAY

Needs nats-py. NATS_URL as `claims access hospital HOSPITAL_ID` shows it, DAY as YYYY-MM-DD.
"""

import asyncio
import json
import sys

import nats

BILL = {"total": "8000", "in_scope": "7000", "upfront_copay": "400", "over_limit": "100", "self_funded": "500"}


async def main(url: str, hospital: str, person: str, day: str) -> None:
    # Its user may listen on inboxes of this name only.
    client = await nats.connect(url, inbox_prefix=f"_INBOX_hospital_{hospital}".encode())
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

    # The mailbox keeps what was not acknowledged, also while this program is not running.
    mailbox = await client.jetstream().pull_subscribe_bind(f"answers-hospital-{hospital}", stream="ANSWERS")
    answer = {"subject": "", "type": ""}
    while answer["subject"] not in (admission, claim) or answer["type"] in ("event.waiting.v1", "event.accepted.v1"):
        (message,) = await mailbox.fetch(1, timeout=30)
        answer = json.loads(message.data)
        await message.ack()  # once it is in the hospital's own books
    print(json.dumps(answer, ensure_ascii=False, indent=2))
    await client.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
