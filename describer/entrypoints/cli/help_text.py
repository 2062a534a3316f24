"""What `--help` says."""

from typing import Final

from describer.entrypoints.cli.setup import USUAL

ABOUT: Final = f"""Describes pictures with a vision model, and looks after the app that does so for Azure Blob Storage.

\b
  describer describe cat.jpg                  alt text, description, tags
  describer describe photos/ --json > all.jsonl
  describer show images/pets/cat.jpg          what is stored about a blob
  describer set images/pets/cat.jpg --alt-text "Tom asleep."   correct it, as a person
  describer doctor                            is everything connected, and if not, what to do

Settings come from the environment, by the names of the app's own settings; what it does not set, from {USUAL} in the
working folder, if there is one. `describe` wants no more than a model: AZURE_OPENAI_ENDPOINT and
AZURE_OPENAI_DEPLOYMENT, or OPENAI_BASE_URL and OPENAI_MODEL. You are signed in by DefaultAzureCredential: `az login` is
enough."""
CODES: Final = """\b
Exit codes:
  0    every picture has a text that can be used
  1    some picture has none, or a person should look at it first
  2    the command line is wrong
  3    a setting, a role or a deployment is missing or wrong; of doctor: something has failed
  4    some picture had no answer now (a rate limit, an outage): run it again later
  130  interrupted"""
DESCRIBE: Final = """Describes each PICTURE: a file, a folder with all below it, an https: or data: URL, or - for the
standard input.

JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC and AVIF are read, told by their content; other files in folders are passed over.
Nothing is stored, but with --write. With --prompt, one answer is given about all pictures (up to ten)."""
DESCRIBE_EXAMPLES: Final = """\b
Examples:
  describer describe cat.jpg --language de,en --context 'Our cat Tom'
  describer describe photos/ --json | jq -r 'select(.status=="described") | .alt_text'
  curl -s https://example.org/cat.jpg | describer describe - --alt-only
  describer describe a.jpg b.jpg --prompt 'What has changed from the first to the second?'
  describer describe --container images pets/cat.jpg --write"""
SHOW_EXAMPLES: Final = """\b
Examples:
  describer show images/pets/cat.jpg
  describer show images/pets/cat.jpg --json | jq .history"""
SET: Final = """Writes into the stored record as a person: what you set is never replaced by the model's texts.

The picture's metadata and the event ImageDescriber.DescriptionEdited follow. What stood before is in the history."""
SET_EXAMPLES: Final = """\b
Examples:
  describer set images/pets/cat.jpg --alt-text 'Tom schläft.' --language de
  describer set images/lines/rule.png --decorative
  describer set images/pets/cat.jpg --approve
  describer set images/pets/cat.jpg --undo 1"""
STATUS: Final = """Counts the pictures of the watched containers, and those with a text that is published, by language.

Nothing is read but listings: two requests for each 5,000 pictures."""
STATUS_EXAMPLES: Final = """\b
Examples:
  describer status
  describer status images --prefix 2026/ --json | jq .languages.en.share"""
DOCTOR: Final = """Looks at every connection that is configured, leaving nothing behind, and says what to do.

It asks the model what it is asked of each picture, about a picture of its own: some thousand tokens. Each look ends
after ten seconds. What cannot be told from here is called unknown, and is no failure."""
