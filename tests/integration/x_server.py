"""X's API for tests: rules, the filtered stream with backfill, and the compliance streams. Written from the documentation of API v2.

Everything that was published is kept with its instant, so that ``backfill_minutes`` gives it again, as X does, together with what was
delivered before. A stream gives a line feed in silence.
"""

import asyncio
import json
import re
from collections import Counter
from datetime import UTC, datetime

from wire import Gone, WireServer

TOKEN = "an-app-only-token"
PROBLEMS = "https://api.twitter.com/2/problems/"
EPOCH_MS = 1_288_834_974_657


def iso(ms):
    return datetime.fromtimestamp(ms / 1e3, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ms % 1_000:03d}Z"


def post(number, created_ms, text="Incendie rue Foch", *, history=(), includes=None, **changed):
    """A line of the filtered stream (Tweet object, expansions, matching rules); ids are snowflakes."""
    own = str(((created_ms - EPOCH_MS) << 22) + number)
    data = {
        "id": own,
        "text": text,
        "author_id": str(1_000 + number % 97),
        "created_at": iso(created_ms),
        "edit_history_tweet_ids": [*history, own],
        "lang": "fr",
        **changed,
    }
    return {
        "data": data,
        "includes": includes
        or {"users": [{"id": data["author_id"], "name": "n", "username": "u", "location": "Lyon"}]},
        "matching_rules": [{"id": "1", "tag": "tocsin"}],
    }


def problem(kind, **told):
    return {"title": kind, "type": PROBLEMS + kind, "detail": f"about {kind}", **told}


