"""A Jetstream instance for tests: ``/subscribe`` (v1) and ``subscribeEvents`` (v2), plain and zstandard, over a world of invented events.

Written from the project's documentation and lexicons. Faults are told to it beforehand, one list a connection, and it counts those that fired.
"""

import asyncio
import json
import random
from collections import Counter
from datetime import UTC, datetime

import zstandard
from wire import BINARY, Gone, WireServer

METHOD = "network.bsky.jetstream.subscribeEvents"
POSTS = "app.bsky.feed.post"


def iso(us):
    return datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{us % 1_000_000:06d}Z"


class World:
    """Events in the order in which the instance witnesses them; ``expected`` is what a listener must hand on."""

    def __init__(self, seed, base_us, *, events=60, step_us=1_000, posts=0.5):
        draw = random.Random(seed)
        self.events = []
        self.expected = []
        live = []
        for number in range(events):
            at_us = base_us + number * step_us
            did = f"did:plc:{draw.randrange(10**8):024d}"
            kind = draw.random()
            event = {"did": did, "at_us": at_us, "rev": f"3rev{number:09d}"}
            if kind < posts:
                rkey = f"3key{number:09d}"
                record = {"$type": POSTS, "text": f"texte {number} é 🚒", "createdAt": iso(at_us)[:23] + "Z"}
                record["langs"] = [draw.choice(["fr", "en"])]
                if live and draw.random() < 0.3:
                    ref = {"uri": f"at://{live[-1][0]}/{POSTS}/{live[-1][1]}", "cid": "bafy"}
                    record["reply"] = {"root": ref, "parent": ref}
                event |= {"kind": "commit", "operation": "create", "collection": POSTS, "rkey": rkey, "record": record}
                live.append((did, rkey))
                self.expected.append(("post", f"at://{did}/{POSTS}/{rkey}"))
            elif kind < posts + 0.1 and live:
                did, rkey = live.pop(draw.randrange(len(live)))
                event |= {"did": did, "kind": "commit", "operation": "delete", "collection": POSTS, "rkey": rkey}
                self.expected.append(("deleted", f"at://{did}/{POSTS}/{rkey}"))
            elif kind < posts + 0.15 and live:
                did, rkey = draw.choice(live)
                record = {"$type": POSTS, "text": f"corrigé {number}", "createdAt": iso(at_us)}
                event |= {
                    "did": did,
                    "kind": "commit",
                    "operation": "update",
                    "collection": POSTS,
                    "rkey": rkey,
                    "record": record,
                }
                self.expected += [("edited", f"at://{did}/{POSTS}/{rkey}"), ("post", f"at://{did}/{POSTS}/{rkey}")]
            elif kind < posts + 0.2:
                status = draw.choice(["deleted", "takendown", "suspended", "deactivated", "throttled", None])
                event |= {
                    "kind": "account",
                    "account": {"active": status is None, "did": did, "seq": number, "time": iso(at_us)},
                }
                if status:
                    event["account"]["status"] = status
                if status not in (None, "throttled"):
                    self.expected.append(("account", did))
            elif kind < posts + 0.25:
                event |= {
                    "kind": "identity",
                    "identity": {"did": did, "handle": "a.example", "seq": number, "time": iso(at_us)},
                }
            elif kind < posts + 0.3:
                event |= {
                    "kind": "sync",
                    "sync": {"did": did, "rev": "3r", "blocks": {"$bytes": "AA"}, "seq": number, "time": iso(at_us)},
                }
            else:
                collection = draw.choice(["app.bsky.feed.like", "app.bsky.graph.follow"])
                record = {"$type": collection, "createdAt": iso(at_us)}
                event |= {
                    "kind": "commit",
                    "operation": "create",
                    "collection": collection,
                    "rkey": f"3l{number}",
                    "record": record,
                }
            self.events.append(event)


def frame_v1(event):
    body = {"did": event["did"], "time_us": event["at_us"], "kind": event["kind"]}
    if event["kind"] == "commit":
        names = ("rev", "operation", "collection", "rkey", "record")
        body["commit"] = {name: event[name] for name in names if name in event}
        if "record" in event:
            body["commit"]["cid"] = "bafyreidc6sydkkbchcyg62v77wbhzvb2mvytlmsychqgwf2xojjtirmzj4"
    else:
        body[event["kind"]] = event[event["kind"]]
    return json.dumps(body, ensure_ascii=False)


def frame_v2(event, seq):
    payload = {"$type": f"{METHOD}#{event['kind']}", "seq": seq, "did": event["did"], "time": iso(event["at_us"])}
    payload["witnessedAt"] = payload["time"]
    if event["kind"] == "commit":
        names = ("rev", "operation", "collection", "rkey", "record")
        payload |= {name: event[name] for name in names if name in event}
    else:
        payload[event["kind"]] = event[event["kind"]]
    return json.dumps({"$type": "message", "payload": payload}, ensure_ascii=False)


