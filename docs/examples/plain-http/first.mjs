// The first call in Node 20, without packages: sends one event, prints what the gateway says.
//
//     CLAIMS_KEY=… node docs/examples/plain-http/first.mjs http://127.0.0.1:8710 EVENT.json
//
// On a status of 503, 408 or none at all send the same file again: the ledger knows events by their id.
import { readFile } from "node:fs/promises";

const [url, event] = process.argv.slice(2);
const answer = await fetch(`${url}/v1/events`, {
  method: "POST",
  headers: { Authorization: `Bearer ${process.env.CLAIMS_KEY}`, "Content-Type": "application/cloudevents+json" },
  body: await readFile(event),
  signal: AbortSignal.timeout(30_000),
});
const told = await answer.text();
if (answer.ok) console.log(told);
else { console.error(told); process.exitCode = 1; }
