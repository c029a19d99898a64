"""X against a server that speaks its wire, with every fault it knows: no post lost, none doubled, no read too many."""

import json
import random
import ssl
import time
from collections import Counter

import msgspec
import pytest
import trustme
from httpx import Response
from listening import FAST, Heard, now_ms
from x_server import TOKEN, XServer, post

from ingest.recent import Recent
from ingest.sources.x import FilteredStream, month_of
from ingest.sources.x_compliance import ComplianceStream
from ingest.sources.x_rules import Term, rules_of
from ingest.sources.x_web import Connection, Failures, Waits
from ingest.sources.x_words import KNOWN_MS, Known
from tocsin.runtime import metrics as declared

FAULTS = ["cut", "close", "malformed", "disconnect", "stall", "duplicate", "split", "429", "too_many", "503", "page"]
RULES = rules_of([Term("fr", "incendie"), Term("fr", "feu de forêt")], max_rules=5, rule_chars=512)[0]
WAITS = Waits(refused_ms=2, refused_max_ms=20, limited_ms=4)


def stream_of(
    server,
    *,
    token=TOKEN,
    policy=FAST,
    waits=WAITS,
    backfill=5,
    rules=RULES,
    reads=1_000_000,
    known=None,
    languages=(),
    ca_path=None,
):
    connection = Connection(url=server.url, token=token, ca_path=ca_path, waits=waits, max_backfill_minutes=backfill)
    return FilteredStream(
        "x",
        connection,
        policy,
        rules=rules,
        monthly_reads=reads,
        languages=frozenset(languages),
        now=server.now,
        known=Known(0) if known is None else known,
        recent=Recent(window_ms=86_400_000),
    )


def compliance_of(server, known, kind, partition=1):
    connection = Connection(url=server.url, token=TOKEN, waits=WAITS)
    return ComplianceStream(
        f"x:{kind}:{partition}", connection, FAST, kind=kind, partition=partition, now=server.now, known=known
    )


@pytest.fixture
def meet():
    """Make a server and listeners that end with the test."""
    made = []

    def make(*, ssl_context=None, faults=(), now=now_ms, **chosen):
        made.append(XServer(ssl_context, faults=faults, now=now, **chosen))
        return made[-1]

    def listen(*sources, **chosen):
        made.insert(0, Heard(*sources, **chosen))
        return made[0]

    yield make, listen
    for one in made:
        one.close()


def id_of(one):
    return f"https://x.com/i/status/{one['data']['edit_history_tweet_ids'][0]}"


def posts(heard):
    return Counter(said for what, said in heard.told() if what == "post")


def breaks(heard, reason):
    return heard.metrics.value(declared.SOURCE_BREAKS, "x", reason)


def run(seed):
    """Listen through faults; give what was heard, what should have been, and the faults that fired."""
    draw = random.Random(seed)
    server = XServer(faults=[(draw.choice(FAULTS), draw.randrange(8)) for _ in range(draw.randrange(1, 4))], now=now_ms)
    server.rule_faults = [draw.choice([None, None, "rules_429", "rules_503"]) for _ in range(2)]
    heard = Heard(stream_of(server))
    try:
        heard.until(lambda: heard.metrics.value(declared.SOURCE_EVENTS, "x") > 0)
        made = []
        for number in range(draw.randrange(10, 50)):
            made.append(post(number, now_ms() - draw.choice([0, 200, 6_000]), f"Incendie {number} étage"))
            server.publish(made[-1])
            if draw.random() < 0.1:
                heard.poll()
        want = Counter(map(id_of, made))
        heard.until(lambda: not want - posts(heard))
        heard.settle()
    finally:
        heard.close()
        server.close()
    return heard, want, server.fired


def test_nothing_is_lost_or_doubled_over_many_seeds():
    fired, seen = Counter(), 0
    for seed in range(200):
        heard, want, faults = run(seed)
        got = posts(heard)
        assert got == want, f"seed {seed}: {want - got} lost, {got - want} doubled, {faults}"
        if not set(faults) - {"malformed", "duplicate", "split", "429", "503", "too_many", "page"}:
            assert heard.count()[("bad", "")] == 2 * faults["malformed"], f"seed {seed}: an unreadable line disappeared"
            seen += faults["malformed"]
        fired += faults
    assert seen > 3
    assert set(FAULTS) | {"rules_429", "rules_503"} <= set(fired), f"never fired: {set(FAULTS) - set(fired)}"


