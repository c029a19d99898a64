"""Where lines come from: the same blocks after a fall, whatever was written or moved meanwhile."""

import pytest

from tocsin.distributed.followed import FollowedOrigin
from tocsin.distributed.origins import RecordedOrigin
from tocsin.runtime.failures import FencedError
from tocsin.runtime.store import MemoryStore
from tocsin.settings import Settings

SETTINGS = Settings.model_validate({"ingest": {"from_start": True}, "runtime": {"block_lines": 3, "tick_secs": 1.0}})


class Clock:
    def __init__(self) -> None:
        self.ms = 1_000_000

    def __call__(self) -> int:
        self.ms += 100
        return self.ms


def followed(path, store, cursor=None, clock=None, settings=SETTINGS):
    return FollowedOrigin("o", [path], settings=settings, store=store, now=clock or Clock(), cursor=cursor)


def drain(origin, number):
    """The blocks that are there, up to the first silence."""
    found = []
    for at in range(number, number + 50):
        block = origin.block(at)
        if block is None or not block.count:
            break
        found.append(block)
    return found


def test_recorded_blocks_are_the_same_from_any_number(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(b"%d\n" % n for n in range(11)))
    origin = RecordedOrigin([path], SETTINGS, 0)
    whole = [origin.block(n) for n in range(4)]
    with pytest.raises(EOFError):
        origin.block(4)
    later = RecordedOrigin([path], SETTINGS, 2)
    assert [later.block(n) for n in (2, 3)] == whole[2:]
    assert [line for block in whole for line in block.lines()] == [b"%d" % n for n in range(11)]


def test_a_fallen_reader_reads_its_cuts_again_with_the_arrivals_of_then(tmp_path):
    path, store = tmp_path / "a.jsonl", MemoryStore()
    path.write_bytes(b"1\n2\n3\n4\n5\nhal")
    first = followed(path, store)
    blocks = drain(first, 0)
    assert [block.lines() for block in blocks] == [[b"1", b"2", b"3"], [b"4", b"5"]]
    with path.open("ab") as stream:
        stream.write(b"f\n7\n")
    again = followed(path, store, clock=Clock())  # no checkpoint was written: from the start
    assert [again.block(n) for n in range(2)] == blocks
    later = again.block(2)
    assert later.lines() == [b"half", b"7"]
    assert later.runs[0].first_line == 6
    assert later.arrived_at >= blocks[1].arrived_at


def test_a_reader_goes_on_from_its_cursor_and_forgets_settled_cuts(tmp_path):
    path, store = tmp_path / "a.jsonl", MemoryStore()
    path.write_bytes(b"1\n2\n3\n4\n")
    first = followed(path, store)
    drain(first, 0)
    first.settled(2)
    assert store.get(["cut:o:0", "cut:o:1"]) == [None, None]
    with path.open("ab") as stream:
        stream.write(b"5\n")
    block = followed(path, store, cursor=first.cursor()).block(2)
    assert (block.lines(), block.runs[0].first_line) == ([b"5"], 5)


def test_two_readers_of_one_origin_cannot_both_go_on(tmp_path):
    path, store = tmp_path / "a.jsonl", MemoryStore()
    path.write_bytes(b"1\n")
    late = Clock()
    late.ms += 7
    one, other = followed(path, store), followed(path, store, clock=late)
    assert one.block(0).lines() == [b"1"]
    other._replaying = False  # it, too, believes that it is the only one
    with pytest.raises(FencedError, match="another ingest worker reads it"):
        other.block(0)


def test_silence_is_told_once_a_tick(tmp_path):
    path, clock = tmp_path / "absent.jsonl", Clock()
    origin = followed(path, MemoryStore(), clock=clock)
    first = origin.block(0)
    assert (first.count, origin.block(1)) == (0, None)
    clock.ms += 1_000
    assert origin.block(1).arrived_at == clock.ms


def test_a_rotated_file_is_read_to_its_end_and_then_the_new_one(tmp_path):
    path, store = tmp_path / "a.jsonl", MemoryStore()
    path.write_bytes(b"1\n")
    origin = followed(path, store)
    assert origin.block(0).lines() == [b"1"]
    with path.open("ab") as stream:
        stream.write(b"2\n")
    path.rename(tmp_path / "a.jsonl.1")
    path.write_bytes(b"3\n")
    lines, number = [], 1
    for _ in range(6):
        block = origin.block(number)
        if block is not None:
            lines += block.lines()
            number += 1
    assert lines == [b"2", b"3"]


def test_a_file_moved_away_while_nobody_read_it_is_found_beside_its_place(tmp_path):
    path, store = tmp_path / "a.jsonl", MemoryStore()
    path.write_bytes(b"1\n")
    origin = followed(path, store)
    origin.block(0)
    cursor = origin.cursor()
    origin.settled(1)
    with path.open("ab") as stream:
        stream.write(b"2\n")
    path.rename(tmp_path / "a.jsonl.1")
    path.write_bytes(b"3\n")
    later, lines, number = followed(path, store, cursor=cursor), [], 1
    for _ in range(8):
        block = later.block(number)
        if block is not None:
            lines += block.lines()
            number += 1
    assert lines == [b"2", b"3"]


def test_at_the_very_first_start_only_what_comes_later_is_heard(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"old\nhal")
    settings = SETTINGS.model_copy(update={"ingest": SETTINGS.ingest.model_copy(update={"from_start": False})})
    origin = followed(path, MemoryStore(), settings=settings)
    with path.open("ab") as stream:
        stream.write(b"f\nnew\n")
    assert origin.block(0).lines() == [b"half", b"new"]
