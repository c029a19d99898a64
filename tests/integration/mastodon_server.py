"""A Mastodon instance for tests: streaming by WebSocket and server-sent events, the REST timelines, tokens and rate limits.

Written from the documentation of Mastodon's API. A stream gives only what is published while it stands; the rest must be asked for.
"""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime

from wire import Gone, WireServer

TOKEN = "a-test-token"


def iso(ms):
    return datetime.fromtimestamp(ms / 1e3, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ms % 1_000:03d}Z"


def status(number, created_ms, text="<p>Incendie <br>rue Foch</p>", *, home="home.example", **changed):
    """A status as the API writes it (entities Status and Account); its number is a snowflake."""
    account = {
        "id": str(number % 97),
        "username": f"compte{number % 97}",
        "acct": f"compte{number % 97}@{home}",
        "url": f"https://{home}/@compte{number % 97}",
        "uri": f"https://{home}/users/compte{number % 97}",
        "bot": number % 13 == 0,
        "indexable": number % 2 == 0,
        "noindex": None,
        "fields": [],
    }
    return {
        "id": str((created_ms << 16) + number % 65_536),
        "created_at": iso(created_ms),
        "edited_at": None,
        "uri": f"https://{home}/users/compte{number % 97}/statuses/{number}",
        "url": f"https://{home}/@compte{number % 97}/{number}",
        "content": text,
        "spoiler_text": "",
        "visibility": "public",
        "language": "fr",
        "in_reply_to_id": None,
        "reblog": None,
        "account": account,
        "media_attachments": [],
    } | changed


class MastodonServer(WireServer):
    """One instance. ``faults`` is a list of (kind, after so many events), one a stream connection; later ones have none."""

    def __init__(self, ssl_context=None, *, faults=()):
        self.timeline = {}
        self.faults = list(faults)
        self.fired = Counter()
        self.streams = 0
        self.open = 0
        self.pages = 0
        self.page_faults = []
        self.thump_secs = 0.01
        self._queues = {}
        super().__init__(ssl_context)

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    def publish(self, *statuses):
        self.call(self._tell("update", statuses))

    def edit(self, status, text, at_ms):
        changed = status | {"content": text, "edited_at": iso(at_ms)}
        self.call(self._tell("status.update", [changed]))
        return changed

    def delete(self, status):
        self.call(self._tell("delete", [status]))

    def announce(self):
        self.call(self._tell("announcement", [{"id": "8", "content": "<p>bonjour</p>"}]))

    async def _tell(self, event, statuses):
        for one in statuses:
            if event == "delete":
                self.timeline.pop(one["id"], None)
            elif event != "announcement":
                self.timeline[one["id"]] = one
            payload = one["id"] if event == "delete" else json.dumps(one, ensure_ascii=False)
            for queue in self._queues.values():
                queue.put_nowait((event, payload))

    async def serve(self, peer, request):
        if request.path == "/api/v2/instance":
            scheme = "wss" if self.ssl_context else "ws"
            body = {"domain": self.host, "configuration": {"urls": {"streaming": f"{scheme}://{self.host}"}}}
            return await self._json(peer, 200, body)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            self.fired["401"] += 1
            return await self._json(peer, 401, {"error": "The access token is invalid"})
        if request.path.startswith("/api/v1/timelines/"):
            return await self._timeline(peer, request)
        if request.path.startswith("/api/v1/streaming"):
            return await self._open(peer, request)
        return await self._json(peer, 404, {"error": "Record not found"})

    async def _json(self, peer, code, body, headers=()):
        await peer.answer(code, json.dumps(body).encode(), [("Content-Type", "application/json"), *headers])

    async def _timeline(self, peer, request):
        self.pages += 1
        fault = self.page_faults.pop(0) if self.page_faults else None
        if fault:
            self.fired[fault] += 1
        if fault == "429":
            return await self._json(peer, 429, {"error": "Too many requests"}, [("X-RateLimit-Reset", iso(0))])
        if fault == "bad_page":
            return await peer.answer(200, b'[{"id": "1", ', [("Content-Type", "application/json")])
        after = int(request.get("min_id", "0"))
        ids = sorted((one for one in self.timeline if int(one) > after), key=int)[: int(request.get("limit", "20"))]
        return await self._json(peer, 200, [self.timeline[one] for one in reversed(ids)])

    async def _open(self, peer, request):
        fault, after = self.faults.pop(0) if self.faults else (None, 0)
        self.streams += 1
        if fault == "429":
            self.fired[fault] += 1
            return await self._json(peer, 429, {"error": "Too many requests"}, [("Retry-After", "0")])
        websocket = "sec-websocket-key" in request.headers
        queue = self._queues[id(peer)] = asyncio.Queue()
        if websocket:
            await peer.upgrade(request)
            reading = asyncio.create_task(peer.listen())
        else:
            await peer.stream(headers=[("Content-Type", "text/event-stream")])
            await peer.chunk(b":)\n")
            reading = asyncio.create_task(self._thump(peer))
        self.open += 1
        try:
            sent = 0
            while True:
                event, payload = await queue.get()
                if fault and sent == after:
                    await self._fail(peer, fault, websocket, reading)
                await self._send(peer, websocket, event, payload)
                if fault == "duplicate":
                    self.fired[fault] += 1
                    await self._send(peer, websocket, event, payload)
                sent += 1
        finally:
            self.open -= 1
            reading.cancel()
            self._queues.pop(id(peer), None)

    async def _send(self, peer, websocket, event, payload):
        if websocket:
            await peer.frame(json.dumps({"stream": ["public"], "event": event, "payload": payload}, ensure_ascii=False))
        else:
            await peer.chunk(f"event: {event}\ndata: {payload}\n\n".encode())

    async def _thump(self, peer):
        while True:
            await asyncio.sleep(self.thump_secs)
            await peer.chunk(b":thump\n")

    async def _fail(self, peer, fault, websocket, reading):
        if fault != "duplicate":
            self.fired[fault] += 1
        if fault == "cut":
            peer.cut()
            raise Gone
        if fault == "close":
            if websocket:
                await peer.close_frame(1001)
            raise Gone
        if fault == "malformed":
            if websocket:
                await peer.frame('{"event": "update", "payload": "{\\"id\\": ')
                await peer.frame('{"event": "update", "payload": "{\\"id\\": 7}"}')
            else:
                await peer.chunk(b'event: update\ndata: {"id": \n\nevent: update\ndata: {"id": 7}\n\n')
        if fault == "stall":
            reading.cancel() if not websocket else None
            await peer.closed.wait() if websocket else await asyncio.sleep(3_600)
            raise Gone