def test_a_restart_is_filled_up_by_backfill(meet):
    make, listen = meet
    server = make()
    made = [post(number, now_ms()) for number in range(30)]
    first = listen(stream_of(server))
    first.until(lambda: server.open == 1)
    server.publish(*made[:10])
    first.until(lambda: len(first.lines) == 10)
    positions = first.listener.positions()
    first.close()
    server.publish(*made[10:])
    second = listen(stream_of(server), positions=positions)
    second.until(lambda: set(posts(second)) >= set(map(id_of, made[10:])))
    assert server.streams[1].get("backfill_minutes") == "1"
    assert [gap.filled for gap in second.gaps] == [True]


def test_without_backfill_the_gap_is_told(meet):
    make, listen = meet
    server = make(faults=[("close", 1)])
    heard = listen(stream_of(server, backfill=0))
    heard.until(lambda: server.open == 1)
    server.publish(post(1, now_ms()), post(2, now_ms()))
    heard.until(lambda: any(not gap.filled for gap in heard.gaps))
    assert "backfill_minutes" not in dict(server.streams[1].query)
    assert len(heard.lines) == 1


def test_what_was_missed_is_asked_for_again_when_the_connection_ends_before_all_has_come(meet):
    """The cursor stays where the break was while what was missed is coming."""
    make, listen = meet
    clock = [now_ms()]
    server = make(now=lambda: clock[0], faults=[(None, 0), ("cut", 3)])
    first = listen(stream_of(server), now=lambda: clock[0])
    first.until(lambda: server.open == 1)
    server.publish(post(0, clock[0]))
    first.until(lambda: len(first.lines) == 1)
    positions = first.listener.positions()
    first.close()
    made = [post(number, clock[0]) for number in range(1, 20)]
    server.publish(*made)
    clock[0] += 150_000
    second = listen(stream_of(server), positions=positions, now=lambda: clock[0])
    second.until(lambda: set(posts(second)) >= set(map(id_of, made)))
    assert [request.get("backfill_minutes") for request in server.streams[1:]] == ["3", "3"]


def test_the_rules_on_x_become_those_that_are_wanted_and_others_stay(meet):
    make, listen = meet
    server = make()
    server.rules = {
        "900": {"id": "900", "value": "autre lang:fr", "tag": "of another program"},
        "901": {"id": "901", "value": "ancien lang:fr -is:retweet", "tag": "tocsin 0123"},
    }
    heard = listen(stream_of(server))
    heard.until(lambda: server.open == 1)
    standing = {rule["value"] for rule in server.rules.values()}
    assert standing == {"autre lang:fr", '(incendie OR "feu de forêt") lang:fr -is:retweet'}
    heard.close()
    asked = len([one for one in server.requests if one.method == "POST"])
    again = listen(stream_of(server))
    again.until(lambda: server.open == 1)
    assert len([one for one in server.requests if one.method == "POST"]) == asked, "what stands is not made again"


def test_rules_that_x_does_not_take_are_told(meet):
    make, listen = meet
    server = make(max_rules=0)
    heard = listen(stream_of(server, waits=Waits(refused_ms=60_000, refused_max_ms=60_000)))
    heard.until(lambda: breaks(heard, "refused") == 1)
    heard.settle(0.05)
    assert not server.streams, "no stream is opened without its rules"


def test_an_edit_replaces_the_text_and_a_late_old_version_does_not_come_back(meet):
    make, listen = meet
    server = make()
    heard = listen(stream_of(server))
    heard.until(lambda: server.open == 1)
    old = post(1, now_ms(), "Explosion à la gare")
    first = old["data"]["id"]
    new = post(2, now_ms() + 1_000, "Exercice à la gare", history=[first])
    late = post(3, now_ms(), "A")
    later = post(4, now_ms() + 500, "B", history=[late["data"]["id"]])
    server.publish(old, new, later, late)
    heard.until(lambda: len(heard.lines) == 5)
    heard.settle()
    assert heard.told() == [
        ("post", id_of(old)),
        ("edited", id_of(old)),
        ("post", id_of(old)),
        ("edited", id_of(late)),
        ("post", id_of(late)),
    ]
    texts = {read["id"]: read["text"] for read in map(json.loads, heard.lines) if "text" in read}
    assert texts == {id_of(old): "Exercice à la gare", id_of(late): "B"}


