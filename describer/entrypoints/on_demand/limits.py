"""The limits on callers' options, for HTTP, MCP and the command line. Imported at indexing, so it imports little."""

from typing import Final

from describer.settings import Detail

MOST_SOURCES: Final = 10
"""Pictures in one call."""
MOST_FOUND: Final = 50
"""Records in an MCP tool's answer."""
MOST_LANGUAGES: Final = 10
MOST_WORDS: Final = 50
LONGEST_WORD: Final = 60
LONGEST_CONTEXT: Final = 4000
LONGEST_QUESTION: Final = 8000
"""Characters of a question."""
CHARS: Final = (20, 2000)
TOKENS: Final = (16, 32000)
IMAGE_TOKENS: Final = (64, 32000)
DETAILS: Final = tuple(str(detail) for detail in Detail)
