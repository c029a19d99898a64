"""RSS and Atom against a site that speaks HTTP and XML by hand: new, changed, lying, huge, hostile, gone."""

import json
import random
import ssl
import time
from collections import Counter

import msgspec
import pytest
import trustme
from feed_server import FeedServer, atom, rss
from listening import FAST, Heard, now_ms

from ingest.sources.feeds import Feed
from ingest.sources.robots import Robots
from tocsin.runtime import metrics as declared
from tocsin.settings.sources import FeedsSettings

POLICY = msgspec.structs.replace(FAST, stall_ms=None, connect_ms=3_000)
FAULTS = ["429", "503", "cut", "cut_in_body", "html", "entities", "gzip_bomb"]


def feed_of(server, *, url=None, policy=POLICY, now=now_ms, **chosen):
    # ``model_construct``: the least pause of the settings is for people's sites, not for ours.
    settings = FeedsSettings.model_construct(
        **({"poll_secs": 0.005, "timeout_secs": 2.0, "respect_robots": False} | chosen)
    )
    return Feed("feed:test", url or server.url, settings, policy, now=now, robots=Robots(now))


def item(guid, title="Accident", summary="sur la rocade", *, at=0.0, extra=""):
    return guid, f"{title} {guid}", summary, None if at is None else time.time() + at, extra


def read(heard):
    return [json.loads(line) for line in heard.lines]


def run(seed):
    draw = random.Random(seed)
    server = FeedServer()
    server.conditional = draw.choice(["etag", "modified"])
    made, items = [], []
    server.write(rss([]))
    heard = Heard(feed_of(server, max_feed_bytes=200_000))
    try:
        heard.until(
            lambda: server.not_modified
        )  # the first look leaves out what has no date: nobody knows how old it is
        server.faults = [draw.choice([None, *FAULTS]) for _ in range(draw.randrange(2, 9))]
        for number in range(draw.randrange(5, 25)):
            items.append(item(f"urn:essai:{number}", at=draw.choice([0, -600, None])))
            made.append(f"urn:essai:{number}")
            del items[: max(0, len(items) - 10)]
            server.write(draw.choice([rss, atom])(items))
            if len(items) == 10 or draw.random() < 0.3:
                want = made[-1]
                heard.until(lambda: want in {said for _, said in heard.told()})  # noqa: B023
        heard.until(lambda: set(made) <= {said for _, said in heard.told()})
        heard.settle()
    finally:
        heard.close()
        server.close()
    return Counter(said for what, said in heard.told() if what == "post"), Counter(made), server.fired


def test_nothing_is_lost_or_doubled_over_many_seeds():
    fired = Counter()
    for seed in range(200):
        got, want, faults = run(seed)
        assert not got - want, f"seed {seed}: doubled {got - want}, {faults}"
        assert not want - got, f"seed {seed}: lost {want - got}, {faults}"
        fired += faults
    assert set(FAULTS) <= set(fired)


@pytest.mark.parametrize("conditional", ["etag", "modified"])
def test_an_unchanged_feed_is_asked_for_by_its_mark(conditional):
    server = FeedServer(document=rss([item("a")]))
    server.conditional = conditional
    heard = Heard(feed_of(server))
    try:
        heard.until(lambda: server.not_modified >= 3)
        assert len(heard.lines) == 1
    finally:
        heard.close()
        server.close()


def test_a_reused_guid_is_an_edit():
    server = FeedServer(document=rss([("bulletin", "A7 fluide", "", time.time() - 900, "")]))
    heard = Heard(feed_of(server))
    try:
        heard.until(lambda: len(heard.lines) == 1)
        server.write(rss([("bulletin", "A7 fermée, accident", "", time.time() - 86_400 * 9, "")]))
        heard.until(lambda: len(heard.lines) == 3)
        assert [what for what, _ in heard.told()] == ["post", "edited", "post"]
        last = read(heard)[-1]
        assert last["text"] == "A7 fermée, accident"
        assert abs(time.time() - _seconds(last["created_at"])) < 30, "a bulletin that changes tells of now"
    finally:
        heard.close()
        server.close()


def _seconds(text):
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def test_dates_that_lie():
    server = FeedServer(document=rss([]))
    heard = Heard(feed_of(server))
    try:
        heard.until(lambda: server.not_modified)
        server.write(
            rss(
                [
                    item("future", at=86_400 * 400),
                    item("none", at=None),
                    ("nonsense", "t", "s", "hier soir", ""),
                    item("archive", at=-86_400 * 30),
                    ("epoch", "t", "s", 0, ""),
                    item("now"),
                ]
            )
        )
        heard.until(lambda: len(heard.lines) >= 5)
        heard.settle()
        names = {one["id"].rpartition(" ")[2] for one in read(heard)}
        assert names == {"future", "none", "nonsense", "epoch", "now"}
        assert heard.metrics.value(declared.SOURCE_FILTERED, "feed:test", "old") == 1
    finally:
        heard.close()
        server.close()


