"""ETags: in quotes as HTTP writes them, without quotes in metadata, history and exported files."""


def quoted(etag: str) -> str:
    return f'"{unquoted(etag)}"'


def unquoted(etag: str) -> str:
    """Return the ETag without quotes."""
    return etag.strip('"')
