"""The small parts of sources: positions in a file, the inbox between threads, cursors, robots, server-sent events, words of networks."""

import asyncio
import base64
import json
import threading

import httpx_sse._decoders as oracle
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.files import SourceError
from ingest.inbox import Inbox
from ingest.listener import Position
from ingest.positions import PositionsFile
from ingest.recent import Recent
from ingest.source import BREAK_REASONS, DOOR_REASONS
from ingest.sources import bluesky_events as bluesky
from ingest.sources import feed_words, mastodon_words
from ingest.sources.bluesky import Place, _dictionary_id
from ingest.sources.made import make_sources
from ingest.sources.plain import plain_text
from ingest.sources.sse import EventStream
from ingest.sources.web import lines_of_stream
from tocsin.settings import Settings, SettingsError, load_settings

NOW = 1_795_320_000_000


def positions(**cursors):
    return {name: Position(cursor, NOW) for name, cursor in cursors.items()}


def test_positions_are_kept_only_behind_what_was_consumed(tmp_path):
    path = tmp_path / "state" / "positions.json"
    clock = [NOW]
    file = PositionsFile(path, lambda: clock[0])
    assert file.load() == {}
    file.cut(0, positions(a=b"1"))
    file.cut(1, positions(a=b"2"))
    file.consumed(0)
    file.save()
    assert not path.exists(), "nothing was consumed"
    file.consumed(1)
    assert PositionsFile(path, lambda: NOW).load() == positions(a=b"1")
    clock[0] += 100
    file.consumed(2)
    assert PositionsFile(path, lambda: NOW).load() == positions(a=b"1"), "not more often than every second"
    file.save()
    assert PositionsFile(path, lambda: NOW).load() == positions(a=b"2")
    assert not list(path.parent.glob("*.new"))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": 1}', b'{"a": {"cursor": "not base64!", "at": 1}}', b"\xff"])
def test_a_file_that_is_none_of_ours_is_refused_and_not_overwritten(tmp_path, content):
    path = tmp_path / "positions.json"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"positions\.json"):
        PositionsFile(path, lambda: NOW).load()
    assert path.read_bytes() == content


def test_without_a_path_nothing_is_kept():
    file = PositionsFile(None, lambda: NOW)
    file.cut(0, positions(a=b"1"))
    file.consumed(1)
    file.save()
    assert file.load() == {}


def test_a_cursor_comes_out_of_the_inbox_with_its_lines_and_not_before():
    inbox = Inbox(max_lines=10)
    assert inbox.try_put("a", (b"1", b"2"), b"c2")
    assert inbox.try_put("a", (), b"c3")
    assert inbox.try_put("a", (), b"c4")
    assert inbox.try_put("b", (b"3",), None)
    assert inbox.take(1) == ([("a", 1, b"1"), ("a", 2, b"2")], {"a": b"c2"})
    assert inbox.take(5) == ([("b", 1, b"3")], {"a": b"c4"})
    assert len(inbox) == 0


def test_the_inbox_is_bounded_in_bytes():
    inbox = Inbox(max_bytes=100)
    assert inbox.try_put("a", (b"x" * 150,), None), "one event may pass the limit by its own size"
    assert not inbox.try_put("a", (b"y",), None)


def test_the_inbox_between_two_threads_loses_and_doubles_nothing():
    inbox = Inbox(max_lines=5)
    taken = []

    async def put():
        for number in range(2_000):
            await inbox.put("a", (b"%d" % number,), b"%d" % number)

    thread = threading.Thread(target=lambda: asyncio.run(put()))
    thread.start()
    while thread.is_alive() or len(inbox):
        assert len(inbox) <= 5
        lines, _ = inbox.take(3)
        taken += [int(raw) for _, _, raw in lines]
    assert taken == list(range(2_000))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50)), max_size=60))