def test_compliance_events_take_back_what_was_heard_and_pass_over_the_rest(meet):
    make, listen = meet
    start = now_ms()
    clock = [start]
    server = make(now=lambda: clock[0])
    known = Known(start)
    heard = listen(
        stream_of(server, known=known),
        compliance_of(server, known, "posts"),
        compliance_of(server, known, "accounts"),
        now=lambda: clock[0],
    )
    heard.until(lambda: server.open == 3)
    clock[0] += KNOWN_MS + 1  # from here on only what was heard concerns us
    made = [post(number, clock[0]) for number in range(8)]
    edited = post(20, clock[0] + 10, "corrigé", history=[made[5]["data"]["id"]])
    server.publish(*made, edited)
    heard.until(lambda: len(heard.lines) == 10)
    del heard.lines[:]
    ids = [one["data"]["id"] for one in made]
    target = [{"id": one["data"]["id"], "author_id": one["data"]["author_id"]} for one in made]
    server.comply("tweets", "delete", tweet=target[0])
    server.comply("tweets", "withheld", tweet=target[1], withheld_in_countries=["FR"])
    server.comply("tweets", "drop", tweet=target[2])
    server.comply("tweets", "undrop", tweet=target[2])
    server.comply("tweets", "delete", tweet={"id": "99", "author_id": "98"})
    server.comply(
        "tweets",
        "tweet_edit",
        tweet={"id": ids[3]},
        initial_tweet_id=ids[3],
        edit_tweet_ids=[ids[3], str(int(ids[7]) + 99)],
    )
    server.comply(
        "tweets",
        "tweet_edit",
        tweet={"id": ids[5]},
        initial_tweet_id=ids[5],
        edit_tweet_ids=[ids[5], edited["data"]["id"]],
    )
    server.comply("tweets", "delete", tweet={"id": edited["data"]["id"], "author_id": "1"})
    heard.until(lambda: len(heard.lines) == 5)
    authors = [one["data"]["author_id"] for one in made]
    for number, name in enumerate(["user_delete", "user_protect", "user_suspend", "user_withheld"]):
        server.comply("users", name, user={"id": authors[number]})
    server.comply("users", "scrub_geo", user={"id": authors[4]}, up_to_tweet_id="1")
    server.comply("users", "user_undelete", user={"id": authors[0]})
    server.comply("users", "user_profile_modification", user={"id": authors[0]}, profile_field="d", new_value="x")
    server.comply("users", "user_delete", user={"id": "99"})
    heard.until(lambda: len(heard.lines) == 10)
    heard.settle()
    assert heard.told()[:5] == [
        ("deleted", id_of(made[0])),
        ("deleted", id_of(made[1])),
        ("deleted", id_of(made[2])),
        ("edited", id_of(made[3])),
        ("deleted", id_of(made[5])),  # by the number of its second version
    ]
    assert heard.told()[5:] == [("account", f"x:{author}") for author in authors[:5]]


def test_after_a_start_deletions_of_what_an_earlier_run_heard_are_handed_on(meet):
    make, listen = meet
    server = make()
    heard = listen(compliance_of(server, Known(now_ms()), "posts", 2))
    heard.until(lambda: server.open == 1)
    server.comply("tweets", "delete", 2, tweet={"id": "77", "author_id": "5"})
    heard.until(lambda: heard.told() == [("deleted", "https://x.com/i/status/77")])


def test_the_budget_of_a_month_ends_the_reading_and_survives_a_restart(meet):
    make, listen = meet
    clock = [now_ms()]
    server = make(now=lambda: clock[0])
    heard = listen(stream_of(server, reads=5), now=lambda: clock[0])
    heard.until(lambda: server.open == 1)
    server.publish(*[post(number, clock[0]) for number in range(9)])
    heard.until(lambda: breaks(heard, "budget_spent") == 1)
    heard.settle()
    assert len(heard.lines) == 5
    heard.until(lambda: server.open == 0)  # the connection is let go
    positions = heard.listener.positions()
    heard.close()
    again = listen(stream_of(server, reads=5), positions=positions, now=lambda: clock[0])
    again.until(lambda: breaks(again, "budget_spent") == 1)
    assert len(server.streams) == 1, "a restart does not begin a new budget"
    again.close()
    clock[0] += 32 * 86_400_000
    next_month = listen(stream_of(server, reads=5), positions=positions, now=lambda: clock[0])
    next_month.until(lambda: server.open == 1)
    server.publish(post(50, clock[0]))
    next_month.until(lambda: len(next_month.lines) == 1)
    place = json.loads(next_month.listener.positions()["x"].cursor)
    assert (place["month"], place["reads"]) == (month_of(clock[0]), 1)


