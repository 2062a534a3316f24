"""Matches route templates of HTTP triggers as ASP.NET Core's router does in the Functions host.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#customize-the-http-endpoint

    blobs/{container}/{*name}     a catch-all matches the rest, including slashes; it may be empty
    pages/{number:int:min(1)?}    constraints, and an optional last segment
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

_PARAMETER = re.compile(r"\{(?P<all>\*{0,2})(?P<name>\w+)(?P<constraints>(?::\w+(?:\([^)]*\))?)*)(?P<optional>\??)\}")
_CONSTRAINT = re.compile(r":(\w+)(?:\(([^)]*)\))?")


class BadTemplate(ValueError):
    """The template is invalid or not supported; the text says which."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template with the host's prefix, ready to match.

    Args:
        text: the app's template.
        order: sort key; the smallest is tried first.
        pattern: for the path, without its first slash.
        checks: constraints by parameter.

    """

    text: str
    order: tuple[tuple[int, str] | tuple[int], ...]
    pattern: re.Pattern[str]
    checks: Mapping[str, tuple[Callable[[str], bool], ...]]

    def match(self, path: str) -> dict[str, str] | None:
        """Return the parameters in this decoded path, without omitted ones; None if it does not match."""
        found = self.pattern.fullmatch(path.removeprefix("/"))
        if found is None:
            return None
        given = {name: value for name, value in found.groupdict().items() if value}
        fits = all(check(value) for name, value in given.items() for check in self.checks[name])
        return given if fits else None


def parse(text: str, prefix: str = "") -> Template:
    """Read a template.

    Raises:
        BadTemplate: it is invalid or not supported.

    """
    segments = [segment for segment in f"{prefix}/{text}".split("/") if segment]
    checks: dict[str, tuple[Callable[[str], bool], ...]] = {}
    pattern, order = "", list[tuple[int, str] | tuple[int]]()
    for index, segment in enumerate(segments):
        parameters = list(_PARAMETER.finditer(segment))
        for each in parameters:
            checks[each["name"]] = tuple(_check(*one, text=text) for one in _CONSTRAINT.findall(each["constraints"]))
        pattern += _segment(segment, parameters, last=index == len(segments) - 1, first=index == 0, text=text)
        constraints = sum(len(checks[each["name"]]) for each in parameters)
        order.append((1, f"{99 - constraints:02}") if segment.startswith("{") else (0, segment.lower()))
    return Template(text, (*order, (2,)), re.compile(pattern + "/?", re.IGNORECASE | re.DOTALL), checks)


def _segment(segment: str, parameters: list[re.Match[str]], *, last: bool, first: bool, text: str) -> str:
    slash = "" if first else "/"
    whole = parameters[0] if len(parameters) == 1 and parameters[0].group() == segment else None
    if whole and whole["all"]:
        if not last:
            raise BadTemplate(f"route {text!r}: a catch-all has to come last.")
        return f"(?:{slash}(?P<{whole['name']}>.*))?"
    if whole and whole["optional"]:
        return f"(?:{slash}(?P<{whole['name']}>[^/]+))?"
    pattern, end = slash, 0
    for each in parameters:
        pattern += re.escape(segment[end : each.start()]) + f"(?P<{each['name']}>[^/]+)"
        end = each.end()
    literal = _PARAMETER.sub("", segment)
    if "{" in literal or "}" in literal:
        raise BadTemplate(f"route {text!r}: {segment!r} is not known here.")
    return pattern + re.escape(segment[end:])


def _check(name: str, argument: str, *, text: str) -> Callable[[str], bool]:
    bounds = [int(bound) for bound in argument.split(",")] if re.fullmatch(r"-?\d+(,-?\d+)?", argument) else []
    match name, bounds:
        case (("int" | "long"), []):
            return lambda value: re.fullmatch(r"[+-]?\d+", value) is not None
        case "bool", []:
            return lambda value: value.lower() in {"true", "false"}
        case "alpha", []:
            return lambda value: re.fullmatch(r"[A-Za-z]*", value) is not None
        case "guid", []:
            return _is_guid
        case (("minlength" | "min"), [least]):
            return lambda value: (len(value) if name == "minlength" else _number(value, least - 1)) >= least
        case (("maxlength" | "max"), [most]):
            return lambda value: (len(value) if name == "maxlength" else _number(value, most + 1)) <= most
        case "length", [exactly]:
            return lambda value: len(value) == exactly
        case (("length" | "range"), [least, most]):
            return lambda value: least <= (len(value) if name == "length" else _number(value, least - 1)) <= most
        case _:
            raise BadTemplate(f"route {text!r}: the constraint {name!r} is not known here.")


def _number(value: str, otherwise: int) -> int:
    return int(value) if re.fullmatch(r"[+-]?\d+", value) else otherwise


def _is_guid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def decode_path(raw: str) -> str:
    """Decode a path as Kestrel does: `%2F` and invalid UTF-8 stay, and dot segments are resolved.

    Raises:
        ValueError: it has a zero byte, which gets a 400.

    """

    def text(match: re.Match[str]) -> str:
        parts = re.split("(%2[Ff])", match.group())
        return "".join(part if index % 2 else _decoded(part) for index, part in enumerate(parts))

    path = re.sub(r"(?:%[0-9A-Fa-f]{2})+", text, raw)
    if "\0" in path:
        raise ValueError("the path holds a zero byte")
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == ".." and len(kept) > 1:
            kept.pop()
        elif segment not in {".", ".."}:
            kept.append(segment)
    return "/".join(kept + [""] * (segments[-1] in {".", ".."}))


def _decoded(escapes: str) -> str:
    decoded, at = "", 0
    for char in bytes.fromhex(escapes.replace("%", "")).decode(errors="surrogateescape"):
        invalid = "\udc80" <= char <= "\udcff"
        decoded += escapes[3 * at : 3 * at + 3] if invalid else char
        at += 1 if invalid else len(char.encode())
    return decoded


def encode_path(path: str) -> str:
    """Return a decoded path as in a function's URL; apparent escapes are not encoded."""
    parts = re.split(r"(%[0-9A-Fa-f]{2})", path)
    return "".join(part if index % 2 else quote(part, safe="/:@!$&'()*+,;=-._~") for index, part in enumerate(parts))
