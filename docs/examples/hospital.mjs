// A hospital's client in Node: admits and discharges a person, prints the answer.
//
//     npm install @nats-io/transport-node @nats-io/jetstream
//     node docs/examples/hospital.mjs NATS_URL HOSPITAL_ID PERSON_ID DAY
//
// NATS_URL as `claims access hospital HOSPITAL_ID` shows it, DAY as YYYY-MM-DD.
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

const [told, hospital, person, day] = process.argv.slice(2);
const { host, username, password, protocol } = new URL(told);
const nc = await connect({
  servers: host, user: username, pass: password, maxReconnectAttempts: -1,
  inboxPrefix: `_INBOX_hospital_${hospital}`, // its user may listen on inboxes of this name only
  ...(protocol === "tls:" ? { tls: { handshakeFirst: true } } : {}),
});
// A cut line comes back by itself. What ends it for good is a password that no longer holds (claims access --end-old).
nc.closed().then((error) => error && (console.error(`closed: ${error.message}`), process.exit(1)));

const bill = { total: "8000", in_scope: "7000", upfront_copay: "400", over_limit: "100", self_funded: "500" };
// Numbers out of the hospital's own books: sent again, they are the same events and change nothing.
const admission = `${hospital}-A-${person}-${day}`, claim = `${hospital}-C-${person}-${day}`;
const stay = { admission_id: admission, person_id: person };
const js = jetstream(nc);
for (const [kind, id, data] of [
  ["admission", admission, { ...stay, hospital_id: hospital, admitted_on: day, diagnoses: ["I63.9"] }],
  ["discharge", claim, { ...stay, claim_id: claim, discharged_on: day, bill }],
]) {
  const event = { specversion: "1.0", source: `hospital/${hospital}`, type: `${kind}.recorded.v1`, id, data };
  // Returns once INTAKE has the event on disk; on a timeout send the same bytes again.
  await js.publish(`claims.intake.hospital.${hospital}.${person}`, JSON.stringify(event));
}

// Binds without looking: no CONSUMER.INFO, which a source may not ask. Each consume() listens on a random inbox.
const mailbox = { stream_name: "ANSWERS", name: `answers-hospital-${hospital}`, config: {} };
const answers = await js.consumers.getConsumerFromInfo(mailbox).consume({ bind: true, max_messages: 20 });
for await (const message of answers) {
  // An answer of its own: another source's would have another subject, and is not for these books.
  if (!message.subject.startsWith(`claims.answers.hospital.${hospital}.`)) continue;
  const answer = message.json();
  message.ack(); // once it is in the hospital's own books
  const refused = answer.type === "event.rejected.v1" && [admission, claim].includes(answer.subject);
  if (refused || (answer.subject === claim && answer.type.startsWith("claim."))) {
    console.log(JSON.stringify(answer, null, 2));
    break;
  }
}
await nc.close();
