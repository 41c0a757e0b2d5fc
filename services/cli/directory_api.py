"""Fetching a directory from an HSDS API, page after page, within limits of time and size."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from services.cli.directory_source import Found, of_documents
from services.cli.sheet import SheetError

TIMEOUT_S: Final = 30.0
LARGEST_ANSWER: Final = 32 * 1024 * 1024
LARGEST_ALL: Final = 256 * 1024 * 1024
LONGEST_S: Final = 1800.0
MOST_PAGES: Final = 5_000
PER_PAGE: Final = 100
MOST_REDIRECTS: Final = 3
OK: Final = 200
# A list of services in short has none of these; each is then asked for by itself.
_FULL: Final = frozenset({"phones", "schedules", "service_at_locations", "attributes"})

Told = Callable[[str, int], None]


@dataclass(slots=True)
class _Source:
    """One API that is read, and how much of it was."""

    http: httpx.Client
    base: str
    told: Told
    read: int = 0
    until: float = field(default_factory=lambda: time.monotonic() + LONGEST_S)

    def pages(self, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """Every item of a list; raises SheetError for what is no HSDS API."""
        seen: set[str] = set()
        for number in range(1, MOST_PAGES + 1):
            asked = {"page": str(number), "per_page": str(PER_PAGE), **query}
            page = self.get(path, asked)
            items = page.get("contents") if isinstance(page, Mapping) else page
            if not isinstance(items, list):
                raise SheetError(f"{self.base}{path}: no page of HSDS: it has no list of contents")
            news = [
                one for one in items if isinstance(one, Mapping) and str(one.get("id")) not in seen
            ]
            yield from news
            seen |= {str(one.get("id")) for one in news}
            self.told(path, len(seen))
            if not news or not isinstance(page, Mapping) or _is_last(page, number):
                return
        raise SheetError(f"{self.base}{path}: more than {MOST_PAGES} pages")

    def get(self, path: str, query: Mapping[str, str]) -> Any:
        """One answer; raises SheetError."""
        url = f"{self.base}{path}"
        try:
            with self.http.stream("GET", url, params=dict(query)) as response:
                if response.status_code != OK:
                    raise SheetError(f"{url} was answered {response.status_code}")
                return json.loads(self._body(url, response))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise SheetError(f"{url} cannot be read: {why}") from None
        except (ValueError, RecursionError):
            raise SheetError(f"{url} was not answered in JSON") from None

    def _body(self, url: str, response: httpx.Response) -> bytes:
        body = b""
        for chunk in response.iter_bytes():
            body += chunk
            self.read += len(chunk)
            if len(body) > LARGEST_ANSWER or self.read > LARGEST_ALL:
                raise SheetError(f"{url} sends more than is taken of one API")
            if time.monotonic() > self.until:
                raise SheetError(f"{url}: the whole API took longer than {LONGEST_S:g} seconds")
        return body


def read_api(url: str, token: str | None, told: Told, http: httpx.Client | None = None) -> Found:
    """The directory that an HSDS API serves; raises SheetError.

    ``told`` hears how many of a list were read.
    """
    headers = {"Accept": "application/json"} | (
        {"Authorization": f"Bearer {token}"} if token else {}
    )
    client = http or httpx.Client(
        timeout=TIMEOUT_S, follow_redirects=True, max_redirects=MOST_REDIRECTS, trust_env=False
    )
    with client:
        client.headers.update(headers)
        source = _Source(client, url.rstrip("/"), told)
        return of_documents(_documents(source))


def _documents(source: _Source) -> Iterator[tuple[str, Any]]:
    """Organizations first, then services with everything that belongs to them."""
    for one in source.pages("/organizations", full="true"):
        yield f"organization {one.get('id')}", one
    for one in source.pages("/services", full="true"):
        name = f"service {one.get('id')}"
        yield name, one if _FULL & one.keys() else source.get(f"/services/{_id(one)}", {})


def _id(one: Mapping[str, Any]) -> str:
    own = str(one.get("id", ""))
    if not own or not own.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise SheetError(f"a service of this API has an id that no address can hold: {own[:80]}")
    return own


def _is_last(page: Mapping[str, Any], number: int) -> bool:
    if page.get("last_page") is True:
        return True
    total = page.get("total_pages")
    return isinstance(total, int) and number >= total