def test_recent_knows_what_a_slow_twin_knows(events):
    recent, seen, clock = Recent(window_ms=10), {}, 0
    for key, at in events:
        clock = max(clock, at)
        # The twin keeps all, and asks how old each is; the fast one forgets from its oldest on.
        again = recent.again(str(key), at)
        if again:
            assert key in seen
        elif key in seen:
            assert any(clock - came > 10 for came in seen.values())
        seen.setdefault(key, at) if again else seen.update({key: at})


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 10**6)), max_size=60), st.integers(0, 6))
def test_recent_knows_the_last_keys_however_old(events, least):
    recent, came = Recent(window_ms=0, least=least), []
    for key, at in events:
        if recent.again(str(key), at):
            assert key in came
        else:
            assert key not in came[len(came) - least :]
            came.append(key)


@given(st.lists(st.text(alphabet="dataevn: é\r", max_size=8), max_size=30))
def test_server_sent_events_are_read_as_another_reader_does(lines):
    ours, theirs = EventStream(), oracle.SSEDecoder()
    for line in [*lines, "data: end", ""]:
        mine = ours.line(line.encode())
        other = theirs.decode(line)
        if other is not None and other.data:
            assert mine == (other.event or "message", other.data)
        elif other is None:
            assert mine is None


@given(st.binary(max_size=200), st.lists(st.integers(1, 20), max_size=40))
def test_lines_of_a_stream_do_not_depend_on_how_it_is_cut(raw, cuts):
    chunks, at = [], 0
    for cut in [*cuts, len(raw) or 1]:
        chunks.append(raw[at : at + cut])
        at += cut

    class Answer:
        async def aiter_bytes(self):
            for chunk in chunks:
                yield chunk

    async def read():
        return [line async for line in lines_of_stream(Answer())]

    whole = b"".join(chunks)
    expected = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")[:-1]
    got = asyncio.run(read())
    # A last carriage return waits for its line feed.
    assert got == expected or (whole.endswith(b"\r") and got == expected[:-1])


@given(st.text(max_size=200))
def test_plain_text_of_anything(text):
    assert "\x00" not in plain_text(text.replace("\x00", ""))
    assert plain_text(f"<p>{text.replace('<', '').replace('&', '').replace(chr(0), '')}</p>").strip() != "<p>"


def happened(**changed):
    record = {"$type": bluesky.POSTS, "text": "feu", "createdAt": "2026-11-22T04:00:00Z"} | changed.pop("record", {})
    commit = {"rev": "3r", "operation": "create", "collection": bluesky.POSTS, "rkey": "3k", "record": record} | changed
    return bluesky.read_v1(json.dumps({"did": "did:plc:a", "time_us": NOW * 1_000, "kind": "commit", "commit": commit}))


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"langs": ["fr-FR"]}, {"lang": "fr-FR"}),
        ({"langs": ["fr", "en"]}, {}),
        ({"langs": 3, "reply": "nonsense"}, {}),
        ({"createdAt": "1970-01-01T00:00:00Z"}, {"created_at": "2026-11-22T04:00:00.000Z"}),
        ({"createdAt": 17}, {"created_at": "2026-11-22T04:00:00.000Z"}),
        ({"reply": {"root": {"uri": "at://r"}, "parent": {"uri": "at://p"}}}, {"reply_to": "at://p"}),
        (
            {"embed": {"$type": "app.bsky.embed.record", "record": {"uri": "at://q", "cid": "c"}}},
            {"reply_to": "at://q"},
        ),
        ({"embed": {"record": {"record": {"uri": "at://q"}}, "media": {}}}, {"reply_to": "at://q"}),
        ({"embed": {"external": {"uri": "https://x.example"}}}, {}),
        ({"labels": {"values": [{"val": "!no-unauthenticated"}]}}, {"labels": ["!no-unauthenticated"]}),
    ],
)
def test_bluesky_records_as_lines(record, expected):
    (line,), reason = bluesky.lines_of(happened(record=record), frozenset())
    read = json.loads(line)
    base = {
        "id": f"at://did:plc:a/{bluesky.POSTS}/3k",
        "source": "bluesky",
        "author": "did:plc:a",
        "text": "feu",
        "link": "https://bsky.app/profile/did:plc:a/post/3k",
        "created_at": read["created_at"],
    }
    assert reason is None
    assert read == base | expected


