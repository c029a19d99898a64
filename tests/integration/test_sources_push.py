"""HTTP push: signed posts are handed on before they are answered for; everything else is refused by name."""

import base64
import json
import random
import socket
import ssl
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

import pytest
import trustme
from listening import Heard, now_ms
from pushing import POLICY, SECRET, in_thread, post, send, sign

from ingest.files import SourceError
from ingest.sources.made import make_sources
from ingest.sources.push import MAX_READING, MAX_WAITING, Push, Times
from ingest.sources.push_wire import TimedProtocol
from tocsin.runtime import metrics as declared
from tocsin.settings import Settings
from tocsin.settings.sources import PushSettings

LONG = Times()


class Hasty(TimedProtocol):
    head_secs = 0.15


class Piped(Heard):
    """A listener whose pipeline takes what comes, in a thread, and says what is safe while ``keeps`` holds."""

    def __init__(self, *sources, **chosen):
        self.keeps = True
        self._lock, self._ends = threading.Lock(), threading.Event()
        super().__init__(*sources, **chosen)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def poll(self):
        with self._lock:
            super().poll()
            if self.keeps:
                self.listener.settle(self.listener.positions())

    def _run(self):
        while not self._ends.wait(0.001):
            self.poll()

    def close(self):
        self._ends.set()
        self._thread.join(10)
        super().close()


@pytest.fixture
def served():
    """Gives a function that makes a listener on a free port; all are closed at the end."""
    open_ = []

    def serve(*, secrets=None, times=LONG, protocol=TimedProtocol, **chosen):
        settings = PushSettings(enabled=True, **({"port": 0} | chosen))
        known = {"mairie": [SECRET], "autre": ["x" * 32]} if secrets is None else secrets
        source = Push("push", settings, POLICY, secrets=known, now=now_ms, times=times, protocol=protocol)
        heard = Piped(source)
        open_.append(heard)
        until = time.monotonic() + 10
        while not heard.listener.addresses:
            assert time.monotonic() < until
            time.sleep(0.002)
        return heard, urlsplit(heard.listener.addresses["push"]).port

    yield serve
    for heard in open_:
        heard.close()


def test_signed_posts_are_handed_on_before_the_answer(served):
    heard, port = served()
    body = json.dumps(
        [post(1, lat=48.1, lon=-1.6), post(2, created_at="2026-11-22T03:00:00Z"), {"retract": "p1"}]
    ).encode()
    status, told, _ = send(port, body, sign(body, identity="m1"))
    assert (status, told["taken"]) == (202, 3)
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


def test_no_answer_before_what_was_sent_is_safe(served):
    heard, port = served()
    heard.keeps = False
    answers = []
    body = json.dumps([post(n) for n in range(10)]).encode()
    sending = in_thread(port, body, sign(body, identity="1"), answers)
    heard.until(lambda: len(heard.lines) == 10)
    heard.settle(0.1)
    assert not answers, "answered for what a crash would lose"
    heard.keeps = True
    sending.join(10)
    assert answers[0][0] == 202


def test_what_is_not_safe_in_time_is_told_to_come_again_and_counts_once(served):
    heard, port = served(times=Times(safe=0.1))
    heard.keeps = False
    body = json.dumps(post(1)).encode()
    status, _, headers = send(port, body, sign(body, identity="1"))
    assert (status, headers["Retry-After"]) == (503, "5")
    assert send(port, body, sign(body, identity="1"))[0] == 503
    heard.keeps = True
    heard.until(lambda: send(port, body, sign(body, identity="1"))[0] == 200)
    heard.settle()
    assert len(heard.lines) == 1


def test_one_that_comes_again_while_the_first_waits_waits_for_the_same(served):
    heard, port = served()
    heard.keeps = False
    answers = []
    body = json.dumps(post(1)).encode()
    threads = [in_thread(port, body, sign(body, identity="same"), answers) for _ in range(5)]
    heard.until(lambda: heard.lines)
    heard.settle(0.1)
    heard.keeps = True
    for thread in threads:
        thread.join(10)
    assert {status for status, _, _ in answers} <= {200, 202}
    assert len(heard.lines) == 1


def test_more_than_may_wait_are_told_to_come_again(served):
    heard, port = served(max_posts_per_sec=1_000.0)
    heard.keeps = False
    answers = []
    threads = []
    for number in range(MAX_WAITING):
        body = json.dumps(post(number)).encode()
        threads.append(in_thread(port, body, sign(body, identity=str(number)), answers))
    heard.until(lambda: len(heard.lines) == MAX_WAITING)
    body = json.dumps(post("more")).encode()
    assert send(port, body, sign(body, identity="more"))[0] == 503
    heard.keeps = True
    for thread in threads:
        thread.join(10)
    assert Counter(status for status, _, _ in answers) == {202: MAX_WAITING}
    assert send(port, body, sign(body, identity="more"))[0] == 202, "what was told to come again may come"


