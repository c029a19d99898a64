"""HTTP push: signed posts are handed on before they are answered for; everything else is refused by name."""

import base64
import hashlib
import hmac
import json
import random
import socket
import ssl
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

import msgspec
import pytest
import trustme
from listening import FAST, Heard, now_ms

from ingest.inbox import Inbox
from ingest.sources.push import Push
from tocsin.runtime import metrics as declared
from tocsin.settings.sources import PushSettings

SECRET = "whsec_" + base64.b64encode(b"a key of thirty-two bytes, or so").decode()
POLICY = msgspec.structs.replace(FAST, stall_ms=None)


@pytest.fixture
def served():
    """Gives a function that makes a listener on a free port; all are closed at the end."""
    open_ = []

    def serve(*, inbox=None, **chosen):
        settings = PushSettings(enabled=True, **({"port": 0} | chosen))
        source = Push("push", settings, POLICY, secrets={"mairie": SECRET, "autre": "x" * 32}, now=now_ms)
        heard = Heard(source, inbox=inbox)
        open_.append(heard)
        until = time.monotonic() + 10
        while not heard.listener.addresses:
            assert time.monotonic() < until
            time.sleep(0.002)
        return heard, urlsplit(heard.listener.addresses["push"]).port

    yield serve
    for heard in open_:
        heard.close()


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
        HTTPSConnection("127.0.0.1", port, timeout=15, context=context)
        if context
        else HTTPConnection("127.0.0.1", port, timeout=15)
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


def test_signed_posts_are_handed_on_before_the_answer(served):
    heard, port = served()
    body = json.dumps(
        [post(1, lat=48.1, lon=-1.6), post(2, created_at="2026-11-22T03:00:00Z"), {"retract": "p1"}]
    ).encode()
    status, told, _ = send(port, body, sign(body, identity="m1"))
    assert (status, told["taken"]) == (202, 3)
    heard.poll()  # at once: what was answered for is there
    assert heard.told() == [("post", "mairie p1"), ("post", "mairie p2"), ("deleted", "mairie p1")]
    line = json.loads(heard.lines[0])
    assert (line["source"], line["author"], line["lat"]) == ("push-mairie", "mairie formulaire", 48.1)


def test_json_lines_and_a_single_object(served):
    heard, port = served()
    for identity, body in (
        ("a", b"\n".join(json.dumps(post(n)).encode() for n in range(3))),
        ("b", json.dumps(post(9), indent=1).encode()),
    ):
        assert send(port, body, sign(body, identity=identity))[0] == 202
    heard.poll()
    assert len(heard.lines) == 4


def test_a_message_sent_twice_is_taken_once(served):
    heard, port = served()
    body = json.dumps(post(1)).encode()
    signed = sign(body, identity="same")
    assert [send(port, body, signed)[0] for _ in range(3)] == [202, 200, 200]
    heard.poll()
    assert len(heard.lines) == 1


@pytest.mark.parametrize(
    ("why", "expected"),
    [
        ("no signature", 401),
        ("another body", 401),
        ("another secret", 401),
        ("old", 401),
        ("another sender", 401),
        ("nobody", 401),
        ("bearer", 401),
        ("not json", 400),
        ("no text", 400),
        ("unknown field", 400),
        ("half a position", 400),
        ("too large", 413),
        ("get", 405),
        ("elsewhere", 404),
    ],
)
def test_everything_else_is_refused(served, why, expected):
    heard, port = served(max_body_bytes=2_000)
    body = {
        "not json": b"[{",
        "no text": b'{"id": "1"}',
        "unknown field": b'{"id": "1", "text": "x", "colour": "red"}',
        "half a position": b'{"id": "1", "text": "x", "lat": 4}',
        "too large": json.dumps(post(1, text="x" * 3_000)).encode(),
    }.get(why, json.dumps(post(1)).encode())
    signed = sign(body, identity="i")
    path, method = "/posts/mairie", "POST"
    if why == "no signature":
        signed = {}
    elif why == "another body":
        signed = sign(b"{}", identity="i")
    elif why == "another secret":
        signed = sign(body, identity="i", secret="y" * 32)
    elif why == "old":
        signed = sign(body, identity="i", at=time.time() - 3_600)
    elif why == "another sender":
        path = "/posts/autre"
    elif why == "nobody":
        path = "/posts/inconnu"
    elif why == "bearer":
        signed = {"Authorization": f"Bearer {SECRET}"}
    elif why == "get":
        method = "GET"
    elif why == "elsewhere":
        path = "/"
    status, told, _ = send(port, body, signed, path=path, method=method)
    assert status == expected
    assert "Foch" not in json.dumps(told), "an answer quotes nothing"
    heard.settle()
    assert not heard.lines


