#!/bin/sh
# LiteLLM's token_counter counts the pictures of every model by the tiles of gpt-4o: 85 and 170 for each tile of 512 pixels.
# OpenAI documents 2,833 and 5,667 for gpt-4o-mini, and patches of 32 pixels for gpt-4.1-mini and o4-mini, so that a
# picture of 1024 x 1024 is 25,501 tokens for the first and over 1,500 for the second. A price from it is wrong by 33 or 2.
# litellm 1.110.2. Seen: 765 tokens for each of these models. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet litellm==1.110.2 pillow==13.0.0
cd "$folder"
LITELLM_LOCAL_MODEL_COST_MAP=True venv/bin/python - <<'PYTHON'
import base64, io

from litellm import token_counter
from PIL import Image

file = io.BytesIO()
Image.new("RGB", (1024, 1024), "grey").save(file, "JPEG")
url = "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def tokens(model):
    def count(content):
        return token_counter(model=model, messages=[{"role": "user", "content": content}])

    return count([{"type": "image_url", "image_url": {"url": url, "detail": "high"}}]) - count([])


seen = {model: tokens(model) for model in ("gpt-4o", "gpt-4o-mini", "gpt-4.1-mini", "o4-mini")}
print("tokens of 1024 x 1024 pixels, detail high:", seen)
assert set(seen.values()) == {765}, "this has changed"
PYTHON