@pytest.mark.parametrize(
    ("record", "languages", "reason"),
    [
        ({"langs": ["de"]}, {"fr"}, "language"),
        ({"langs": ["de", "fr-CH"]}, {"fr"}, None),
        ({}, {"fr"}, None),
        ({"text": " \n"}, set(), "empty"),
        ({"createdAt": "2026-11-20T00:00:00Z"}, set(), "old"),
    ],
)
def test_bluesky_posts_left_at_the_door(record, languages, reason):
    lines, why = bluesky.lines_of(happened(record=record), frozenset(languages))
    assert (why, bool(lines)) == (reason, reason is None)
    assert why is None or why in DOOR_REASONS


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "[]",
        '{"did": "d"}',
        '{"did": "d", "time_us": 1, "kind": "commit", "commit": {}}',
        '{"did": "d", "time_us": 1795320000000000, "kind": "commit"}',
        '{"did": "d", "time_us": 1795320000000000, "kind": "identity", "commit": {}}',
    ],
)
def test_frames_of_v1_that_are_none(frame):
    with pytest.raises(ValueError):
        bluesky.read_v1(frame)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"$type": "x#commit"},
        {"$type": "x#commit", "did": "d", "seq": 1, "time": "soon"},
        {"$type": "x#commit", "did": "d", "seq": 0},
    ],
)
def test_frames_of_v2_that_are_none(payload):
    with pytest.raises(ValueError):
        bluesky.read_v2(json.dumps({"$type": "message", "payload": payload}))


def test_frames_of_v2_from_the_future_are_passed_over():
    assert not bluesky.read_v2('{"$type": "heartbeat"}').is_of_posts
    later = {"$type": "x#newkind", "did": "d", "seq": 1, "time": "2026-11-22T04:00:00.000001Z"}
    event = bluesky.read_v2(json.dumps({"$type": "message", "payload": later}))
    assert (event.is_of_posts, event.at_us) == (False, NOW * 1_000 + 1)
    with pytest.raises(bluesky.StreamError, match="ConsumerTooSlow"):
        bluesky.read_v2('{"$type": "error", "error": "ConsumerTooSlow", "message": "x"}')


def test_cursors_hold_no_name_and_no_id():
    assert set(msgspec.json.decode(msgspec.json.encode(Place("host", 1, 2)))) == {"host", "at_us", "seq"}
    state = feed_words.FeedState()
    entry = feed_words.Entry("k", "v", "https://site.example/u/someone", "someone", "text", None, None, None, None)
    feed_words.note(state, entry)
    assert b"someone" not in msgspec.json.encode(state)


def test_a_dictionary_is_told_by_its_magic():
    assert _dictionary_id(b"\x37\xa4\x30\xec" + (4242).to_bytes(4, "little")) == 4242
    with pytest.raises(ValueError):
        _dictionary_id(b"no dictionary")


def test_the_id_map_forgets_within_the_hour_and_at_its_limit(monkeypatch):
    monkeypatch.setattr(mastodon_words, "MAX_IDS", 3)
    ids = mastodon_words.IdMap()
    for number in range(5):
        ids.note(str(number), f"uri{number}", number)
    assert [ids.uri(str(number), 5) for number in range(5)] == [None, None, "uri2", "uri3", "uri4"]
    ids.note("new", "uri", mastodon_words.ID_TTL_MS + 10)
    assert len(ids) == 1, "native ids are not kept longer than a text can be read"


def test_closed_lists_are_said():
    assert all(text.endswith(".") for text in [*BREAK_REASONS.values(), *DOOR_REASONS.values()])


def settings(tmp_path, text):
    path = tmp_path / "t.toml"
    path.write_text(text)
    return load_settings(path, {})


