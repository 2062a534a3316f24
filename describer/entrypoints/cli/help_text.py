"""What `--help` says."""

from typing import Final

from describer.entrypoints.cli.setup import USUAL

ABOUT: Final = f"""Describes pictures with a vision model, and looks after the app that does so for Azure Blob Storage.

\b
  describer describe cat.jpg                  alt text, description, tags
  describer describe photos/ --json > all.jsonl
  describer show images/pets/cat.jpg          what is stored about a blob
  describer set images/pets/cat.jpg --alt-text "Tom asleep."   correct it, as a person
  describer backfill                          price, then describe, the pictures that were there before the app
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
  130  interrupted by Ctrl-C
  143  ended by SIGTERM"""
DESCRIBE: Final = """Describes each PICTURE: a file, a folder with all below it, an https: or data: URL, or - for the
standard input.

JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC, AVIF and JPEG 2000 are read, told by their content; other files in folders are
passed over. Each result is printed as soon as it is there; --ordered keeps the order of the arguments. On a terminal
results are a table; in a pipe a line each: name, status, alt text and why there is none, between tabs.
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
  describer show images/pets/cat.jpg --wait 60      right after an upload
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
EXPORT: Final = """Writes what is stored about the pictures of a container, all or some of it.

\b
  csv       for spreadsheets: a row for each picture, a column for each text; `describer import` reads it back
  jsonl     for programs: a whole record in each line
  exiftool  for ExifTool, which writes the texts into the pictures; the command to type is printed
  xmp       a file beside each picture, such as cat.jpg.xmp

exiftool and xmp take only what is published (described, kept), unless --status says otherwise."""
EXPORT_EXAMPLES: Final = """\b
Examples:
  describer export --format csv --status needs_review -o look.csv
  describer export --format exiftool -o texts.csv
  describer export --format xmp -o pictures/"""
IMPORT: Final = """Takes texts, is_decorative and review from a FILE (.csv, .tsv, .jsonl) that people edited, as theirs.

Without --write it only says what would become of each row. A row is refused if the record has changed since it was
exported. Columns may be missing or in another order; an empty cell leaves what stands. ExifTool's own CSV is taken too.
If it is interrupted, run it again: what is done already is unchanged then."""
IMPORT_EXAMPLES: Final = """\b
Examples:
  describer import look.csv
  describer import look.csv --write"""
HTML: Final = """Gives the images of pages a text that have none, from what is stored; the model is asked nothing.

Pages are files in HTML (images without an alt attribute) and Markdown (images without a text); of a FOLDER, all of
them. A picture is known by its address (a blob's, or what --address says), or by its bytes, if they lie beside the page
or in it. Only texts that may be published are taken. lang is added where a text's language is not the page's. alt=""
and any text stay, and every other byte of the page does."""
HTML_EXAMPLES: Final = """\b
Examples:
  describer html site/                          says what would be filled
  describer html site/ --write --address /media=images
  describer html site/ --check                  for CI: lists what has no text, and ends with 1"""
ORPHANS: Final = """Finds records whose picture is gone: deleted where no event told of it, or with its folder.

With --write, those with only the model's texts are removed. One in which a person wrote is kept and marked; after
DELETED_RETENTION_DAYS it is removed too. If the picture comes back, its record is its own again."""
ORPHANS_EXAMPLES: Final = """\b
Examples:
  describer orphans
  describer orphans --write"""
PURGE: Final = """Erases all that the app keeps about a blob: the record and its history, whoever wrote in them, what
copies share of it, and the app's pairs in the blob's metadata. The blob itself stays.

Its metadata gets description_skip=true, so that nothing describes it again, no message that waits either; --no-skip
leaves that out. Soft delete, versions and backups of the storage account keep what was erased as long as they do."""
PURGE_EXAMPLES: Final = """\b
Examples:
  describer purge images/pets/cat.jpg
  describer purge images/pets/cat.jpg --yes --no-skip"""
DOCTOR: Final = """Looks at every connection that is configured, leaving nothing behind, and says what to do.

It asks the model what it is asked of each picture, about a picture of its own: some thousand tokens. Each look ends
after ten seconds. What cannot be told from here is called unknown, and is no failure."""
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

First it goes through the listing and says what there is, what it would take and cost; nothing is asked of the model. On
a terminal it then asks; elsewhere --yes goes on. The pictures are put on the app's queue as fast as the app describes
them, so that new uploads do not wait. It can be interrupted at any time: `backfill continue` goes on where it was."""
BACKFILL_EXAMPLES: Final = """\b
Examples:
  describer backfill                                  what is missing: count, price, question
  describer backfill --prefix 2019/ --max-usd 5 --yes
  describer backfill --only stale                     after a change of prompt, model or languages
  describer backfill status
  describer backfill continue --max-usd 10"""
