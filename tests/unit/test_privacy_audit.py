"""Nothing in the audit log can be changed unseen."""

import hashlib
import json
import multiprocessing

import pytest

from tocsin.runtime.audit import GENESIS, MAX_FIELD_CHARS, AuditError, AuditLog

AT = 1_775_563_200_000


@pytest.fixture
def path(tmp_path):
    return tmp_path / "logs" / "audit.jsonl"


@pytest.fixture
def log(path):
    return AuditLog(path)


def filled(log, count=5):
    for number in range(count):
        log.append(
            at=AT + number, who="operator-1", action="read.quotes", about=f"incident-{number}", detail="checking « é »"
        )
    return log


def test_an_empty_log_is_whole(log):
    assert log.verify() == (True, 0)
    assert log.chain().head == GENESIS
    assert log.latest(5) == []
    assert list(log.entries()) == []


def test_entries_stand_in_their_order_and_the_chain_is_whole(log):
    filled(log)
    assert [entry.number for entry in log.entries()] == [1, 2, 3, 4, 5]
    assert [entry.about for entry in log.latest(2)] == ["incident-4", "incident-3"]
    assert len(log.latest(50)) == 5
    assert log.latest(1)[0].at == AT + 4
    assert log.verify() == (True, 5)


def test_each_line_is_chained_with_plain_sha_256(log, path):
    filled(log, 3)
    before = "0" * 64
    for raw in path.read_text("utf-8").splitlines():
        line = json.loads(raw)
        fields = [line[name] for name in ("number", "at", "who", "action", "about", "detail", "before")]
        assert line["before"] == before
        before = hashlib.sha256(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
        assert line["hash"] == before
    assert log.chain().head == before


def test_it_goes_on_after_a_restart_and_only_its_owner_reads_it(log, path):
    filled(log, 2)
    filled(AuditLog(path), 2)
    assert log.verify() == (True, 4)
    assert path.stat().st_mode & 0o777 == 0o600


def lines_of(path):
    return path.read_bytes().splitlines(keepends=True)


def changed(lines, index, /, **fields):
    line = {**json.loads(lines[index]), **fields}
    return [
        *lines[:index],
        json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n",
        *lines[index + 1 :],
    ]


@pytest.mark.parametrize(
    ("tamper", "verified", "said"),
    [
        (lambda lines: changed(lines, 2, who="operator-2"), 2, "line 3: it was changed"),
        (lambda lines: changed(lines, 2, at="2026-04-07T12:00:00.000Z"), 2, "line 3: it was changed"),
        (lambda lines: changed(lines, 4, detail="none"), 4, "line 5: it was changed"),
        (lambda lines: lines[:2] + lines[3:], 2, "line 3: expected entry 3, got 4"),
        (lambda lines: lines[1:], 0, "line 1: expected entry 1, got 2"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 1, "line 2: expected entry 2, got 3"),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], 2, "line 3: expected entry 3, got 2"),
        (lambda lines: [*lines[:2], b"junk\n", *lines[2:]], 2, "line 3: expected an entry, got another line"),
        (lambda lines: [*lines[:4], lines[4][:-1]], 4, "line 5: it is cut short"),
        (
            lambda lines: changed(lines, 2, number=3, before="0" * 64),
            2,
            "line 3: it does not follow the line before it",
        ),
        (lambda lines: [lines[0].replace(b",", b", ", 1), *lines[1:]], 0, "line 1: it is not written as it was"),
    ],
)
def test_tampering_is_found_at_its_line(log, path, tamper, verified, said):
    filled(log)
    path.write_bytes(b"".join(tamper(lines_of(path))))
    assert log.chain().broken == said
    assert log.verify() == (False, verified)


def test_a_log_cut_off_at_its_end_is_found_by_the_head_that_was_noted(log, path):
    filled(log)
    noted = log.chain().head
    filled(log, 2)
    assert log.chain(must_hold=noted).broken is None
    path.write_bytes(b"".join(lines_of(path)[:4]))
    assert log.chain().broken is None
    assert "cut off or made anew" in log.chain(must_hold=noted).broken
    path.unlink()
    assert "cut off or made anew" in log.chain(must_hold=noted).broken


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (lambda lines: changed(lines, 4, who="x"), "its last line was changed"),
        (lambda lines: [*lines[:4], lines[4][:-1]], "cut short"),
        (lambda lines: [*lines, b"junk\n"], "expected an entry"),
    ],
)
def test_nothing_is_added_to_a_broken_end(log, path, tamper, said):
    filled(log)
    path.write_bytes(b"".join(tamper(lines_of(path))))
    before = path.read_bytes()
    with pytest.raises(AuditError, match=said):
        filled(log, 1)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "entry",
    [
        {"who": "", "action": "x"},
        {"who": "x", "action": ""},
        {"who": "x", "action": "y", "detail": "z" * (MAX_FIELD_CHARS + 1)},
    ],
)
def test_an_entry_without_a_person_or_past_the_limit_is_refused(log, path, entry):
    with pytest.raises(AuditError, match="expected"):
        log.append(at=AT, **entry)
    assert not path.exists()


def _write(path, name):
    log = AuditLog(path)
    for number in range(20):
        log.append(at=AT + number, who=name, action="read.quotes")


def test_several_processes_write_one_chain(log, path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, f"writer-{n}")) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert log.verify() == (True, 60)
