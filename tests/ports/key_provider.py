"""An identity provider's JWKS address for tests: a real HTTP server whose answer may change."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc.jwk import Key, KeySet


def published(*keys: Key) -> bytes:
    return json.dumps(KeySet(list(keys)).as_dict(private=False)).encode()


class Provider:
    """A real HTTP server with a JWKS address; what it answers may change."""

    def __init__(self) -> None:
        self.keys: list[Key] = []
        self.answer: Callable[[], bytes] = lambda: published(*self.keys)
        self.status = 200
        self.asked = 0
        self.hold: threading.Event | None = None
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                if provider.hold is not None:
                    provider.hold.wait(5)
                body = provider.answer()
                self.send_response(provider.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/keys"

    def close(self) -> None:
        """Answer no more: whoever asks is refused the connection."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
