"""The first call in Python, without packages: sends one event, prints what the gateway says.

    CLAIMS_KEY=… python docs/examples/plain-http/first.py http://127.0.0.1:8710 EVENT.json

On a status of 503, 408 or none at all send the same file again: the ledger knows events by their id.
"""

import os
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

url, event = sys.argv[1:]
headers = {"Authorization": f"Bearer {os.environ['CLAIMS_KEY']}", "Content-Type": "application/cloudevents+json"}
request = Request(f"{url}/v1/events", Path(event).read_bytes(), headers)
try:
    with urlopen(request, timeout=30) as answer:
        print(answer.read().decode())
except HTTPError as problem:
    sys.exit(problem.read().decode())
