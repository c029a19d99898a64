"""Recordings: what is written is read back; what is none is refused with its line."""

from __future__ import annotations

import gzip

import pytest
from analysis_world import T0, burst, said
from towns import NANTES

from detectors import Detector
from tocsin.analysis.play import Player, play
from tocsin.analysis.recording import RecordingError, instant_of, is_recording, made, read, write
from tocsin.model import Exposure, GeocodeResult, Retraction, SettingsChange
from tocsin.settings.detector import DetectorSettings

ITEMS = [
    *burst(0, 30.0),
    Retraction(post_id="p000001", at=T0 + 300_000),
    GeocodeResult(post_id="p000002", at=T0 + 200_000, place=NANTES),
    SettingsChange(at=T0, toml="[detector]\nmin_voices = 4\n"),
]


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz", "r.jsonl.zst"])
def test_what_is_written_is_read_back(tmp_path, name):
    recording = made(name, ITEMS, [Exposure(T0, "a", 7), Exposure(T0, "b", 2)])
    write(recording, tmp_path / name)
    assert read([tmp_path / name]) == recording
    assert is_recording(tmp_path / name)


def test_items_stand_in_order_of_time_and_exposures_are_summed_by_pane():
    recording = made("r", ITEMS, [Exposure(T0 + 3, "a", 7), Exposure(T0 + 9_999, "a", 2)])
    assert [instant_of(item) for item in recording.items] == sorted(instant_of(item) for item in ITEMS)
    assert recording.exposures == (Exposure(T0, "a", 9),)
    assert (recording.first_at, recording.last_at) == (T0, T0 + 300_000)


def test_two_files_are_one_recording(tmp_path):
    write(made("a", burst(0, 500.0)), tmp_path / "a.jsonl")
    write(made("b", burst(10, 0.0)), tmp_path / "b.jsonl")
    both = read([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])
    assert [item.post_id for item in both.mentions] == [f"p{n:06d}" for n in (*range(10, 16), *range(6))]


@pytest.mark.parametrize(
    ("lines", "line", "problem"),
    [
        ('{"pane_start_at": 0, "source": "a", "posts": 1}\nnonsense\n', 2, "expected a JSON object"),
        ("[1]\n", 1, "expected a JSON object, got list"),
        ('{"id": "x"}\n', 1, "expected a mention or what else"),
        ('{"post_id": "x", "hazards": {}, "probability": "high"}\n', 1, "mention: "),
    ],
)
def test_what_is_no_recording_is_refused_with_its_line(tmp_path, lines, line, problem):
    path = tmp_path / "r.jsonl"
    path.write_text(lines)
    with pytest.raises(RecordingError, match=problem) as caught:
        read([path])
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_half_a_compressed_file_is_refused(tmp_path):
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"pane_start_at": 0, "source": "a", "posts": 1}\n' * 999)[:-30])
    with pytest.raises(RecordingError, match="whole compressed file"):
        read([path])


def test_posts_are_no_recording(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_text('{"id": "x", "source": "s", "created_at": "2026-01-01T00:00:00Z", "author": "a", "text": "feu"}\n')
    assert not is_recording(path)


def test_playing_in_steps_gives_what_one_detector_fed_at_once_gives():
    heard = [*burst(0, 30.0), *burst(20, 9_000.0, hazard="flood"), said(40, 30_000.0)]
    exposures = [Exposure(T0 + n * 600_000, "a", 40) for n in range(60)]
    detector = Detector()
    detector.feed(heard)
    for each in exposures:
        detector.exposure(each.pane_start_at, each.source, each.posts)
    assert play(made("r", heard, exposures), DetectorSettings()) == detector.finish()


def test_a_player_goes_on_from_a_snapshot():
    recording = made("r", [*burst(0, 30.0), *burst(20, 9_000.0, hazard="flood")])
    whole = play(recording, DetectorSettings())
    first = Player(recording, Detector())
    before = first.to(T0 + 4_000_000)
    rest = Player(recording, Detector.restore(first.detector.snapshot()), T0 + 4_000_000)
    assert [*before, *rest.end()] == whole
