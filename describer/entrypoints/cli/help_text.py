"""The texts of `--help`."""

from typing import Final

from describer.entrypoints.cli.setup import USUAL

ABOUT: Final = f"""Describes pictures with a vision model, and looks after the app that does so for Azure Blob Storage.

\b
  describer describe cat.jpg                  alt text, description, tags
  describer describe photos/ --json > all.jsonl
  describer show images/pets/cat.jpg          show the stored record of a blob
  describer set images/pets/cat.jpg --alt-text "Tom asleep."   correct it as a person
  describer backfill                          price, then describe, pictures from before the app
  describer doctor                            check every connection, with advice

Settings are those of the app, from the environment or else from {USUAL} in the working folder. `describe` needs only
a model: AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_DEPLOYMENT, or OPENAI_BASE_URL and OPENAI_MODEL. DefaultAzureCredential
signs you in: `az login` is enough."""
CODES: Final = """\b
Exit codes:
  0    every picture has a text for publication
  1    a picture has none, or its text needs a review
  2    the command line is invalid
  3    a setting, a role or a deployment is missing or wrong; for doctor: a check has failed
  4    a picture could not be described now (a rate limit, an outage): run it again later
  130  interrupted by Ctrl-C
  143  ended by SIGTERM"""
DESCRIBE: Final = """Describes each PICTURE: a file, a folder with everything below it, an https: or data: URL, or - for
standard input.

JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC, AVIF and JPEG 2000 are read, told by their content; other files in folders are
passed over. Each result is printed as soon as it is there; --ordered keeps the order of the arguments. On a terminal
results are a table; in a pipe a line each: name, status, alt text and why there is none, between tabs.
Nothing is stored without --write. With --prompt, one question is answered about all pictures (up to ten)."""
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
  describer show images/pets/cat.jpg --wait 60      right after an upload
  describer show images/pets/cat.jpg --json | jq .history"""
SET: Final = """Changes the stored record as a person: the model's texts never replace what you set.

The picture's metadata follows, and the event ImageDescriber.DescriptionEdited. The history keeps earlier texts."""
SET_EXAMPLES: Final = """\b
Examples:
  describer set images/pets/cat.jpg --alt-text 'Tom schläft.' --language de
  describer set images/lines/rule.png --decorative
  describer set images/pets/cat.jpg --approve
  describer set images/pets/cat.jpg --undo 1"""
STATUS: Final = """Counts the pictures of the watched containers and those with a published text, by language.

It reads listings only: two requests for each 5,000 pictures."""
STATUS_EXAMPLES: Final = """\b
Examples:
  describer status
  describer status images --prefix 2026/ --json | jq .languages.en.share"""
EXPORT: Final = """Writes the stored records of a container, all or some of them.

\b
  csv       for spreadsheets: a row for each picture, a column for each text; `describer import` reads it back
  jsonl     for programs: a whole record per line
  exiftool  for ExifTool, which writes the texts into the pictures; prints the command to run
  xmp       a file beside each picture, such as cat.jpg.xmp

exiftool and xmp include only published records (described, kept), unless --status selects others."""
EXPORT_EXAMPLES: Final = """\b
Examples:
  describer export --format csv --status needs_review -o look.csv
  describer export --format exiftool -o texts.csv
  describer export --format xmp -o pictures/"""
IMPORT: Final = """Applies texts, is_decorative and review from an edited FILE (.csv, .tsv, .jsonl) as people's.

Without --write it only reports each row's outcome. A row is refused if the record has changed since the export.
Columns may be missing or in another order; an empty cell changes nothing. ExifTool's own CSV is accepted too.
If it is interrupted, run it again: rows that were applied are then unchanged."""
IMPORT_EXAMPLES: Final = """\b
Examples:
  describer import look.csv
  describer import look.csv --write"""
HTML: Final = """Fills in missing texts of images in pages from stored records, without calling the model.

Pages are HTML files (images without an alt attribute) and Markdown files (images without a text); for a FOLDER, all of
its pages. A picture is recognised by its address (a blob's, or one given by --address), or by its bytes in the page or
in a file beside it. Only texts for publication are used. lang is added if a text's language differs from the page's.
alt="" and existing texts stay, and so does every other byte of the page."""
HTML_EXAMPLES: Final = """\b
Examples:
  describer html site/                          lists the texts to fill in
  describer html site/ --write --address /media=images
  describer html site/ --check                  for CI: lists images without a text, exits with 1"""
ORPHANS: Final = """Finds records whose picture was deleted without an event, for example with its folder.

With --write, records with only the model's texts are removed. Those with a person's text are kept and marked, then
removed after DELETED_RETENTION_DAYS. If the picture comes back, its record applies again."""
ORPHANS_EXAMPLES: Final = """\b
Examples:
  describer orphans
  describer orphans --write"""
PURGE: Final = """Erases all data of the app about a blob: the record and its history with people's texts, cached
answers and the app's pairs in the blob's metadata. The blob itself stays.

Its metadata gets description_skip=true, so that no event and no queued message describes it again; --no-skip omits
that. Soft delete, versions and backups of the storage account keep the erased data for their own periods."""
PURGE_EXAMPLES: Final = """\b
Examples:
  describer purge images/pets/cat.jpg
  describer purge images/pets/cat.jpg --yes --no-skip"""
DOCTOR: Final = """Checks every configured connection, leaving nothing behind, and gives advice.

It sends the model the usual request with a picture of its own, about a thousand tokens. Each check ends after ten
seconds. A check that is not possible from here is `unknown`, which is not a failure."""
MCP: Final = """Serves the tools for agents (MCP) over the standard input and output; a client starts it by itself.

Agents can describe pictures, ask about several, and find stored descriptions, if storage is configured. Of the files of
this machine they can read pictures in the FILEs and FOLDERs that you give here, and nothing else."""
MCP_EXAMPLES: Final = """\b
Examples:
  describer mcp ~/Pictures
  describer mcp --settings local.settings.json"""
SETTINGS_EXAMPLES: Final = """\b
Examples:
  describer settings
  describer settings --json | jq -r .name"""
COMPLETION_EXAMPLES: Final = """\b
Examples:
  describer completion bash >> ~/.bashrc
  describer completion zsh >> ~/.zshrc
  describer completion fish > ~/.config/fish/completions/describer.fish"""
BACKFILL: Final = """Describes the pictures that are in a watched container already, or whose record is out of date.

First it reads the listing and reports the number of pictures, the tokens and the cost, without calling the model. On a
terminal it then asks for confirmation; elsewhere use --yes. It queues pictures as fast as the app describes them, so
that new uploads do not wait. It can be interrupted at any time: `backfill continue` resumes it."""
BACKFILL_EXAMPLES: Final = """\b
Examples:
  describer backfill                                  missing ones: count, price, confirmation
  describer backfill --prefix 2019/ --max-usd 5 --yes
  describer backfill --only stale                     after a change of prompt, model or languages
  describer backfill status
  describer backfill continue --max-usd 10"""
