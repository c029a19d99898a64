"""Receive signed alerts: python webhook_receiver.py PORT SECRET_FILE. Needs Python alone.

It refuses what is not signed with the secret (401) or is older than five minutes, answers 204 only when an alert is safe, and knows one
that comes twice by its identity. `Standard Webhooks` libraries of other languages check the same three headers.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PORT, SECRET = (
    int(sys.argv[1]),
    base64.b64decode(Path(sys.argv[2]).read_text(encoding="ascii").strip().removeprefix("whsec_")),
)
OLDEST_SECS = 300
MAX_BYTES = 1 << 20
known: set[str] = set()


def signed(headers: Message, body: bytes) -> bool:
    """Tell whether a call is from who knows the secret, and fresh."""
    key, at, given = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not at.isdecimal() or abs(time.time() - int(at)) > OLDEST_SECS:
        return False
    digest = hmac.new(SECRET, f"{key}.{at}.".encode() + body, hashlib.sha256).digest()
    right = f"v1,{base64.b64encode(digest).decode()}"
    return any(hmac.compare_digest(right, one) for one in given.split(" "))


class Receiver(BaseHTTPRequestHandler):
    """One call, one answer."""

    def do_POST(self) -> None:
        """Take an alert."""
        length = int(self.headers.get("content-length", "0"))
        body = self.rfile.read(min(length, MAX_BYTES))
        if length > MAX_BYTES or not signed(self.headers, body):
            self.answer(401)
            return
        alert, key = json.loads(body), self.headers["webhook-id"]
        if key not in known:  # keep this on disk, where a restart must not forget it
            sys.stdout.write(f"{key}\t{alert.get('status', 'digest')}\t{alert['centre']}\n")
            sys.stdout.flush()
            known.add(key)
        self.answer(204)

    def answer(self, status: int) -> None:
        """Answer with a status alone."""
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing: standard output is for alerts."""


ThreadingHTTPServer(("127.0.0.1", PORT), Receiver).serve_forever()