def test_the_first_look_hears_only_what_is_new():
    server = FeedServer(document=rss([item("week", at=-7 * 86_400), item("undated", at=None), item("fresh", at=-60)]))
    policy = msgspec.structs.replace(POLICY, backfill_ms=900_000)
    heard = Heard(feed_of(server, policy=policy))
    try:
        heard.until(lambda: heard.lines)
        heard.settle()
        assert [one["id"].rpartition(" ")[2] for one in read(heard)] == ["fresh"]
    finally:
        heard.close()
        server.close()


def test_a_restart_repeats_nothing_and_a_feed_that_moved_on_is_a_gap():
    server = FeedServer(document=rss([item("a"), item("b")]))
    first = Heard(feed_of(server))
    first.until(lambda: len(first.lines) == 2)
    positions = first.listener.positions()
    assert b"Accident" not in positions["feed:test"].cursor
    first.close()
    second = Heard(feed_of(server), positions=positions)
    second.until(lambda: server.not_modified)
    assert not second.lines
    assert all(gap.filled for gap in second.gaps)
    second.close()
    server.write(rss([item("y"), item("z")]))
    third = Heard(feed_of(server), positions=positions)
    try:
        third.until(lambda: len(third.lines) == 2)
        assert any(not gap.filled for gap in third.gaps), "nothing known stands in it: what lay between was missed"
    finally:
        third.close()
        server.close()


def test_what_a_line_holds():
    document = atom([("tag:forum.example,2026:1", "Fumée", "<p>noire <b>épaisse</b></p>", time.time(), "")])
    point = rss([item("p", extra="<georss:point>43.6 1.44</georss:point><dc:creator>redaction</dc:creator>")])
    server = FeedServer(document=document)
    heard = Heard(feed_of(server))
    try:
        heard.until(lambda: len(heard.lines) == 1)
        server.write(point)
        heard.until(lambda: len(heard.lines) == 2)
        one, two = read(heard)
        assert (one["id"], one["text"], one["author"]) == (
            "tag:forum.example,2026:1",
            "Fumée\nnoire épaisse",
            "127.0.0.1/membre",
        )
        assert (one["lang"], one["link"], one["source"]) == ("fr", "https://forum.example/t/1", "feeds")
        assert (two["lat"], two["lon"], two["lang"]) == (43.6, 1.44, "fr")
    finally:
        heard.close()
        server.close()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("entities", "bad_stream"),
        ("gzip_bomb", "bad_stream"),
        ("html", "bad_stream"),
        ("429", "rate_limited"),
        ("410", "refused"),
    ],
)
def test_each_fault_has_its_name(fault, reason):
    server = FeedServer(faults=[fault], document=rss([item("a")]))
    heard = Heard(feed_of(server, max_feed_bytes=100_000))
    try:
        heard.until(lambda: heard.metrics.value(declared.SOURCE_BREAKS, "feed:test", reason) == 1)
        if fault == "410":
            heard.settle(0.1)
            assert server.looks == 1, "gone for good is not asked again at once"
        else:
            heard.until(lambda: heard.count()["post", f"{server.url} a"] == 1)
    finally:
        heard.close()
        server.close()


def test_a_site_that_falls_silent_is_given_up():
    server = FeedServer(faults=["silent"], document=rss([item("a")]))
    heard = Heard(feed_of(server, timeout_secs=0.2))
    try:
        heard.until(lambda: len(heard.lines) == 1)
        assert heard.metrics.value(declared.SOURCE_BREAKS, "feed:test", "unreachable") >= 1
    finally:
        heard.close()
        server.close()


def test_robots_are_obeyed():
    server = FeedServer(document=rss([item("a")]))
    server.robots = "User-agent: *\nDisallow: /private\n\nUser-agent: tocsin\nDisallow: /feed\n"
    heard = Heard(feed_of(server, respect_robots=True))
    try:
        heard.until(lambda: heard.metrics.value(declared.SOURCE_BREAKS, "feed:test", "refused") == 1)
        assert server.looks == 0
    finally:
        heard.close()
    server.robots = "User-agent: *\nDisallow: /private\n"
    again = Heard(feed_of(server, respect_robots=True))
    try:
        again.until(lambda: len(again.lines) == 1)
    finally:
        again.close()
        server.close()


def test_a_feed_that_moved_is_followed():
    server = FeedServer(document=rss([item("a")]))
    heard = Heard(feed_of(server, url=server.url.replace("/feed", "/old")))
    try:
        heard.until(lambda: len(heard.lines) == 1)
    finally:
        heard.close()
        server.close()


def test_tls_is_checked(tmp_path):
    ours, theirs = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(context)
    ours.cert_pem.write_to_path(tmp_path / "ours.pem")
    theirs.cert_pem.write_to_path(tmp_path / "theirs.pem")
    server = FeedServer(context, document=rss([item("a")]))
    doubted, trusted = (Heard(feed_of(server, ca_path=tmp_path / f"{name}.pem")) for name in ("theirs", "ours"))
    try:
        trusted.until(lambda: len(trusted.lines) == 1)
        doubted.until(lambda: doubted.metrics.value(declared.SOURCE_BREAKS, "feed:test", "tls") >= 1)
        assert not doubted.lines
    finally:
        doubted.close()
        trusted.close()
        server.close()
