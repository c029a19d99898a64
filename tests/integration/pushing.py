"""Senders of signed posts, as the specification says."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.client import HTTPConnection, HTTPSConnection

import msgspec
from listening import FAST

SECRET = "whsec_" + base64.b64encode(b"a key of thirty-two bytes, or so").decode()


POLICY = msgspec.structs.replace(FAST, stall_ms=None)


def sign(body, *, identity, secret=SECRET, at=None):
    """Sign as the specification says, by hand."""
    stamp = str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    digest = hmac.new(key, f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": identity,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def send(port, body, headers, *, path="/posts/mairie", method="POST", context=None):
    connection = (
        HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
        if context
        else HTTPConnection("127.0.0.1", port, timeout=30)
    )
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return (
            answer.status,
            json.loads(answer.read() or b"{}") if answer.headers.get_content_type() == "application/json" else {},
            answer.headers,
        )
    finally:
        connection.close()


def post(number, **changed):
    return {"id": f"p{number}", "text": f"Arbre tombé rue Foch {number}", "author": "formulaire"} | changed


def in_thread(port, body, headers, answers, **options):
    thread = threading.Thread(target=lambda: answers.append(send(port, body, headers, **options)))
    thread.start()
    return thread
