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
    stream = client.jetstream()
    # Numbers out of the hospital's own books: sent again, they are the same events and change nothing.
    admission, claim = f"{hospital}-A-{person}-{day}", f"{hospital}-C-{person}-{day}"
    stay = {"admission_id": admission, "person_id": person}
    admitted = {**stay, "hospital_id": hospital, "admitted_on": day, "diagnoses": ["I63.9"]}
    discharged = {**stay, "claim_id": claim, "discharged_on": day, "bill": BILL}

    for id_, type_, data in (
        (admission, "admission.recorded.v1", admitted),
        (claim, "discharge.recorded.v1", discharged),
    ):
        event = {"specversion": "1.0", "id": id_, "source": f"hospital/{hospital}", "type": type_, "data": data}
        # Returns once INTAKE has the event on disk; on a timeout send the same bytes again.
        await stream.publish(f"claims.intake.hospital.{hospital}.{person}", json.dumps(event).encode())

    # The mailbox keeps what was not acknowledged, also while this program is not running.
    mailbox = await stream.pull_subscribe_bind(f"answers-hospital-{hospital}", stream="ANSWERS")
    answer = {"type": ""}
    while answer["type"] in ("", "event.waiting.v1"):
        (message,) = await mailbox.fetch(1, timeout=30)
        heard = json.loads(message.data)
        if heard["subject"] in (admission, claim):
            answer = heard
        await message.ack()  # once it is in the hospital's own books
    print(json.dumps(answer, ensure_ascii=False, indent=2))
    await client.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
