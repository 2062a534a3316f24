#!/bin/sh
# outlines-core builds its expression for a number without `minimum`, `maximum` and `multipleOf`, and says nothing: a model
# that is asked for a confidence from 0 to 1 may answer 15. It refuses other keys that it does not know, such as allOf.
# outlines-core 0.2.14. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet outlines-core==0.2.14
cd "$folder"
venv/bin/python - <<'PYTHON'
import json, re

from outlines_core.json_schema import build_regex_from_schema


def allows(schema, answer):
    return bool(re.fullmatch(build_regex_from_schema(json.dumps(schema)), answer))


seen = {
    "15 for a number from 0 to 1": allows({"type": "number", "minimum": 0, "maximum": 1}, "15"),
    "-4 for a whole number from 0": allows({"type": "integer", "minimum": 0}, "-4"),
    "7 for a multiple of 5": allows({"type": "integer", "multipleOf": 5}, "7"),
}
print(seen)
assert all(seen.values()), "this has changed"
PYTHON
