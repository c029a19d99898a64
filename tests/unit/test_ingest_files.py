"""Readers: every packing, every broken end, every limit."""

import gzip
import io
import os
import sys

import pytest
import zstandard

from ingest.files import Meter, Reading, SourceError, read_blocks, read_lines

LINES = [b'{"id":"%d","created_at":"2026-01-01T00:00:%02d.000Z"}' % (i, i) for i in range(20)]
WHOLE = b"\n".join(LINES) + b"\n"


def read(paths, **kwargs):
    reading = Reading(**{"block_lines": 7, **kwargs})
    return list(read_blocks([str(path) for path in paths], reading))


def lines_of(blocks):
    return [line for block in blocks for line in block.lines()]


@pytest.mark.parametrize(
    "pack",
    [
        lambda data: data,
        gzip.compress,
        zstandard.compress,
        lambda data: gzip.compress(data[:300]) + gzip.compress(data[300:]),
        lambda data: zstandard.compress(data[:300]) + zstandard.compress(data[300:]),
    ],
    ids=["plain", "gzip", "zstandard", "two gzip members", "two zstandard frames"],
)
def test_packing_is_told_by_the_first_bytes_not_by_the_name(tmp_path, pack):
    path = tmp_path / "posts"
    path.write_bytes(pack(WHOLE))
    assert lines_of(read([path])) == LINES


def test_blocks_are_numbered_and_lines_keep_their_place(tmp_path):
    path = tmp_path / "posts"
    path.write_bytes(WHOLE)
    blocks = read([path])
    assert [(block.number, block.count) for block in blocks] == [(0, 7), (1, 7), (2, 6)]
    assert blocks[2].where(5) == (str(path), 20)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstandard"])
def test_a_file_cut_short_gives_all_that_can_be_read_and_then_says_so(tmp_path, pack):
    many = b"".join(b"%d %s\n" % (i, os.urandom(30).hex().encode()) for i in range(5_000))
    path = tmp_path / "posts"
    packed = pack(many)
    path.write_bytes(packed[: len(packed) * 3 // 4])
    blocks = read_blocks([str(path)], Reading(block_lines=100))
    got = []

    def take_all():
        for block in blocks:
            got.extend(block.lines())

    with pytest.raises(SourceError, match=r"posts: cannot be read after line \d+"):
        take_all()
    assert 1_000 < len(got) < 5_000
    assert got == many.split(b"\n")[: len(got)]


def test_a_missing_file_is_named():
    with pytest.raises(SourceError, match="nowhere: cannot be opened: No such file"):
        read(["nowhere"])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"a", [b"a"]),
        (b"a\n\nb", [b"a", b"", b"b"]),
        (b"a\r\nb\r\n", [b"a\r", b"b\r"]),
        (b"\xef\xbb\xbfa\nb", [b"a", b"b"]),
        (b"\xef\xbb\xbfa", [b"a"]),
    ],
)
def test_lines_are_cut_at_line_feeds(data, expected):
    assert [line for _, _, line in read_lines("x", io.BytesIO(data), 100)] == expected


class Slowly:
    """Gives a stream in pieces of one size."""

    def __init__(self, data, size):
        self.data, self.size = data, size

    def read1(self, _size=-1):
        given, self.data = self.data[: self.size], self.data[self.size :]
        return given


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
def test_a_long_line_is_cut_one_byte_beyond_its_limit_and_the_next_line_is_whole(piece):
    data = b"ab\n" + b"x" * 500 + b"\ncd\n" + b"y" * 11
    got = [line for _, _, line in read_lines("x", Slowly(data, piece), 10)]
    assert got == [b"ab", b"x" * 11, b"cd", b"y" * 11]


def at(second, tag):
    return b'{"id":"%s","created_at":"2026-01-01T00:%02d:%02dZ"}' % (tag, second // 60, second % 60)


def write(path, lines):
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def test_several_files_are_merged_by_time(tmp_path):
    one = write(tmp_path / "one", [at(0, b"a"), at(20, b"b"), at(40, b"c")])
    two = write(tmp_path / "two", [at(10, b"d"), b"broken", at(20, b"e"), at(50, b"f")])
    merged = lines_of(read([one, two]))
    assert merged == [at(0, b"a"), at(10, b"d"), b"broken", at(20, b"b"), at(20, b"e"), at(40, b"c"), at(50, b"f")]


def test_files_of_days_in_a_row_follow_each_other_whatever_the_order_given(tmp_path):
    late = write(tmp_path / "late", [at(100, b"c"), at(110, b"d")])
    early = write(tmp_path / "early", [at(0, b"a"), at(10, b"b")])
    assert lines_of(read([late, early])) == [at(0, b"a"), at(10, b"b"), at(100, b"c"), at(110, b"d")]


@pytest.mark.parametrize("position", [0, 1, 2])
def test_one_wrong_year_does_not_send_the_rest_of_a_file_to_the_end(tmp_path, position):
    wrong = b'{"id":"w","created_at":"2099-01-01T00:00:00Z"}'
    lines = [at(0, b"a"), at(20, b"b"), at(40, b"c"), at(60, b"d")]
    one = write(tmp_path / "one", [*lines[:position], wrong, *lines[position:]])
    two = write(tmp_path / "two", [at(s, b"t") for s in (10, 30, 50, 70)])
    merged = [line for line in lines_of(read([one, two])) if line != wrong]
    assert merged == sorted(
        lines + [at(s, b"t") for s in (10, 30, 50, 70)], key=lambda line: line[line.index(b"created") :]
    )


def test_standard_input_is_read_to_its_end(monkeypatch):
    reader, writer = os.pipe()
    os.write(writer, gzip.compress(WHOLE))
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
        assert lines_of(read(["-"])) == LINES


def test_a_stop_ends_standard_input_though_its_writer_holds_it_open(monkeypatch):
    reader, writer = os.pipe()
    os.write(writer, WHOLE)
    asked = []

    def stopped():
        asked.append(1)
        return len(asked) > 2

    with os.fdopen(reader, "rb") as stream:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
        assert lines_of(read_blocks(["-"], Reading(block_lines=5), stopped)) == LINES
    os.close(writer)


def test_the_meter_counts_the_packed_bytes(tmp_path):
    path = tmp_path / "posts"
    path.write_bytes(gzip.compress(WHOLE))
    meter = Meter()
    list(read_blocks([str(path)], Reading(), meter=meter))
    assert meter.bytes_read == path.stat().st_size
