"""Clients that ask without a pause, on kept-alive connections or on a new one for each request."""

import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import count


class Load:
    """So many requests by so many threads; every other one keeps its connection."""

    def __init__(self, address: str, paths: tuple[str, ...], requests: int, threads: int) -> None:
        self.outcomes: Counter[str] = Counter()
        self._host = address.removeprefix("http://")
        self._paths = paths
        self._numbers = iter(range(requests))
        self._turn = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=[n % 2]) for n in range(threads)]

    def start(self) -> None:
        """Start all clients."""
        for thread in self._threads:
            thread.start()

    def has_done(self, requests: int) -> bool:
        """Whether so many have been answered, or have failed."""
        return self.outcomes.total() >= requests

    def join(self) -> Counter[str]:
        """How often each outcome came: a status, or what went wrong."""
        for thread in self._threads:
            thread.join()
        return self.outcomes

    def _ask(self, keeps: int) -> None:
        connection = http.client.HTTPConnection(self._host, timeout=60.0)
        for path in self._share():
            try:
                connection.request("GET", path, headers={} if keeps else {"Connection": "close"})
                answer = connection.getresponse()
                answer.read()
                outcome = str(answer.status)
            except (OSError, http.client.HTTPException) as error:
                outcome = type(error).__name__
                connection.close()
            with self._turn:
                self.outcomes[outcome] += 1
        connection.close()

    def _share(self) -> Iterator[str]:
        for _ in count():
            with self._turn:
                number = next(self._numbers, None)
            if number is None:
                return
            yield self._paths[number % len(self._paths)]
