"""What every runtime must do with the same input; the embedded one here, the distributed one in tests/integration.

The stages are the simple words of ``tests/words.py``, so what must come out can be counted by hand.
"""

from __future__ import annotations

import io
import json
import random
from collections import Counter

import msgspec
import pytest
from words import START, WordExtractor, WordGate, where_is

from ingest.files import Reading, read_blocks
from ingest.privacy import PublicPseudonyms
from ingest.record import Limits
from tocsin.model import GeocodeResult, SettingsChange
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.hear import Hear
from tocsin.pipeline.outputs import LineOutputs
from tocsin.pipeline.run import run
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.stop import Stop
from tocsin.settings import Settings
from tocsin.time import MINUTE_MS, SECOND_MS, format_instant, parse_instant


class Played(msgspec.Struct):
    """What came of some input."""

    lines: list[bytes]
    """The file of incidents."""
    fates: Counter
    """``received`` and each outcome, of all stages together: a post is counted where its way ends."""
    dead: Counter
    """Dead letters of posts by reason."""
    refused: list[str]
    """What was said of words from outside that cannot be acted on."""

    @property
    def revisions(self):
        return [json.loads(line) for line in self.lines]

    @property
    def places(self):
        """Where something was raised, in order."""
        return [one["place"] for one in self.revisions if one["reason"] == "raised"]


def post(name, at_ms, text, **more):
    """A line; the author is another for each post."""
    record = {
        "id": name,
        "source": "s",
        "created_at": format_instant(START + at_ms),
        "author": f"by-{name}",
        "text": f"{text} {name}",
    }
    return json.dumps(record | more).encode()


def fire(where, *, name="f", start_s=0, posts=12):
    """Different people tell of one fire, every 20 s."""
    return [
        post(f"{name}{n}", (start_s + 20 * n) * SECOND_MS, f"fire in {where} seen by {n * 7919} of us")
        for n in range(posts)
    ]


def small_talk(until_s, *, every_s=30, name="t", start_s=0):
    return [post(f"{name}{second}", second * SECOND_MS, "nice weather") for second in range(start_s, until_s, every_s)]


def by_time(*parts):
    """Merge lines by their times, as a stream would bring them."""
    return sorted((line for part in parts for line in part), key=lambda line: json.loads(line)["created_at"])


