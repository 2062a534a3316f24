"""The texts of `--help`."""

from typing import Final

from describer.entrypoints.cli.setup import USUAL

ABOUT: Final = f"""Describes pictures with a vision model, and manages the app that does so for Azure Blob Storage.

\b
  describer describe cat.jpg                  alt text, description, tags
  describer describe photos/ --json > all.jsonl
  describer show images/pets/cat.jpg          what is stored about a blob
  describer set images/pets/cat.jpg --alt-text "Tom asleep."   correct it, as a person
  describer backfill                          price, then describe, the pictures that were there before the app
  describer doctor                            check every connection, and say what to do

Settings come from the environment, under the names of the app's settings. If the environment does not set one, it comes
from {USUAL} in the working folder. `describe` needs only a model: AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_DEPLOYMENT, or
OPENAI_BASE_URL and OPENAI_MODEL. For Azure, sign in with `az login`."""
CODES: Final = """\b
Exit codes:
  0    every picture has a usable text
  1    some picture has no text, or needs a review first
  2    the command line is wrong
  3    a setting, a role or a deployment is missing or wrong; from doctor: a check failed
  4    some picture got no answer for now (a rate limit, an outage): run it again later
  130  interrupted by Ctrl-C
  143  ended by SIGTERM"""
DESCRIBE: Final = """Describes each PICTURE: a file, a folder with everything below it, an https: or data: URL, or - for
standard input.

It reads JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC, AVIF and JPEG 2000, and skips other files in folders. It prints each
result as soon as it is ready; --ordered keeps the order of the arguments. On a terminal results are a table; in a pipe
each is a line: name, status, alt text and the reason for a missing one, separated by tabs.
It stores nothing without --write. With --prompt, it gives one answer about all pictures (up to ten)."""
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
SET: Final = """Writes into the stored record as a person: the model's texts never replace what you set.

The picture's metadata and the event ImageDescriber.DescriptionEdited follow. The history keeps the earlier texts."""
SET_EXAMPLES: Final = """\b
Examples:
  describer set images/pets/cat.jpg --alt-text 'Tom schläft.' --language de
  describer set images/lines/rule.png --decorative
  describer set images/pets/cat.jpg --approve
  describer set images/pets/cat.jpg --undo 1"""
STATUS: Final = """Counts the pictures of the watched containers and those with a published text, by language.

It reads listings only: two requests per 5,000 pictures."""
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

Without --write it only shows what would change. It refuses a row if the record has changed since the export. Columns
may be missing or in another order; an empty cell changes nothing. It also reads ExifTool's own CSV.
After an interruption, run it again: finished rows are then unchanged."""
IMPORT_EXAMPLES: Final = """\b
Examples:
  describer import look.csv
  describer import look.csv --write"""
HTML: Final = """Adds stored texts to the images of pages that have none; it does not call the model.

Pages are files in HTML (images without an alt attribute), Markdown and MDX (images without a text); of a FOLDER, all of
them. It recognises a picture by its address (a blob's, or the one that --address gives), or by its bytes, if they are
next to the page or in it. It uses published texts only, and adds lang if a text's language is not the page's. It keeps
alt="", any text, and every other byte of the page."""
HTML_EXAMPLES: Final = """\b
Examples:
  describer html site/                          shows what would change
  describer html site/ --write --address /media=images
  describer html site/ --check                  for CI: lists images without a text; exit code 1"""
ORPHANS: Final = """Finds records whose picture is gone: deleted without an event, or with its folder.

With --write, it removes those that have only the model's texts. It keeps and marks those in which a person wrote, and
removes them after DELETED_RETENTION_DAYS. If the picture comes back, it gets its record back."""
ORPHANS_EXAMPLES: Final = """\b
Examples:
  describer orphans
  describer orphans --write"""
PURGE: Final = """Erases everything that the app keeps about a blob: the record and its history with people's texts, the
text that copies share, and the app's pairs in the blob's metadata. The blob itself stays.

Its metadata gets description_skip=true, so that no event and no waiting message has it described again; --no-skip
omits that. Soft delete, versions and backups of the storage account keep erased data for as long as they are set to."""
PURGE_EXAMPLES: Final = """\b
Examples:
  describer purge images/pets/cat.jpg
  describer purge images/pets/cat.jpg --yes --no-skip"""
DOCTOR: Final = """Checks every connection that is configured, leaves nothing behind, and says what to do.

It sends the model what each picture sends, with a picture of its own: some thousand tokens. Each check ends after ten
seconds. A check that cannot be made from here is called unknown, and is not a failure."""
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
BACKFILL: Final = """Describes the pictures that are already in a watched container, or whose record is out of date.

First it reads the listing and shows what there is, how long it would take and what it would cost, without calling the
model. On a terminal it then asks you; elsewhere --yes starts it. It puts pictures on the app's queue as fast as the app
describes them, so that new uploads do not wait. You can interrupt it at any time: `backfill continue` continues it."""
BACKFILL_EXAMPLES: Final = """\b
Examples:
  describer backfill                                  missing ones: count, price, confirmation
  describer backfill --prefix 2019/ --max-usd 5 --yes
  describer backfill --only stale                     after a change of prompt, model or languages
  describer backfill status
  describer backfill continue --max-usd 10"""
