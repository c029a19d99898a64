"""A small HTTP and WebSocket server for tests, written from RFC 9112 and RFC 6455, on no library that a client of ours uses.

It runs in a thread of its own and gives the tests every byte: they answer slowly, break off in a frame, send nonsense, or fall silent.
"""

import asyncio
import base64
import hashlib
import threading
from urllib.parse import parse_qsl, unquote, urlsplit

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


class Request:
    """One request: its line, its headers (lower case) and its body."""

    def __init__(self, method, target, headers, body):
        self.method, self.headers, self.body = method, headers, body
        parts = urlsplit(target)
        self.path = unquote(parts.path)
        self.query = parse_qsl(parts.query, keep_blank_values=True)

    def all(self, name):
        return [value for key, value in self.query if key == name]

    def get(self, name, default=None):
        return next(iter(self.all(name)), default)


class Gone(Exception):  # noqa: N818 - a client that leaves is no error
    """The client has left."""


class Peer:
    """The server's end of one connection."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.closed = asyncio.Event()

    async def request(self):
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest if line)}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Request(method, target, headers, body)

    async def answer(self, status, body=b"", headers=(), *, reason="Told", close=True):
        lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in headers)]
        if close:
            lines.append("Connection: close")
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    async def stream(self, status=200, headers=()):
        """Begin a chunked answer (RFC 9112, section 7.1)."""
        lines = [f"HTTP/1.1 {status} OK", "Transfer-Encoding: chunked", *(f"{k}: {v}" for k, v in headers), "", ""]
        await self.send("\r\n".join(lines).encode("latin-1"))

    async def chunk(self, data):
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def upgrade(self, request, protocol=None):
        """Accept a WebSocket (RFC 6455, section 4.2.2)."""
        digest = hashlib.sha1(request.headers["sec-websocket-key"].encode() + GUID).digest()
        accept = base64.b64encode(digest).decode()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        lines.append(f"Sec-WebSocket-Accept: {accept}")
        if protocol:
            lines.append(f"Sec-WebSocket-Protocol: {protocol}")
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def frame(self, payload, opcode=None):
        """Send one unmasked frame (section 5.2)."""
        if opcode is None:
            opcode = TEXT if isinstance(payload, str) else BINARY
        data = payload.encode() if isinstance(payload, str) else payload
        size = len(data)
        length = (
            bytes([size])
            if size < 126
            else b"\x7e" + size.to_bytes(2)
            if size < 1 << 16
            else b"\x7f" + size.to_bytes(8)
        )
        await self.send(bytes([0x80 | opcode]) + length + data)

    async def close_frame(self, code, reason=""):
        await self.frame(code.to_bytes(2) + reason.encode(), CLOSE)

    async def listen(self):
        """Answer pings and take the close of the client, until it leaves."""
        try:
            while True:
                first, second = await self.reader.readexactly(2)
                size = second & 0x7F
                if size > 125:
                    size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8))
                mask = await self.reader.readexactly(4) if second & 0x80 else b"\0\0\0\0"
                data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(await self.reader.readexactly(size)))
                if first & 0xF == PING:
                    await self.frame(data, PONG)
                elif first & 0xF == CLOSE:
                    await self.frame(data, CLOSE)
                    return
        except (OSError, asyncio.IncompleteReadError, Gone):
            return
        finally:
            self.closed.set()

    async def send(self, data):
        if self.closed.is_set():
            raise Gone
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError as error:
            raise Gone from error

    def cut(self):
        """End the connection without a word (a reset)."""
        self.writer.transport.abort()


class WireServer:
    """Runs ``serve(peer, request)`` for each request, in a thread of its own; a subclass says how.

    With a TLS context it speaks HTTPS and WSS. ``down`` and ``up`` take it off its port and back.
    """

    def __init__(self, ssl_context=None):
        self.ssl_context = ssl_context
        self.loop = asyncio.new_event_loop()
        self.requests = []
        self.failure = None
        self._tasks = set()
        self._server = None
        self.port = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.up()

    async def serve(self, peer, request):
        raise NotImplementedError

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def up(self):
        self.call(self._up())

    def down(self):
        self.call(self._down())

    def close(self):
        self.call(self._down())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()
        if self.failure is not None:
            raise self.failure

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def _up(self):
        self._server = await asyncio.start_server(
            self._meet, "127.0.0.1", self.port, ssl=self.ssl_context, limit=1 << 22
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _down(self):
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _meet(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        peer = Peer(reader, writer)
        try:
            while True:
                request = await peer.request()
                self.requests.append(request)
                if not await self.serve(peer, request):
                    return
        except (Gone, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        except Exception as error:  # noqa: BLE001 - a defect of the test's server fails the test, at ``close``
            self.failure = error
        finally:
            self._tasks.discard(task)
            writer.transport.abort()