def test_a_cap_told_by_x_rests_too(meet):
    make, listen = meet
    server = make(faults=[("capped", 0)])
    heard = listen(stream_of(server, waits=Waits(refused_ms=2, refused_max_ms=60_000, limited_ms=2)))
    heard.until(lambda: breaks(heard, "budget_spent") == 1)
    heard.settle(0.05)
    assert len(server.streams) == 1


@pytest.mark.parametrize(("kind", "status"), [("503", "refused"), ("429", "rate_limited"), ("too_many", "refused")])
def test_waits_double_from_where_the_documentation_begins(kind, status):
    """The waits of the documentation: 5 s doubled up to 320 s, a minute after a 429."""
    failures = Failures(Waits(), lambda: 0)
    code = {"503": 503, "429": 429, "too_many": 429}[kind]
    body = b'{"type": "https://api.x.com/2/problems/streaming-connection"}' if kind == "too_many" else b"<html>"
    told = [failures.of(Response(code), body) for _ in range(8)]
    seconds = [one.retry_after_ms / 1_000 for one in told]
    assert {one.reason for one in told} == {status}
    assert seconds == ([5, 10, 20, 40, 80, 160, 320, 320] if code == 503 else [60, 120, 240, 320, 320, 320, 320, 320])
    reset = failures.of(Response(429, headers={"x-rate-limit-reset": "900"}), b"")
    assert reset.retry_after_ms == 900_000, "never before the limit ends"
    failures.forget()
    assert failures.of(Response(503), b"").retry_after_ms == 5_000


def test_a_token_that_is_refused_is_told_and_not_hammered(meet):
    make, listen = meet
    server = make()
    heard = listen(stream_of(server, token="another", waits=Waits(refused_ms=60_000, refused_max_ms=60_000)))
    heard.until(lambda: breaks(heard, "unauthorised") == 1)
    heard.settle(0.1)
    assert server.fired["401"] == 1


def test_heartbeats_keep_a_silent_stream_alive_and_their_end_ends_it(meet):
    make, listen = meet
    server = make()
    heard = listen(stream_of(server, policy=msgspec.structs.replace(FAST, stall_ms=200)))
    heard.until(lambda: heard.metrics.value(declared.SOURCE_EVENTS, "x") > 20)
    assert len(server.streams) == 1
    server.heartbeat_secs = 3_600
    heard.until(lambda: breaks(heard, "stalled") >= 1)


def test_a_server_that_is_away_and_comes_back(meet):
    make, listen = meet
    server = make()
    heard = listen(stream_of(server))
    heard.until(lambda: server.open == 1)
    server.publish(post(1, now_ms()))
    heard.until(lambda: len(heard.lines) == 1)
    server.down()
    heard.until(lambda: breaks(heard, "unreachable") >= 2)
    server.published.append((now_ms(), post(2, now_ms())))
    server.up()
    heard.until(lambda: len(heard.lines) == 2)


def test_tls_is_checked(meet, tmp_path):
    make, listen = meet
    ours, theirs = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(context)
    ours.cert_pem.write_to_path(tmp_path / "ours.pem")
    theirs.cert_pem.write_to_path(tmp_path / "theirs.pem")
    server = make(ssl_context=context)
    doubted = listen(stream_of(server, ca_path=tmp_path / "theirs.pem"))
    doubted.until(lambda: breaks(doubted, "tls") >= 2)
    assert not server.requests, "nothing is said to a server that is not known, least of all the token"
    trusted = listen(stream_of(server, ca_path=tmp_path / "ours.pem"))
    trusted.until(lambda: server.open == 1)


