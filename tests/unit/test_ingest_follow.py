"""Followed sources and the live reader, driven poll by poll with a clock of the test's own."""

import os

import pytest

from ingest.files import SourceError
from ingest.follow import FollowedFile, FollowedFolder, FollowedInput, follow
from tocsin.pipeline.live import live_blocks
from tocsin.settings import Settings


def append(path, data):
    with path.open("ab") as stream:
        stream.write(data)


def lines(source):
    return [(number, line) for _, number, line in source.poll()]


def file(path, *, from_start=False, limit=100):
    return FollowedFile(path, max_line_bytes=limit, from_start=from_start)


def test_only_what_is_written_afterwards_is_heard(tmp_path):
    path = tmp_path / "p"
    path.write_bytes(b"old\n")
    source = file(path)
    append(path, b"a\nb")
    assert lines(source) == [(1, b"a")]
    append(path, b"c\n")
    assert lines(source) == [(2, b"bc")]
    assert lines(source) == []


def test_all_is_heard_from_the_start_when_asked(tmp_path):
    path = tmp_path / "p"
    path.write_bytes(b"old\n")
    assert lines(file(path, from_start=True)) == [(1, b"old")]


def test_a_file_that_appears_later_is_heard_whole(tmp_path):
    path = tmp_path / "p"
    source = file(path)
    assert lines(source) == []
    path.write_bytes(b"a\n")
    assert lines(source) == [(1, b"a")]


def test_a_replaced_and_a_shortened_file_begin_anew(tmp_path):
    path, fresh = tmp_path / "p", tmp_path / "fresh"
    path.write_bytes(b"a\n")
    source = file(path, from_start=True)
    assert lines(source) == [(1, b"a")]
    append(path, b"last of the old\nwithout its end")
    fresh.write_bytes(b"b\nccccccccc\n")
    fresh.replace(path)
    assert lines(source) == [(2, b"last of the old")]
    assert lines(source) == [(3, b"without its end"), (1, b"b"), (2, b"ccccccccc")]
    path.write_bytes(b"d\n")
    assert lines(source) == [(1, b"d")]


def test_a_file_that_is_moved_away_is_waited_for(tmp_path):
    path = tmp_path / "p"
    path.write_bytes(b"a\n")
    source = file(path, from_start=True)
    path.rename(tmp_path / "old")
    assert lines(source) == [(1, b"a")]
    assert lines(source) == []
    path.write_bytes(b"b\n")
    assert lines(source) == [(1, b"b")]


def test_a_long_line_is_cut_one_byte_beyond_its_limit(tmp_path):
    path = tmp_path / "p"
    source = file(path, limit=5)
    for piece in (b"x" * 4, b"x" * 400, b"x\nab\n"):
        append(path, piece)
        got = lines(source)
    assert got == [(1, b"x" * 6), (2, b"ab")]


def test_a_folder_is_all_its_files_old_ones_from_their_end(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"old\n")
    source = FollowedFolder(tmp_path, max_line_bytes=100, from_start=False)
    append(tmp_path / "a.jsonl", b"new\n")
    (tmp_path / "b.ndjson").write_bytes(b"whole\n")
    (tmp_path / "notes.txt").write_bytes(b"no\n")
    assert [(origin.rpartition("/")[2], line) for origin, _, line in source.poll()] == [
        ("a.jsonl", b"new"),
        ("b.ndjson", b"whole"),
    ]


def test_a_folder_that_goes_away_is_said_aloud(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (source,) = follow([folder], max_line_bytes=10, from_start=True)
    folder.rmdir()
    with pytest.raises(SourceError, match="in: cannot be listed: No such file"):
        source.poll()


def test_standard_input_ends_when_its_writer_ends_and_its_last_line_counts():
    reader, writer = os.pipe()
    source = FollowedInput(reader, max_line_bytes=100)
    assert (source.poll(), source.ended) == ([], False)
    os.write(writer, b"a\nb")
    assert lines(source) == [(1, b"a")]
    os.close(writer)
    assert lines(source) == [(2, b"b")]
    assert source.ended
    os.close(reader)


class Script:
    """A source that gives what a list says, poll by poll, and then ends."""

    def __init__(self, polls):
        self.polls = list(polls)
        self.ended = False

    def poll(self):
        given = self.polls.pop(0)
        self.ended = not self.polls
        return given


class Clock:
    def __init__(self):
        self.at = 1_000_000

    def now(self):
        return self.at

    def wait(self, secs):
        self.at += int(secs * 1_000)


def live(polls, **runtime):
    chosen = Settings.model_validate(
        {"runtime": {"tick_secs": 1.0, "block_lines": 3, **runtime}, "ingest": {"follow_poll_secs": 0.5}}
    )
    clock = Clock()
    blocks = list(live_blocks([Script(polls)], chosen, now=clock.now, wait=clock.wait))
    return [None if block is None else (block.count, block.arrived_at - 1_000_000) for block in blocks]


def test_a_stop_hands_on_what_was_read():
    chosen = Settings.model_validate({"runtime": {"block_lines": 100}})
    clock, asked = Clock(), []

    def stopped():
        asked.append(1)
        return len(asked) > 2

    blocks = list(
        live_blocks([Script([some(2), some(3), some(4)])], chosen, now=clock.now, wait=clock.wait, stopped=stopped)
    )
    assert [block.count for block in blocks if block is not None] == [5]


def some(count):
    return [("f", number, b"x") for number in range(count)]


def test_time_moves_in_silence():
    # Nothing, waited 0.5 s; nothing, waited 0.5 s; a tick with no line; ...
    assert live([[]] * 6) == [None, None, (0, 1_000), None, None, (0, 2_000)]


def test_full_blocks_go_at_once_and_the_rest_with_the_tick():
    assert live([some(7), [], [], []]) == [(3, 0), (3, 0), None, None, (1, 1_000)]


def test_what_is_left_at_the_end_goes_too():
    assert live([some(2)]) == [(2, 0)]


def test_the_arrival_never_goes_back():
    chosen = Settings.model_validate({"runtime": {"block_lines": 1}})
    times = iter([100, 90, 50, 120, 120, 120, 120])
    blocks = list(live_blocks([Script([some(3)])], chosen, now=lambda: next(times)))
    assert [block.arrived_at for block in blocks] == [100, 100, 120]
    assert [block.number for block in blocks] == [0, 1, 2]