class RuntimeContract:
    """Subclasses give a fixture ``play``: a function of lines by origin, of words from outside, and of settings.

    Where a test compares two runs, the one that is not in question is the embedded one: it is quick, and so the ways are compared, too.
    """

    def test_a_fire_that_many_tell_of_is_one_incident_and_one_voice_is_none(self, play):
        lone = post("lone", 1_000 * SECOND_MS, "fire in lyon")
        played = play({"a": by_time(fire("nantes"), small_talk(1_200), [lone])})
        assert played.places == ["nantes"]
        assert {one["hazard"] for one in played.revisions} == {"fire"}
        assert len({one["incident_id"] for one in played.revisions}) == 1
        assert [one["revision"] for one in played.revisions] == list(range(1, len(played.lines) + 1))
        assert 3 <= played.revisions[0]["voices"] <= played.revisions[-1]["voices"] <= 12

    def test_every_line_has_one_fate(self, play):
        bad = [b"{", b"[]", b'{"id": "x"}', b"\xff", post("skewed", 100 * SECOND_MS, "fire", lat=95.0, lon=0.0)]
        late = post("late", 0, "fire in nantes", received_at=format_instant(START))
        withdrawn = json.dumps({"retract": "f0", "at": format_instant(START + 900 * SECOND_MS)}).encode()
        told = by_time(fire("nantes"), small_talk(1_200), [post("explained", 500 * SECOND_MS, "fire at the match")])
        again = told.index(fire("nantes")[3]) + 1
        poison = post("poisoned", 1_190 * SECOND_MS, "fire and poison")
        played = play({"a": [*told[:again], told[again - 1], *bad, *told[again:], withdrawn, late, b"", poison]})
        talk = 1_200 // 30
        assert played.dead == Counter(
            not_json=1, not_an_object=1, missing_field=1, not_utf8=1, bad_position=1, stage_error=1
        )
        told_of = {"used": 12 + 1, "filtered": talk + 1, "dead": len(bad) + 1, "duplicate": 1, "late": 1}
        assert played.fates == Counter(received=sum(told_of.values()), **told_of), "the retraction is used, too"
        assert played.places == ["nantes"], "none of it stops anything"

    def test_order_within_the_lateness_changes_nothing(self, play, tmp_path):
        told = by_time(fire("nantes"), fire("lyon", name="g", start_s=600), small_talk(1_500, every_s=3))
        draw = random.Random(3)
        slips = {line: draw.uniform(0, 4.0) for line in told}
        start = {line: json.loads(line)["created_at"] for line in told}
        shuffled = sorted(told, key=lambda line: (_secs(start[line]) + slips[line], line))
        assert shuffled != told
        expected = embedded(tmp_path, {"a": told})
        assert expected.places == ["nantes", "lyon"]
        assert play({"a": shuffled}).lines == expected.lines

    def test_copies_change_nothing_and_are_counted(self, play, tmp_path):
        told = by_time(fire("nantes"), small_talk(900))
        once = embedded(tmp_path, {"a": told})
        twice = play({"a": [copy for line in told for copy in (line, line)]})
        assert _told(twice) == _told(once)
        assert twice.fates["duplicate"] == 12, "one of each gated post; small talk is forgotten at the gate"
        both = play({"a": told, "b": [line for line in told if b"fire" in line]})
        assert _told(both) == _told(once)
        assert both.fates["duplicate"] == 12

    def test_how_lines_are_cut_changes_nothing(self, play, tmp_path):
        told = by_time(fire("nantes"), fire("lyon", name="g", start_s=600), small_talk(1_500))
        expected = embedded(tmp_path, {"a": told}).lines
        assert expected
        assert play({"a": told}, block_lines=1, record_posts=1).lines == expected
        assert play({"a": told}, block_lines=5_000, record_posts=1_000).lines == expected

    def test_deleted_posts_withdraw_their_incident(self, play):
        gone = [
            json.dumps({"retract": f"f{n}", "at": format_instant(START + 600 * SECOND_MS)}).encode() for n in range(12)
        ]
        talk = small_talk(1_200)
        told = [*by_time(fire("nantes"), talk[:20]), *gone, *talk[20:]]
        revisions = play({"a": told}).revisions
        assert [one["reason"] for one in revisions if one["reason"] in ("raised", "withdrawn")] == [
            "raised",
            "withdrawn",
        ]
        assert revisions[-1]["msg_type"] == "Cancel"

    def test_new_settings_act_from_their_pane_on(self, play):
        told = by_time(fire("nantes"), fire("lyon", name="g", start_s=1_200), small_talk(2_000))
        deaf = "[detector]\nmin_voices = 500\n"
        never = play({"a": told}, words=[SettingsChange(at=START - MINUTE_MS, toml=deaf)])
        assert never.lines == []
        between = play({"a": told}, words=[SettingsChange(at=START + 900 * SECOND_MS, toml=deaf)])
        assert between.places == ["nantes"]
        again = play(
            {"a": told},
            words=[
                SettingsChange(at=START - MINUTE_MS, toml=deaf),
                SettingsChange(at=START + 900 * SECOND_MS, toml="[detector]\n"),
            ],
        )
        assert again.places == ["lyon"]

    def test_a_geocoder_places_what_named_no_place(self, play, tmp_path):
        told = by_time(fire("my street"), small_talk(1_200))
        assert embedded(tmp_path, {"a": told}).lines == [], "nobody said where"
        answers = [
            GeocodeResult(
                post_id=PublicPseudonyms().post(f"f{n}", 0), at=START + 20 * n * SECOND_MS, place=where_is("lyon")
            )
            for n in range(6)
        ]
        # What names a town, so that there is something new to weigh once the answers are there.
        named = [post("n", 300 * SECOND_MS, "fire in lyon too")]
        assert embedded(tmp_path, {"a": by_time(told, named)}).places == [], "one voice is not enough"
        played = play({"a": by_time(told, named)}, words=answers)
        assert played.places == ["lyon"]
        assert played.revisions[0]["located_voices"] > 2

    def test_words_that_cannot_be_acted_on_are_refused_and_stop_nothing(self, play, tmp_path):
        told = by_time(fire("nantes"), small_talk(900))
        nowhere = msgspec.structs.replace(where_is("lyon"), lat=float("nan"))
        words = [
            SettingsChange(at=START, toml="[detector"),
            SettingsChange(at=START, toml="[detector]\nmin_voicse = 3\n"),
            SettingsChange(at=START, toml="[runtime]\n"),
            GeocodeResult(post_id="x", at=START, place=nowhere),
        ]
        played = play({"a": told}, words=words)
        assert played.lines == embedded(tmp_path, {"a": told}).lines
        assert len(played.refused) == len(words)
        for said, expected in zip(
            sorted(played.refused),
            [
                "expected a position on the globe, got another",
                "expected detector settings: min_voicse: Extra inputs are not permitted",
                "expected settings as TOML: Expected ']'",
                "expected settings as TOML: no [detector] table",
            ],
            strict=True,
        ):
            assert said.startswith(expected)

    def test_time_goes_on_by_others_and_what_is_silent_closes(self, play):
        played = play(
            {"a": fire("nantes"), "b": small_talk(8 * 3_600, every_s=120, name="u")}, progress_secs=60.0, block_lines=50
        )
        assert [one["reason"] for one in played.revisions if one["state"] != "open"] == ["quiet", "closed"]
        quiet, closed = played.revisions[-2:]
        # The last voice is at 220 s, detector.quiet_mins and close_mins are 60 and 360: the first post of b that is older than that is
        # at 3,840 and 21,840 s; its pane of 10 s closes 5 s after its end.
        assert _secs(quiet["updated_at"]) == START / 1_000 + 3_855
        assert _secs(closed["updated_at"]) == START / 1_000 + 21_855