class JetstreamServer(WireServer):
    """One instance. ``faults`` is a list of (kind, after so many events), one a connection; later connections have none."""

    def __init__(self, ssl_context=None, *, dictionary=None, faults=()):
        self.events = []
        self.first_seq = 1
        self.floor_seq = 0
        self.refused_below = 0
        self.faults = list(faults)
        self.fired = Counter()
        self.connections = 0
        self.ignores_filters = False
        self.dictionary = dictionary
        self._more = asyncio.Event()
        super().__init__(ssl_context)

    @property
    def url(self):
        return f"{'wss' if self.ssl_context else 'ws'}://127.0.0.1:{self.port}"

    def publish(self, events):
        async def add():
            self.events += events
            self._more.set()
            self._more = asyncio.Event()

        self.call(add())

    def renumber(self, first_seq):
        """Another archive stands where this one stood: the same events, other numbers."""
        self.first_seq = first_seq

    async def serve(self, peer, request):
        if request.path == "/xrpc/network.bsky.jetstream.getZstdDictionary":
            if self.dictionary is None:
                return await peer.answer(404, b'{"error":"DictionaryNotFound"}')
            return await peer.answer(200, self.dictionary, [("Content-Type", "application/octet-stream")])
        v2 = request.path == f"/xrpc/{METHOD}"
        if not v2 and request.path != "/subscribe":
            return await peer.answer(404)
        fault, after = self.faults.pop(0) if self.faults else (None, 0)
        self.connections += 1
        if fault in ("429", "503", "401"):
            self.fired[fault] += 1
            headers = [("Retry-After", "0")] if fault == "429" else []
            return await peer.answer(int(fault), b'{"error":"Told"}', headers)
        start, info, refusal = self._start(request, v2)
        if refusal is not None:
            self.fired[refusal["error"]] += 1
            return await peer.answer(400, json.dumps(refusal).encode(), [("Content-Type", "application/json")])
        await peer.upgrade(
            request,
            "xrpc.v1.json" if v2 and "xrpc.v1.json" in request.headers.get("sec-websocket-protocol", "") else None,
        )
        reading = asyncio.create_task(peer.listen()) if fault != "half_open" else None
        try:
            await self._stream(peer, request, v2, start, info, fault, after)
        finally:
            if reading:
                reading.cancel()

    def _start(self, request, v2):
        """Give the index to begin at, a notice, or a refusal, from the cursor (lexicon ``subscribeEvents``)."""
        cursor = request.get("cursor")
        packed = request.get("zstdDictionary")
        if (
            v2
            and packed is not None
            and (self.dictionary is None or int(packed) != int.from_bytes(self.dictionary[4:8], "little"))
        ):
            return 0, None, {"error": "UnknownZstdDictionary", "message": "current dictionary id is 1"}
        if cursor is None:
            return len(self.events), None, None
        cursor = int(cursor)
        if v2 and cursor < 10**15:
            if cursor < max(self.floor_seq, self.refused_below):
                return 0, None, {"error": "CursorTooOld", "message": "below the retention floor"}
            if cursor > self.first_seq + len(self.events):
                return len(self.events), "FutureCursor", None
            return max(0, cursor - self.first_seq), None, None
        floor = max(0, self.floor_seq - self.first_seq)
        index = next((at for at, event in enumerate(self.events) if event["at_us"] >= cursor), len(self.events))
        return max(index, floor), "OutdatedCursor" if v2 and index < floor else None, None

    def _wanted(self, request, v2, event):
        if self.ignores_filters:
            return True
        if event["kind"] == "sync" and not v2:
            return False
        if v2 and request.all("kinds") and event["kind"] not in request.all("kinds"):
            return False
        wanted = request.all("collections" if v2 else "wantedCollections")
        return event["kind"] != "commit" or not wanted or event["collection"] in wanted

    async def _stream(self, peer, request, v2, index, info, fault, after):
        packer = None
        if request.get("zstdDictionary") or request.get("compress") == "true":
            packer = zstandard.ZstdCompressor(dict_data=zstandard.ZstdCompressionDict(self.dictionary))

        async def send(text):
            await peer.frame(packer.compress(text.encode()) if packer else text, BINARY if packer else None)

        if info:
            self.fired[info] += 1
            await send(json.dumps({"$type": "message", "payload": {"$type": f"{METHOD}#info", "name": info}}))
        sent = 0
        held = None
        while True:
            while index < len(self.events):
                event, seq = self.events[index], self.first_seq + index
                index += 1
                if not self._wanted(request, v2, event):
                    continue
                if fault and sent == after:
                    await self._fail(peer, fault, send, v2)
                text = frame_v2(event, seq) if v2 else frame_v1(event)
                if fault == "reorder" and sent >= after and held is None and index < len(self.events):
                    held = text  # the next one goes before it
                    self.fired["reorder"] += 1
                    continue
                await send(text)
                sent += 1
                if fault == "duplicate" and sent >= after:
                    self.fired["duplicate"] += 1
                    await send(text)
                if held not in (None, ""):
                    await send(held)
                    held = ""
            if held not in (None, ""):
                await send(held)
                held = ""
            more = self._more
            _, pending = await asyncio.wait(
                [asyncio.ensure_future(more.wait()), asyncio.ensure_future(peer.closed.wait())],
                return_when="FIRST_COMPLETED",
            )
            for task in pending:
                task.cancel()
            if peer.closed.is_set():
                raise Gone

    async def _fail(self, peer, fault, send, v2):
        if fault not in ("duplicate", "reorder"):
            self.fired[fault] += 1
        if fault == "cut":
            peer.cut()
            raise Gone
        if fault == "cut_in_frame":
            await peer.send(b"\x81\x7e\x01\x00half a fra")
            peer.cut()
            raise Gone
        if fault == "close":
            await peer.close_frame(1001, "going away")
            raise Gone
        if fault == "too_slow":
            if v2:
                await send(json.dumps({"$type": "error", "error": "ConsumerTooSlow", "message": "reconnect"}))
            await peer.close_frame(1008, "consumer too slow")
            raise Gone
        if fault == "malformed":
            await send('{"did": "did:plc:x", "time_us": ')
            await send('["not", "an", "event"]')
            await send("")
            await peer.frame(b"\xff\xfe\x00not packed", BINARY)
        if fault == "bad_opcode":
            await peer.frame(b"?", 0x3)
            raise Gone
        if fault in ("stall", "half_open"):
            await peer.closed.wait() if fault == "stall" else await asyncio.sleep(3_600)
            raise Gone