class XServer(WireServer):
    """One app. ``faults`` is a list of (kind, after so many posts), one a connection; later ones have none."""

    def __init__(self, ssl_context=None, *, faults=(), now, max_rules=25, rule_chars=512):
        self.faults = list(faults)
        self.fired = Counter()
        self.now = now
        self.max_rules, self.rule_chars = max_rules, rule_chars
        self.rules = {}
        self.rule_faults = []
        self.published = []
        self.complied = {}
        self.open = 0
        self.streams = []
        self.heartbeat_secs = 0.02
        self.may_backfill = True
        self._queues = {}
        self._number = 0
        super().__init__(ssl_context)

    @property
    def url(self):
        return f"http{'s' if self.ssl_context else ''}://127.0.0.1:{self.port}"

    def publish(self, *posts):
        self.call(self._publish(posts))

    async def _publish(self, posts):
        for one in posts:
            self.published.append((self.now(), one))
            for path, queue in self._queues.values():
                if path == "/2/tweets/search/stream":
                    queue.put_nowait(one)

    def comply(self, kind, name, partition=1, **event):
        """Publish an event of a compliance stream."""
        path = f"/2/{kind}/compliance/stream"
        self.call(self._comply(path, partition, {"data": {name: {"event_at": iso(self.now()), **event}}}))

    async def _comply(self, path, partition, event):
        self.complied.setdefault((path, str(partition)), []).append((self.now(), event))
        for at, queue in self._queues.values():
            if at == (path, str(partition)):
                queue.put_nowait(event)

    async def serve(self, peer, request):
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            self.fired["401"] += 1
            return await self._json(peer, 401, {"title": "Unauthorized", "type": "about:blank", "status": 401})
        if request.path == "/2/tweets/search/stream/rules":
            return await self._rules(peer, request)
        if request.path == "/2/tweets/search/stream":
            return await self._stream(peer, request, request.path, self.published)
        if request.path in ("/2/tweets/compliance/stream", "/2/users/compliance/stream"):
            at = (request.path, request.get("partition", ""))
            if at[1] not in ("1", "2", "3", "4"):
                return await self._json(peer, 400, problem("invalid-request"))
            return await self._stream(peer, request, at, self.complied.setdefault(at, []))
        return await self._json(peer, 404, problem("resource-not-found"))

    async def _json(self, peer, code, body, headers=()):
        await peer.answer(code, json.dumps(body).encode(), [("Content-Type", "application/json"), *headers])

    async def _rules(self, peer, request):
        fault = self.rule_faults.pop(0) if self.rule_faults else None
        if fault:
            self.fired[fault] += 1
            if fault == "rules_429":
                reset = ("x-rate-limit-reset", str(self.now() // 1_000))
                return await self._json(peer, 429, {"title": "Too Many Requests", "type": "about:blank"}, [reset])
            return await self._json(peer, 503, problem("service-unavailable"))
        if request.method == "GET":
            meta = {"sent": iso(self.now()), "result_count": len(self.rules)}
            return await self._json(
                peer, 200, {"data": list(self.rules.values()), "meta": meta} if self.rules else {"meta": meta}
            )
        asked, made = json.loads(request.body), []
        unknown = [one for one in asked.get("delete", {}).get("ids", ()) if self.rules.pop(one, None) is None]
        errors = [problem("resource-not-found") for _ in unknown]
        for rule in asked.get("add", ()):
            fault = self._fault_of(rule["value"])
            if fault:
                errors.append(problem(fault, value=rule["value"]))
                continue
            self._number += 1
            made.append({"value": rule["value"], "tag": rule.get("tag", ""), "id": str(self._number)})
        if errors and "add" in asked:  # one wrong rule and none is made
            return await self._json(peer, 201, {"meta": {"summary": {"created": 0}}, "errors": errors})
        self.rules |= {rule["id"]: rule for rule in made}
        return await self._json(
            peer,
            201,
            {"data": made, "meta": {"sent": iso(self.now())}, "errors": errors}
            if errors
            else {"data": made, "meta": {}},
        )

    def _fault_of(self, value):
        """What X says against a rule: its length, its brackets and quotes, an operator that may not stand alone."""
        if value in [rule["value"] for rule in self.rules.values()]:
            return "duplicate-rules"
        if len(self.rules) >= self.max_rules:
            return "rule-cap"
        if len(value) > self.rule_chars:
            return "invalid-rules"
        bare = re.sub(r'"[^"()]+"', "phrase", value)
        words = re.sub(r"-?(?:lang|is|has):\w+", "", bare)
        if '"' in bare or bare.count("(") != bare.count(")") or not re.search(r"\w", words):
            return "invalid-rules"
        return None

    async def _stream(self, peer, request, path, past):
        minutes = request.get("backfill_minutes")
        if minutes is not None and not (self.may_backfill and minutes in ("1", "2", "3", "4", "5")):
            return await self._json(peer, 400, problem("invalid-request"))
        self.streams.append(request)
        fault, after = self.faults.pop(0) if self.faults else (None, 0)
        if fault in ("429", "too_many", "capped", "503", "page"):
            self.fired[fault] += 1
            return await self._refuse(peer, fault)
        queue = asyncio.Queue()
        if minutes is not None:
            for at, one in past:
                if at >= self.now() - int(minutes) * 60_000:
                    queue.put_nowait(one)
        self._queues[id(peer)] = (path, queue)
        await peer.stream(headers=[("Content-Type", "application/json; charset=utf-8")])
        self.open += 1
        try:
            await self._feed(peer, queue, fault, after)
        finally:
            self.open -= 1
            self._queues.pop(id(peer), None)

    async def _refuse(self, peer, fault):
        if fault == "429":
            reset = ("x-rate-limit-reset", str(self.now() // 1_000))
            return await self._json(
                peer, 429, {"title": "Too Many Requests", "type": "about:blank", "status": 429}, [reset]
            )
        if fault == "too_many":
            return await self._json(peer, 429, problem("streaming-connection", connection_issue="TooManyConnections"))
        if fault == "capped":
            return await self._json(peer, 429, problem("usage-capped", period="Monthly", scope="Account"))
        if fault == "page":
            return await peer.answer(502, b"<html><body>Bad gateway</body></html>")
        return await self._json(peer, 503, problem("service-unavailable"))

    async def _feed(self, peer, queue, fault, after):
        sent = 0
        while True:
            try:
                one = await asyncio.wait_for(queue.get(), self.heartbeat_secs)
            except TimeoutError:
                await peer.chunk(b"\r\n")
                continue
            line = json.dumps(one, ensure_ascii=False).encode() + b"\r\n"
            if fault and sent == after:
                await self._fail(peer, fault, line)
            if fault == "split":  # chunks end anywhere, within a character too
                self.fired[fault] += 1
                for at in range(0, len(line), 7):
                    await peer.chunk(line[at : at + 7])
            else:
                await peer.chunk(line)
            if fault == "duplicate":
                self.fired[fault] += 1
                await peer.chunk(line)
            sent += 1

    async def _fail(self, peer, fault, line):
        if fault in ("duplicate", "split"):
            return
        self.fired[fault] += 1
        if fault == "cut":  # in the middle of a line
            await peer.chunk(line[: len(line) // 2])
            peer.cut()
            raise Gone
        if fault == "close":
            await peer.send(b"0\r\n\r\n")
            raise Gone
        if fault == "malformed":
            await peer.chunk(b'{"data": {"id": \r\n{"data": {"id": "x", "text": 7}}\r\n')
            return
        if fault == "disconnect":
            told = problem("operational-disconnect", disconnect_type="UpstreamOperationalDisconnect")
            await peer.chunk(json.dumps({"errors": [told]}).encode() + b"\r\n")
            raise Gone
        if fault == "stall":
            await asyncio.sleep(3_600)
