"""A live run with a geocoder, and a replay of its recorded answers: the same incidents, whatever the blocks and whenever answers came."""

import io
import json
import random

import msgspec
import pytest
from towns import NANTES

from ingest.files import Reading, read_blocks
from ingest.privacy import PublicPseudonyms
from ingest.record import Limits
from tocsin.geocoder.recorded import MAX_LINE_BYTES, RecordedAnswers, RecordedError
from tocsin.model import Ask, GeocodeResult, Mention, Place
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.hear import Hear
from tocsin.pipeline.outputs import LineOutputs
from tocsin.pipeline.run import run
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.stop import Stop
from tocsin.settings import Settings
from tocsin.time import format_instant, parse_instant

START = parse_instant("2026-04-07T05:00:00Z")
STREET = Place(
    id="ban:47.1900,-1.5100", name="Rue du Pré Vert (Nantes)", kind="street", lat=47.19, lon=-1.51, uncertainty_km=0.5, country="FR",
    method="geocoder", score=0.8,
)  # fmt: skip


class WordGate:
    def open(self, texts):
        return [("fire",) if "fire" in text else () for text in texts]


class WordExtractor:
    def mentions(self, posts, shed=0):
        return [
            Mention(
                post_id=post.id, source=post.source, author=post.author, event_at=post.event_at, received_at=post.received_at, lang="en",
                hazards={"fire": 1.0}, terms=("fire",), witness="first_hand", probability=0.9, places=(NANTES,),
                fingerprint=int.from_bytes(post.id.encode()[:8], "big", signed=True),
                asks=(Ask("rue du Pré Vert", ("pre", "vert"), "street", NANTES, 0.9),),
            )
            for post in posts
        ]  # fmt: skip


class SlowGeocoder:
    """Answers each question after a drawn number of calls, as a thread and a server would."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.waiting = []
        self.asked = 0

    def ask(self, mention):
        self.asked += 1
        self.waiting.append(
            [self.draw.randrange(12), GeocodeResult(post_id=mention.post_id, at=mention.event_at, place=STREET)]
        )

    def answers(self, _clock_at):
        due = [answer for left, answer in self.waiting if left == 0]
        self.waiting = [[left - 1, answer] for left, answer in self.waiting if left]
        return due


@pytest.fixture(scope="module")
def posts(tmp_path_factory):
    draw = random.Random(7)
    lines = []
    for second in range(0, 3_600, 5):
        fire = 900 <= second < 1_800 and second % 15 == 0
        text = f"fire {draw.random()}" if fire else f"small talk {draw.random()}"
        record = {
            "id": f"p{second}",
            "source": "s",
            "created_at": format_instant(START + second * 1_000),
            "author": f"u{second}",
        }
        lines.append(json.dumps(record | {"text": text}))
    path = tmp_path_factory.mktemp("posts") / "posts.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def play(path, geocoder, block_lines):
    incidents, answers = io.BytesIO(), io.BytesIO()
    settings = Settings.model_validate({"runtime": {"extract_processes": 0, "block_lines": block_lines}})
    detect = Detect(settings, LineOutputs(incidents, answers=answers, every_state=True), Metrics(), geocoder=geocoder)
    blocks = read_blocks([str(path)], Reading(block_lines=block_lines))
    run(
        blocks, detect, lambda: Hear(WordGate(), WordExtractor(), PublicPseudonyms(), Limits(), 5_000), settings, Stop()
    )
    return incidents.getvalue(), answers.getvalue()


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("live_lines", [1, 9])
def test_a_replay_sees_the_recorded_answers(posts, tmp_path, seed, live_lines):
    geocoder = SlowGeocoder(seed)
    live, recorded = play(posts, geocoder, live_lines)
    assert geocoder.asked == 60
    assert len(recorded.splitlines()) >= 50
    path = tmp_path / "answers.jsonl"
    path.write_bytes(recorded)
    for block_lines in (1, 13, 2_000):
        assert play(posts, RecordedAnswers.read(path), block_lines)[0] == live


def test_the_answers_move_the_incident_to_the_street(posts):
    without = [json.loads(line) for line in play(posts, None, 100)[0].splitlines()]
    sharp = [json.loads(line) for line in play(posts, SlowGeocoder(1), 1)[0].splitlines()]
    assert {one["place"] for one in without} == {"Nantes"}
    last = sharp[-1]
    assert (last["lat"], last["lon"]) == (47.19, -1.51)
    assert last["radius_km"] < without[-1]["radius_km"]


def test_an_answer_after_its_pane_acts_in_the_first_open_one(posts):
    lines = [json.loads(line) for line in play(posts, SlowGeocoder(4), 1)[1].splitlines()]
    late = [one for one in lines if one["at"] % 10_000 == 0]
    assert late, "with a delay of up to twelve blocks of five seconds some come after their pane"
    assert [one["at"] for one in lines if one["at"] < START] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "expected an answer of a geocoder"),
        (b'{"post_id": "p", "at": "x", "place": 1}', "expected an answer of a geocoder"),
        (b" " * (MAX_LINE_BYTES + 1), f"expected at most {MAX_LINE_BYTES} bytes"),
    ],
)
def test_a_file_of_something_else_is_refused_with_its_line(tmp_path, line, said):
    path = tmp_path / "answers.jsonl"
    good = msgspec.json.encode(GeocodeResult(post_id="p", at=1, place=STREET))
    path.write_bytes(good + b"\n\n" + line + b"\n")
    with pytest.raises(RecordedError, match=said) as caught:
        RecordedAnswers.read(path)
    assert "answers.jsonl:3:" in str(caught.value)


def test_answers_are_given_once_when_the_stream_has_come_to_them():
    answers = RecordedAnswers([GeocodeResult(post_id=str(at), at=at, place=STREET) for at in (30, 10, 20)])
    assert [one.at for one in answers.answers(None)] == []
    assert [one.at for one in answers.answers(20)] == [10, 20]
    assert [one.at for one in answers.answers(20)] == []
    assert [one.at for one in answers.answers(99)] == [30]
