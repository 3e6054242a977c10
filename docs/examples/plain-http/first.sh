#!/bin/sh
# The first call in curl: sends one event, prints what the gateway says.
#
#     CLAIMS_KEY=… sh docs/examples/plain-http/first.sh http://127.0.0.1:8710 EVENT.json
#
# On a status of 503, 408 or none at all send the same file again: the ledger knows events by their id.
set -eu
curl --silent --show-error --fail-with-body --max-time 30 "$1/v1/events" \
    -H "Authorization: Bearer $CLAIMS_KEY" -H 'Content-Type: application/cloudevents+json' --data-binary "@$2"