def test_a_bearer_token_where_it_is_allowed(served):
    heard, port = served(bearer=True)
    body = json.dumps(post(1)).encode()
    assert send(port, body, {"Authorization": f"Bearer {SECRET}"})[0] == 202
    assert send(port, body, {"Authorization": "Bearer nope"})[0] == 401
    heard.poll()
    assert len(heard.lines) == 1


def test_too_many_posts_are_told_to_come_again(served):
    heard, port = served(max_posts_per_sec=2.0)
    body = json.dumps([post(n) for n in range(40)]).encode()
    assert send(port, body, sign(body, identity="1"))[0] == 202
    status, _, headers = send(port, body, sign(body, identity="2"))
    assert status == 429
    assert 10 <= int(headers["Retry-After"]) <= 18
    other = json.dumps(post(1)).encode()
    assert send(port, other, sign(other, identity="3", secret="x" * 32), path="/posts/autre")[0] == 202, (
        "a limit is a sender's own"
    )
    heard.poll()
    assert len(heard.lines) == 41


def test_no_answer_while_the_pipeline_is_full(served):
    heard, port = served(inbox=Inbox(max_lines=2))
    answered = []
    body = json.dumps([post(n) for n in range(10)]).encode()
    sending = threading.Thread(target=lambda: answered.append(send(port, body, sign(body, identity="1"))[0]))
    sending.start()
    time.sleep(0.2)
    assert not answered, "answered for before it was in the hands of the pipeline"
    heard.until(lambda: len(heard.lines) == 10)
    sending.join(10)
    assert answered == [202]


def test_nothing_is_lost_or_doubled_when_senders_try_again(served):
    """Senders cut their connection, send twice, and try again until they are answered."""
    heard, port = served(max_posts_per_sec=100_000.0)
    want = Counter()
    for seed in range(60):
        draw = random.Random(seed)
        items = [post(f"{seed}-{n}") for n in range(draw.randrange(1, 5))]
        want.update(f"mairie {item['id']}" for item in items)
        body = json.dumps(items).encode()
        for _ in range(draw.randrange(3)):
            head = {**sign(body, identity=f"s{seed}"), "Content-Length": str(len(body))}
            raw = (
                "POST /posts/mairie HTTP/1.1\r\nHost: x\r\n"
                + "".join(f"{k}: {v}\r\n" for k, v in head.items())
                + "\r\n"
            )
            with socket.create_connection(("127.0.0.1", port)) as cut:
                cut.sendall((raw.encode() + body)[: draw.randrange(10, len(raw) + len(body) + 1)])
        status = send(port, body, sign(body, identity=f"s{seed}"))[0]
        assert status in (200, 202)
    heard.until(lambda: not want - heard_posts(heard))
    heard.settle()
    assert heard_posts(heard) == want


def heard_posts(heard):
    return Counter(said for what, said in heard.told() if what == "post")


def test_https(served, tmp_path):
    authority = trustme.CA()
    own = authority.issue_cert("127.0.0.1")
    own.private_key_pem.write_to_path(tmp_path / "key.pem")
    own.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    heard, port = served(cert_path=tmp_path / "cert.pem", key_path=tmp_path / "key.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    body = json.dumps(post(1)).encode()
    assert send(port, body, sign(body, identity="1"), context=context)[0] == 202
    heard.poll()
    assert len(heard.lines) == 1


def test_a_port_that_is_taken_is_told(served):
    _, port = served()
    source = Push("push", PushSettings(enabled=True, port=port), POLICY, secrets={}, now=now_ms)
    heard = Heard(source)
    try:
        heard.until(lambda: heard.metrics.value(declared.SOURCE_BREAKS, "push", "unreachable") >= 1)
    finally:
        heard.close()
