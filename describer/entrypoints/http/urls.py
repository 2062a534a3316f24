"""Makes every URL readable for `AsgiMiddleware`. Imports little, since function_app.py imports it to be indexed."""

from urllib.parse import unquote_to_bytes


def in_utf8(url: str) -> str:
    """Return a URL whose path `AsgiMiddleware` can decode: escapes that are not UTF-8 stay as letters.

    Kestrel, in front of the Functions host, leaves such escapes as they are (dotnet/aspnetcore, `UrlDecoder.cs`). The
    host writes a name with the letters `%ff` in the same way, so they are a name like any other.
    """
    path, mark, query = url.partition("?")
    try:
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return f"{path.replace('%', '%25')}{mark}{query}"
    return url
