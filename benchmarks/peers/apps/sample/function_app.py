"""The job as Azure's samples do it: the openai client, the whole picture as a data URL, the answer into the metadata.

It runs in a virtual environment of its own.
"""

import base64
import mimetypes
import os

import azure.functions as func
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient
from openai import OpenAI

app = func.FunctionApp()
client = OpenAI(
    base_url=f"{os.environ['AZURE_OPENAI_ENDPOINT']}/openai/v1/", api_key=os.environ["AZURE_OPENAI_API_KEY"]
)
storage = BlobServiceClient(os.environ["IMAGES__blobServiceUri"], credential=DefaultAzureCredential())  # noqa: SIM112 - the host's name


@app.blob_trigger(
    arg_name="blob", path="%IMAGES_CONTAINER%/{name}", connection="IMAGES", source=func.BlobSource.EVENT_GRID
)
def describe(blob: func.InputStream) -> None:
    """Describe an uploaded picture."""
    container, _, name = str(blob.name).partition("/")
    kind = mimetypes.guess_type(name)[0] or "image/jpeg"
    url = f"data:{kind};base64,{base64.b64encode(blob.read()).decode()}"
    answer = client.chat.completions.create(
        model=os.environ["AZURE_OPENAI_DEPLOYMENT"],
        max_completion_tokens=300,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Write an alternative text for this picture."},
                    {"type": "image_url", "image_url": {"url": url}},
                ],
            }
        ],
    )
    storage.get_blob_client(container, name).set_blob_metadata({"alt_text": answer.choices[0].message.content or ""})
