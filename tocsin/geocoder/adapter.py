"""How requests leave: one httpx client, no redirects, a limit on the bytes of an answer and on the seconds of the whole of it.

geopy's own adapters follow redirects (the place words would go to a server that nobody chose), read bodies of any size, and take a timeout
for each read only, so that a server that drips could hold a request for ever.
"""

from __future__ import annotations

import json
import time
from typing import Any, Final

import httpx
from geopy.adapters import AdapterHTTPError, BaseSyncAdapter
from geopy.exc import GeocoderParseError, GeocoderServiceError, GeocoderTimedOut, GeocoderUnavailable

MAX_ANSWER_BYTES: Final = 1 << 20
"""A longer answer is refused: ten results are a few kilobytes."""
MAX_ERROR_BYTES: Final = 4 << 10
OK: Final = 200


class CappedAdapter(BaseSyncAdapter):  # type: ignore[misc]  # geopy ships no types
    """A geopy adapter over httpx with limits."""

    def __init__(self, *, proxies: Any, ssl_context: Any) -> None:
        super().__init__(proxies=proxies, ssl_context=ssl_context)
        # trust_env off: a proxy of the environment would hear the words, too.
        self._client = httpx.Client(verify=ssl_context or True, follow_redirects=False, trust_env=False)

    def get_json(self, url: str, *, timeout: float, headers: dict[str, str]) -> Any:
        """Give the decoded answer.

        Raises:
            GeocoderParseError: it is no JSON.
            GeocoderServiceError: as ``get_text``.
        """
        text = self.get_text(url, timeout=timeout, headers=headers)
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise GeocoderParseError(f"expected JSON, got {len(text)} characters of something else") from error

    def get_text(self, url: str, *, timeout: float, headers: dict[str, str]) -> str:
        """Give the answer's text.

        Raises:
            AdapterHTTPError: the server answers with another status than 200, a redirect included.
            GeocoderTimedOut: the whole answer did not come within ``timeout`` seconds.
            GeocoderUnavailable: the server cannot be reached.
            GeocoderServiceError: the answer is too long or breaks off.
        """
        until = time.monotonic() + timeout
        try:
            with self._client.stream("GET", url, headers=headers, timeout=timeout) as response:
                limit = MAX_ANSWER_BYTES if response.status_code == OK else MAX_ERROR_BYTES
                body = _read(response, limit, until, cut=response.status_code != OK)
                if response.status_code != OK:
                    # The body is not told: servers like to repeat the question in it.
                    raise AdapterHTTPError(
                        f"status {response.status_code}",
                        status_code=response.status_code,
                        headers=dict(response.headers),
                        text="",
                    )
        except httpx.TimeoutException as error:
            raise GeocoderTimedOut(f"no answer in {timeout:g} s") from error
        except httpx.ConnectError as error:
            raise GeocoderUnavailable(f"cannot be reached: {error}") from error
        except httpx.HTTPError as error:
            raise GeocoderServiceError(f"the answer broke off: {type(error).__name__}") from error
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise GeocoderParseError("expected UTF-8, got other bytes") from error

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()


def _read(response: httpx.Response, limit: int, until: float, *, cut: bool) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if time.monotonic() > until:
            raise GeocoderTimedOut("the answer did not end in time")
        if len(body) > limit:
            if cut:
                break
            raise GeocoderServiceError(f"the answer is longer than {limit} bytes")
    return bytes(body)