def _told(played):
    """What does not depend on how many posts there were in all: evidence and expectation do."""
    names = ("incident_id", "revision", "reason", "place", "voices", "raised_at", "updated_at")
    return [[one[name] for name in names] for one in played.revisions]


def _secs(text):
    return parse_instant(text) / 1_000


def files(folder, origins):
    """Write each origin's lines; give the paths."""
    paths = {}
    for name, lines in origins.items():
        paths[name] = folder / f"{name}.jsonl"
        paths[name].write_bytes(b"".join(line + b"\n" for line in lines))
    return paths


def embedded(folder, origins, words=(), **options):
    """All on one machine, in this process."""
    settings = Settings.model_validate(
        {"runtime": {"extract_processes": 0, "block_lines": options.get("block_lines", 25)}}
    )
    out, refused = io.BytesIO(), []
    detect = Detect(settings, LineOutputs(out), Metrics())
    for word in words:
        try:
            detect.put(word)
        except ValueError as error:
            refused.append(str(error))
    hear = Hear(WordGate(), WordExtractor(), PublicPseudonyms(), Limits(), 5_000)
    reading = Reading(block_lines=settings.runtime.block_lines)
    blocks = read_blocks([str(path) for path in files(folder, origins).values()], reading)
    counts = run(blocks, detect, lambda: hear, settings, Stop()).counts
    fates = Counter(
        received=counts.received,
        used=counts.used,
        filtered=counts.filtered.total(),
        late=counts.late,
        duplicate=counts.duplicate,
        dead=counts.dead.total(),
    )
    return Played(out.getvalue().splitlines(), +fates, Counter(counts.dead), refused)


class TestEmbedded(RuntimeContract):
    @pytest.fixture
    def play(self, tmp_path):
        return lambda origins, words=(), **options: embedded(tmp_path, origins, words, **options)