def test_a_sender_changes_its_secret_without_a_break(served):
    old, new = ("whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
    _, port = served(secrets={"mairie": [new, old]})
    body = json.dumps(post(1)).encode()
    assert send(port, body, sign(body, identity="1", secret=old))[0] == 202
    assert send(port, body, sign(body, identity="2", secret=new))[0] == 202
    assert send(port, body, sign(body, identity="3"))[0] == 401
    both = sign(body, identity="4", secret="y" * 32)
    both["webhook-signature"] += " " + sign(body, identity="4", secret=new)["webhook-signature"]
    assert send(port, body, both)[0] == 202, "a sender that signs with two keys"


def test_secrets_come_from_files_one_a_line(tmp_path):
    file = tmp_path / "mairie"
    settings = Settings.model_validate({"push": {"enabled": True, "secret_paths": {"mairie": file}}})
    file.write_text("a" * 32 + "\n" + "b" * 32 + "\n")
    assert [source.name for source in make_sources(settings, now_ms)] == ["push"]
    for wrong in ("", "short\n", "c" * 32 + "\nshort\n", "\n".join(["d" * 32] * 9)):
        file.write_text(wrong)
        with pytest.raises(SourceError, match="mairie"):
            make_sources(settings, now_ms)


def test_an_old_stamp_is_told_only_to_who_signed(served):
    _, port = served()
    body = json.dumps(post(1)).encode()
    old = time.time() - 3_600
    assert "webhook-timestamp" in send(port, body, sign(body, identity="1", at=old))[1]["message"]
    assert "signature" in send(port, body, sign(body, identity="1", at=old, secret="y" * 32))[1]["message"]


def test_each_item_that_is_wrong_is_named(served):
    heard, port = served()
    body = json.dumps(
        [post(1), post(2, text=7), post(3, lat=95, lon=1), {"retract": "x", "reason": "rue-Foch"}, {"id": "5"}]
    ).encode()
    status, told, _ = send(port, body, sign(body, identity="1"))
    assert status == 400
    assert [one.split(":")[0] for one in told["errors"]] == ["item 1", "item 2", "item 3", "item 4"]
    assert "$.text" in told["errors"][0]
    assert "$.lat" in told["errors"][1]
    assert "rue-Foch" not in json.dumps(told)
    heard.settle()
    assert not heard.lines, "all of it or nothing"


def test_refusals_are_counted_by_reason(served):
    heard, port = served(max_posts_per_sec=1.0)
    body = json.dumps([post(n) for n in range(9)]).encode()
    send(port, body, {})
    send(port, b"[{", sign(b"[{", identity="1"))
    send(port, body, sign(body, identity="2"))
    send(port, body, sign(body, identity="3"))
    heard.until(lambda: heard.metrics.value(declared.SOURCE_FILTERED, "push", "limited") == 1)
    assert heard.metrics.value(declared.SOURCE_FILTERED, "push", "unsigned") == 1
    assert heard.metrics.value(declared.SOURCE_FILTERED, "push", "malformed") == 1


def is_ended(connection, within_s=10.0):
    connection.settimeout(within_s)
    try:
        while connection.recv(65_536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


def test_who_dribbles_the_head_of_a_request_is_let_go_and_others_are_served(served):
    _, port = served(protocol=Hasty)
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    body = json.dumps(post(1)).encode()
    for connection in slow:
        connection.sendall(b"POST /posts/mairie HTTP/1.1\r\nHost: x\r\nX-a")
    assert send(port, body, sign(body, identity="1"))[0] == 202
    assert all(is_ended(connection) for connection in slow)
    again = socket.create_connection(("127.0.0.1", port))  # after an answer, too
    head = "".join(f"{name}: {value}\r\n" for name, value in sign(body, identity="2").items())
    again.sendall(
        f"POST /posts/mairie HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body
    )
    assert b" 202 " in again.recv(65_536)
    again.sendall(b"P")
    assert is_ended(again)
    for connection in (*slow, again):
        connection.close()


def test_who_dribbles_a_body_is_told(served):
    heard, port = served(times=Times(body=0.15))
    body = json.dumps(post(1)).encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in sign(body, identity="1").items())
    with socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
        slow.sendall(
            f"POST /posts/mairie HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body[:5]
        )
        assert b" 408 " in slow.recv(65_536)
    heard.settle()
    assert not heard.lines


def test_no_more_bodies_are_read_at_once_than_there_is_room_for(served):
    heard, port = served(times=Times(body=1.0))
    body = json.dumps(post(1)).encode()
    head = "webhook-id: 1\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,a\r\nContent-Length: 999"
    slow = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(MAX_READING)]
    for connection in slow:
        connection.sendall(f"POST /posts/mairie HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n[".encode())
    heard.until(lambda: send(port, body, sign(body, identity="a"))[0] == 503)
    assert all(b" 408 " in connection.recv(65_536) for connection in slow)
    assert send(port, body, sign(body, identity="b"))[0] == 202, "once they were let go there is room again"
    for connection in slow:
        connection.close()


def test_a_body_is_not_read_of_who_shows_nothing_or_announces_too_much(served):
    _, port = served(max_body_bytes=2_000)
    for head, status in (
        ("Content-Length: 1000", b" 401 "),
        ("Content-Length: 9000\r\nwebhook-id: 1\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,a", b" 413 "),
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as sender:
            sender.sendall(f"POST /posts/mairie HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
            assert status in sender.recv(65_536)


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
