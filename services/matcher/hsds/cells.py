"""What several things in one cell are: addresses, points, and names that become ids."""

import re
import unicodedata
from typing import Final

LONGEST_ID: Final = 80
_ADDRESS: Final = re.compile(
    r"(?P<address_1>.*\S)\s*,\s*(?P<city>[^\W\d][^\d,]*?)\s*,\s*(?P<state_province>[A-Z]{2})"
    r"(?:\s*,?\s*(?P<postal_code>\d{5}(?:-\d{4})?))?"
)
_POINT: Final = re.compile(
    r"\(?\s*([+-]?\d{1,3}(?:\.\d+)?)\s*[,;\s]\s*([+-]?\d{1,3}(?:\.\d+)?)\s*\)?"
)
_LABELLED: Final = re.compile(r"\s*([a-z][a-z -]*):\s*(.+?)\s*", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+(]?\d[^,;]{4,38}")
_NOT_CALLED: Final = frozenset({"fax", "tty", "tdd"})
_DEGREES_KEPT: Final = 7


def address_in(text: str) -> dict[str, str]:
    """The parts of an address in one cell; one that cannot be parted stands in its first line.

    A text that names no street, such as a state alone, is no address: empty.
    """
    match = _ADDRESS.fullmatch(text)
    if match and re.search(r"\d", match["address_1"]):
        return {name: part for name, part in match.groupdict().items() if part}
    return {"address_1": text} if re.match(r"\d+\s*\S*[^\W\d]", text) else {}


def point_in(text: str, *, longitude_first: bool) -> dict[str, str]:
    """Latitude and longitude of a cell that holds both; empty where it does not."""
    match = _POINT.fullmatch(text.strip())
    if match is None:
        return {}
    first, second = (
        f"{float(part):.{_DEGREES_KEPT}f}".rstrip("0") + "0" for part in match.groups()
    )
    if longitude_first:
        first, second = second, first
    return {"latitude": first, "longitude": second}


def phone_in(text: str) -> dict[str, str]:
    """The number to call of a cell such as ``main: 555-0100, fax: 555-0101``; empty without one."""
    for part in re.split(r"[,;]", text):
        match = _LABELLED.fullmatch(part)
        label, number = match.groups() if match else ("", part.strip())
        if label.lower() not in _NOT_CALLED and _NUMBER.fullmatch(number):
            return {"number": number}
    return {}


def id_in(text: str) -> str:
    """An id of a name: small letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_ID].strip("-")
