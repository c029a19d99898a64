"""The wishes of sites: robots.txt, asked once a day a site. Source: RFC 9309."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx
from protego import Protego

from ingest.sources.socket import USER_AGENT
from tocsin.time import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES: Final = 512_000
"""RFC 9309, section 2.5: at least 500 KiB are read."""
MAX_SITES: Final = 1_024
AGENT: Final = USER_AGENT.partition(" ")[0]


class Robots:
    """What sites allow to be read."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._sites: dict[str, tuple[int, Protego | None]] = {}

    async def allows(self, client: httpx.AsyncClient, url: str) -> bool:
        """Say whether a page may be read. A site that cannot be asked forbids for an hour; one without the file allows all."""
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        known = self._sites.get(site)
        if known is None or self._now() >= known[0]:
            if len(self._sites) >= MAX_SITES:
                del self._sites[next(iter(self._sites))]
            known = self._sites[site] = await self._ask(client, f"{site}/robots.txt")
        rules = known[1]
        return rules is not None and bool(rules.can_fetch(url, AGENT))

    async def _ask(self, client: httpx.AsyncClient, url: str) -> tuple[int, Protego | None]:
        """Give the rules of a site (``None``: it could not be asked) and until when they hold."""
        try:
            async with client.stream("GET", url, follow_redirects=True) as answer:
                if answer.status_code >= 500:
                    return self._now() + HOUR_MS, None
                if answer.status_code != 200:
                    return self._now() + DAY_MS, Protego.parse("")
                body = b""
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_BYTES:
                        break
        except httpx.HTTPError:
            return self._now() + HOUR_MS, None
        return self._now() + DAY_MS, Protego.parse(body[:MAX_BYTES].decode("utf-8", "replace"))
