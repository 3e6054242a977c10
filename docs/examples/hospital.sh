#!/bin/sh
# A hospital in NATS CLI commands: admits a person, asks what the bill would settle to, discharges, prints the answer.
#
#     NATS_URL=… sh docs/examples/hospital.sh HOSPITAL_ID PERSON_ID DAY
#
# Needs the NATS CLI, `nats`. NATS_URL as `claims access hospital HOSPITAL_ID` shows it, DAY as YYYY-MM-DD.
set -eu
hospital=$1 person=$2 day=$3
inbox=_INBOX_hospital_$hospital     # its user may listen on inboxes of this name only
own=$inbox.$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')   # one that no neighbour can guess and lead answers into
mailbox=answers-hospital-$hospital
intake=claims.intake.hospital.$hospital.$person
admission=$hospital-A-$person-$day
claim=$hospital-C-$person-$day      # numbers out of the hospital's own books: sent again, they change nothing

event() { # ID TYPE DATA
    printf '{"specversion":"1.0","id":"%s","source":"hospital/%s","type":"%s","data":%s}' "$1" "$hospital" "$2" "$3"
}
bill='{"total":"8000","in_scope":"7000","upfront_copay":"400","over_limit":"100","self_funded":"500"}'
admitted=$(event "$admission" admission.recorded.v1 "{\"admission_id\":\"$admission\",\"person_id\":\"$person\",
    \"hospital_id\":\"$hospital\",\"admitted_on\":\"$day\",\"diagnoses\":[\"I63.9\"]}")
discharged=$(event "$claim" discharge.recorded.v1 "{\"claim_id\":\"$claim\",\"admission_id\":\"$admission\",
    \"person_id\":\"$person\",\"discharged_on\":\"$day\",\"bill\":$bill}")

# What comes out of the mailbox is written down here, then acknowledged.
answers=$(mktemp)
nats --inbox-prefix "$inbox" sub --ack "$own" >"$answers" &
listening=$!
trap 'kill $listening; rm "$answers"' EXIT

# Ends well once INTAKE has the event on disk; where it fails, send the same bytes again.
nats --inbox-prefix "$inbox" pub --jetstream "$intake" "$admitted" >&2

# 预结算, nothing is booked: {"statement": …} or {"refused": …}. A moment later the admission is known.
sleep 2
nats --inbox-prefix "$inbox" request --raw claims.quote "$discharged"

nats --inbox-prefix "$inbox" pub --jetstream "$intake" "$discharged" >&2

# Its own answers only: the line before an answer says under which subject it was kept.
kept=" subject: claims\.answers\.hospital\.$hospital\.$claim /"
statement() {
    sed -n "\|$kept|,/^{/p" "$answers" | grep -m1 '"type":"\(claim\.\|event\.rejected\)'
}
until statement; do
    sleep 1
    nats --inbox-prefix "$inbox" pub --reply "$own" "\$JS.API.CONSUMER.MSG.NEXT.ANSWERS.$mailbox" \
        '{"batch":10,"no_wait":true}' >&2
done