def test_the_line_holds_the_whole_text_and_only_the_place_of_the_profile(meet):
    make, listen = meet
    server = make()
    heard = listen(stream_of(server, languages=("fr",)))
    heard.until(lambda: server.open == 1)
    now = now_ms()
    point = {"coordinates": {"type": "Point", "coordinates": [4.85, 45.76]}, "place_id": "p1"}
    users = [{"id": "5", "username": "un-compte", "name": "Un Nom", "location": "Lyon"}]

    def place(width):
        box = {"type": "Feature", "bbox": [4.8, 45.7, 4.8 + width, 45.7 + width], "properties": {}}
        return {"users": users, "places": [{"id": "p1", "full_name": "Lyon, France", "geo": box}]}

    passed_on = post(90, now, "le texte entier de l'autre")
    server.publish(
        post(1, now, "Feu &amp; fumée &lt;ici&gt;", author_id="5", geo=point, includes=place(0.5)),
        post(2, now, author_id="5", geo={"place_id": "p1"}, includes=place(0.01)),
        post(3, now, author_id="5", geo={"place_id": "p1"}, includes=place(0.5)),
        post(4, now, "Incendie, le dé…", note_tweet={"text": "Incendie, le début et la fin"}),
        post(
            5,
            now,
            "RT @x: le te…",
            referenced_tweets=[{"type": "retweeted", "id": passed_on["data"]["id"]}],
            includes={"tweets": [passed_on["data"]]},
        ),
        post(6, now, referenced_tweets=[{"type": "replied_to", "id": passed_on["data"]["id"]}]),
        post(7, now, lang="und"),
        post(8, now, lang="de"),
        post(9, now, withheld={"country_codes": ["FR"]}),
        post(10, now, author_id="6", includes={"users": [{"id": "6", "protected": True}]}),
        post(11, now - 2 * 86_400_000),
        post(12, now, " "),
    )
    heard.until(lambda: len(heard.lines) == 7)
    heard.settle()
    lines = [json.loads(line) for line in heard.lines]
    where = [(one.get("lat"), one.get("lon"), one.get("place")) for one in lines[:3]]
    assert where[0] == (45.76, 4.85, "Lyon, France")
    assert where[1] == (pytest.approx(45.705), pytest.approx(4.805), "Lyon, France")
    assert where[2] == (None, None, "Lyon, France"), "a city is a name, not a point"
    assert lines[0]["text"] == "Feu & fumée <ici>"
    assert lines[3]["text"] == "Incendie, le début et la fin"
    assert lines[4]["text"] == "le texte entier de l'autre"
    assert lines[4]["repost_of"] == lines[5]["reply_to"] == id_of(passed_on)
    assert "lang" not in lines[6]
    assert {one["source"] for one in lines} == {"x"}
    assert "un-compte" not in repr(heard.lines)
    assert "Un Nom" not in repr(heard.lines)
    left = {
        why: heard.metrics.value(declared.SOURCE_FILTERED, "x", why)
        for why in ("language", "not_public", "old", "empty")
    }
    assert left == {"language": 1, "not_public": 2, "old": 1, "empty": 1}


def test_a_client_that_is_not_ours_reads_the_same_from_our_server(meet):
    """The server is judged by tweepy, whose addresses are led to it."""
    import tweepy
    from requests.adapters import HTTPAdapter

    make, _ = meet
    server = make()
    got = []

    class Led(HTTPAdapter):
        def send(self, request, **options):
            request.url = request.url.replace("https://api.twitter.com", server.url)
            return super().send(request, **options)

    class Client(tweepy.StreamingClient):
        def on_response(self, response):
            got.append((response.data.id, response.data.text, [user.location for user in response.includes["users"]]))

        def on_keep_alive(self):
            got.append("alive")

        def on_errors(self, errors):
            got.append(errors[0]["disconnect_type"])
            self.disconnect()

    client = Client(TOKEN)
    client.session.mount("https://api.twitter.com", Led())
    told = client.add_rules([tweepy.StreamRule("incendie lang:fr", tag="a"), tweepy.StreamRule("feu lang:fr", tag="b")])
    assert [(rule.value, rule.tag) for rule in told.data] == [("incendie lang:fr", "a"), ("feu lang:fr", "b")]
    client.delete_rules(told.data[0].id)
    assert [rule.value for rule in client.get_rules().data] == ["feu lang:fr"]
    one = post(1, now_ms(), "Incendie")
    server.published.append((now_ms(), one))
    server.faults = [("disconnect", 1)]
    thread = client.filter(backfill_minutes=2, expansions="author_id", user_fields="location", threaded=True)
    until = time.monotonic() + 10
    while "alive" not in got:
        assert time.monotonic() < until, got
        time.sleep(0.005)
    server.publish(post(2, now_ms()))
    thread.join(10)
    said = [one for one in got if one != "alive"]
    assert said == [(int(one["data"]["id"]), "Incendie", ["Lyon"]), "UpstreamOperationalDisconnect"]
