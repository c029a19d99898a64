"""A site with feeds for tests: RSS 2.0, Atom and RSS 1.0, conditional requests, robots.txt, and the faults of real sites.

Written from RSS 2.0, RFC 4287, RFC 9110 (conditional requests, Retry-After) and RFC 9309; the documents are made by hand, without the
library that reads them.
"""

import asyncio
import gzip
from collections import Counter
from email.utils import formatdate
from xml.sax.saxutils import escape

from wire import WireServer

BOMB = gzip.compress(b"<rss>" + b" " * 5_000_000)


def rss(items, *, language="fr"):
    """Items are (guid, title, summary, epoch seconds or text or None, extra XML); written newest first."""
    parts = []
    for guid, title, summary, at, extra in reversed(items):
        date = "" if at is None else f"<pubDate>{at if isinstance(at, str) else formatdate(at, usegmt=True)}</pubDate>"
        name = "" if guid is None else f'<guid isPermaLink="false">{escape(guid)}</guid>'
        parts.append(
            f"<item>{name}<title>{escape(title)}</title><description>{escape(summary)}</description>{date}{extra}</item>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:georss="http://www.georss.org/georss" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Essai</title><link>https://press.example/</link>'
        f"<description>d</description><language>{language}</language>{''.join(parts)}</channel></rss>"
    ).encode()


def atom(items):
    parts = []
    for guid, title, summary, at, extra in reversed(items):
        date = formatdate(at, usegmt=True) if at else ""
        date = "" if at is None else f"<updated>{_rfc3339(at)}</updated>"
        parts.append(
            f"<entry><id>{escape(guid)}</id><title>{escape(title)}</title><summary type='html'>{escape(summary)}</summary>"
            f"<link href='https://forum.example/t/1'/><author><name>membre</name></author>{date}{extra}</entry>"
        )
    return (
        "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom' xml:lang='fr'><id>urn:x</id><title>Forum</title>"
        f"<updated>2026-01-01T00:00:00Z</updated>{''.join(parts)}</feed>"
    ).encode()


def _rfc3339(at):
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class FeedServer(WireServer):
    """Serves ``document`` at /feed. ``faults`` is a list of kinds, one a request for the feed; later requests have none."""

    def __init__(self, ssl_context=None, *, faults=(), document=b""):
        self.document = document
        self.version = 1
        self.content_type = "application/rss+xml"
        self.faults = list(faults)
        self.fired = Counter()
        self.looks = 0
        self.not_modified = 0
        self.robots = None
        self.conditional = "etag"
        super().__init__(ssl_context)

    @property
    def url(self):
        return f"{'https' if self.ssl_context else 'http'}://127.0.0.1:{self.port}/feed"

    def write(self, document):
        async def put():
            self.document = document
            self.version += 1

        self.call(put())

    async def serve(self, peer, request):
        if request.path == "/robots.txt":
            if self.robots is None:
                return await peer.answer(404)
            return await peer.answer(200, self.robots.encode(), [("Content-Type", "text/plain")])
        if request.path == "/old":
            return await peer.answer(301, headers=[("Location", "/feed")])
        self.looks += 1
        fault = self.faults.pop(0) if self.faults else None
        if fault:
            self.fired[fault] += 1
            if await self._fail(peer, fault):
                return None
        headers = [("Content-Type", self.content_type)]
        if self.conditional == "etag":
            tag = f'"v{self.version}"'
            headers.append(("ETag", tag))
            fresh = request.headers.get("if-none-match") == tag
        else:
            date = formatdate(1_700_000_000 + self.version, usegmt=True)
            headers.append(("Last-Modified", date))
            fresh = request.headers.get("if-modified-since") == date
        if fresh:
            self.not_modified += 1
            return await peer.answer(304, headers=headers)
        return await peer.answer(200, self.document, headers)

    async def _fail(self, peer, fault):
        if fault == "429":
            await peer.answer(429, headers=[("Retry-After", "0")])
        elif fault == "503":
            await peer.answer(503)
        elif fault == "cut":
            peer.cut()
        elif fault == "cut_in_body":
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<?xml version='1.0'?><rss ver")
            peer.cut()
        elif fault == "truncated":
            await peer.answer(200, self.document[: len(self.document) // 2], [("Content-Type", self.content_type)])
        elif fault == "html":
            await peer.answer(
                200, b"<!doctype html><html><body>Please log in</body></html>", [("Content-Type", "text/html")]
            )
        elif fault == "entities":
            bomb = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss version="2.0"><channel>&b;</channel></rss>'
            await peer.answer(200, bomb, [("Content-Type", "text/xml")])
        elif fault == "gzip_bomb":
            await peer.answer(200, BOMB, [("Content-Encoding", "gzip")])
        elif fault == "silent":
            await asyncio.sleep(3_600)
        elif fault == "410":
            await peer.answer(410)
        else:
            return False
        return True
