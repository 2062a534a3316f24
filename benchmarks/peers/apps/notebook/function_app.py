"""The job as a notebook does it: LlamaIndex's multi-modal class for Azure OpenAI, the whole picture as base64.

It runs in a virtual environment of its own. `ImageNode`, since the `ImageDocument` of LlamaIndex's examples fails with
the core that this release of the class installs.
"""

import base64
import os

import azure.functions as func
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient
from llama_index.core.schema import ImageNode  # type: ignore[import-not-found]
from llama_index.multi_modal_llms.azure_openai import AzureOpenAIMultiModal  # type: ignore[import-not-found]

app = func.FunctionApp()
model = AzureOpenAIMultiModal(
    engine=os.environ["AZURE_OPENAI_DEPLOYMENT"],
    model="gpt-4o",
    azure_endpoint=os.environ["AZURE_OPENAI_ENDPOINT"],
    api_key=os.environ["AZURE_OPENAI_API_KEY"],
    api_version="2024-10-21",
    max_tokens=300,
)
storage = BlobServiceClient(os.environ["IMAGES__blobServiceUri"], credential=DefaultAzureCredential())  # noqa: SIM112 - the host's name


@app.blob_trigger(
    arg_name="blob", path="%IMAGES_CONTAINER%/{name}", connection="IMAGES", source=func.BlobSource.EVENT_GRID
)
def describe(blob: func.InputStream) -> None:
    """Describe an uploaded picture."""
    picture = ImageNode(image=base64.b64encode(blob.read()).decode())
    answer = model.complete("Describe the images as an alternative text", image_documents=[picture])
    container, _, name = str(blob.name).partition("/")
    storage.get_blob_client(container, name).set_blob_metadata({"alt_text": answer.text})
