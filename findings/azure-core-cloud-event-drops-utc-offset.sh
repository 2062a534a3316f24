#!/bin/sh
# azure.core.messaging.CloudEvent.from_dict() reads the clock of an event's time and calls it UTC: the offset is dropped, so that
# an event of 00:30+02:00 is two hours late. CloudEvents take times of RFC 3339, with any offset. What is ten minutes old or
# newer than a record is then decided wrongly. azure-core 1.41.0; EventGridEvent of azure-eventgrid 4.22.1 keeps it.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet azure-core==1.41.0 azure-eventgrid==4.22.1
cd "$folder"
venv/bin/python - <<'PYTHON'
import json
from datetime import UTC, datetime

from azure.core.messaging import CloudEvent
from azure.eventgrid import EventGridEvent

TIME = "2026-05-01T00:30:00+02:00"
cloud = {"specversion": "1.0", "id": "1", "source": "/images", "type": "Stored", "time": TIME}
grid = {"id": "1", "subject": "s", "eventType": "Stored", "dataVersion": "1", "data": {}, "eventTime": TIME}
seen = {
    "datetime": datetime.fromisoformat(TIME).astimezone(UTC).isoformat(),
    "CloudEvent": CloudEvent.from_dict(cloud).time.astimezone(UTC).isoformat(),
    "EventGridEvent": EventGridEvent.from_json(json.dumps(grid)).event_time.astimezone(UTC).isoformat(),
}
print(TIME, "is read as", seen)
assert seen == {
    "datetime": "2026-04-30T22:30:00+00:00",
    "CloudEvent": "2026-05-01T00:30:00+00:00",
    "EventGridEvent": "2026-04-30T22:30:00+00:00",
}, "this has changed"
PYTHON