def test_sources_are_made_by_section(tmp_path):
    (tmp_path / "token").write_text("secret-token\n")
    chosen = settings(
        tmp_path,
        f"""
[bluesky]
enabled = true
[mastodon]
instances = ["a.example", "b.example"]
streams = ["public", "hashtag:feu"]
token_paths = {{ "a.example" = "{tmp_path}/token", "b.example" = "{tmp_path}/token" }}
[feeds]
urls = ["https://a.example/f", "https://a.example/g"]
""",
    )
    names = [source.name for source in make_sources(chosen, lambda: NOW)]
    assert names[:5] == [
        "bluesky",
        *(f"mastodon:{host}.example:{stream}" for host in "ab" for stream in ("public", "hashtag:feu")),
    ]
    assert len(set(names)) == 7
    assert [source.name for source in make_sources(chosen, lambda: NOW, only={"bluesky"})] == ["bluesky"]
    assert make_sources(Settings(), lambda: NOW) == []


@pytest.mark.parametrize("content", [None, "", "two\nlines"])
def test_a_token_that_cannot_be_had_is_named_and_not_shown(tmp_path, content):
    if content is not None:
        (tmp_path / "token").write_text(content)
    chosen = settings(
        tmp_path, f'[mastodon]\ninstances = ["a.example"]\ntoken_paths = {{ "a.example" = "{tmp_path}/token" }}\n'
    )
    with pytest.raises(SourceError, match=r"mastodon\.token_paths\.a\.example") as told:
        make_sources(chosen, lambda: NOW)
    assert "lines" not in str(told.value)


def test_a_kind_that_is_not_installed_is_named(tmp_path):
    chosen = settings(tmp_path, '[sources.others.tower]\nkind = "radio"\n')
    with pytest.raises(SourceError, match=r"sources\.others\.tower\.kind"):
        make_sources(chosen, lambda: NOW)


BAD = [
    ('[bluesky]\nenabled = true\nurls = ["https://x.example"]', "bluesky.urls.0"),
    ('[bluesky]\nurls = ["wss://me:secret@x.example"]', "bluesky.urls.0"),
    ('[feeds]\nurls = ["file:///etc/passwd"]', "feeds.urls.0"),
    ('[feeds]\nurls = ["https://a.example/", "https://a.example/"]', "feeds.urls.1"),
    ('[mastodon]\ninstances = ["a.example"]', "mastodon.token_paths"),
    (
        '[mastodon]\ninstances = ["a.example"]\ntokens = {"a.example" = "t"}\nstreams = ["publick"]',
        "mastodon.streams.0",
    ),
    ('[mastodon]\ntokens = {"a.example" = "t"}', "mastodon.tokens.a.example"),
    ("[push]\nenabled = true", "push.enabled"),
    ('[push]\nenabled = true\nsecrets = {a = "short"}', "push.secrets.a"),
    ('[push]\ncert_path = "/c"', "push.cert_path"),
    ("[sources]\nbackoff_min_secs = 50.0\nbackoff_max_secs = 10.0", "sources.backoff_min_secs"),
    ('[distributed]\norigins = {net = ["source:bluesky"]}', "distributed.origins.net"),
    (
        '[bluesky]\nenabled = true\n[distributed]\nfollow = false\norigins = {net = ["source:bluesky"]}',
        "distributed.follow",
    ),
    ('[bluesky]\nenabled = true\n[distributed]\norigins = {net = ["source:bluesky", "/p"]}', "distributed.origins.net"),
    ("[bluesky]\nenabled = true\nprotocol = 'v3'", "bluesky.protocol"),
    ("[sources]\nstall_sec = 3", "sources.stall_sec"),
]


@pytest.mark.parametrize(("text", "key"), BAD, ids=[key + str(n) for n, (_, key) in enumerate(BAD)])
def test_bad_settings_of_networks_are_found(tmp_path, text, key):
    with pytest.raises(SettingsError) as told:
        settings(tmp_path, text)
    assert key in [problem.key for problem in told.value.problems]
    assert "secret@" not in str(told.value)


def test_secrets_are_base64_or_plain():
    from ingest.sources.push_words import key_of

    assert key_of("whsec_" + base64.b64encode(b"k" * 24).decode()) == b"k" * 24
    assert key_of("plain") == b"plain"
