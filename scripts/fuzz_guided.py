"""Coverage-guided fuzzing of what reads the outside world: `python scripts/fuzz_guided.py TARGET [libFuzzer options]`.

Targets: ``hearing`` (any text through fold, gate, lexicon, sense and places) and ``lines`` (any bytes through ingest). Inputs that fail, or
take longer than ``-timeout``, are written to ``-artifact_prefix`` and end the run with an error. The first inputs are the lexicon's own
examples. atheris drives libFuzzer: https://github.com/google/atheris.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import atheris

with atheris.instrument_imports(include=["nlp", "ingest"]):
    from ingest.block import Block, Run
    from ingest.normalise import normalise
    from ingest.record import Limits
    from nlp.account import account
    from nlp.extract import Extractor
    from nlp.lexicon import Lexicon
    from tocsin.settings.nlp import NlpSettings

if TYPE_CHECKING:
    from collections.abc import Callable

LANGS: Final = (None, "fr", "en", "es", "it", "pt", "de", "ar", "")
TEXT_CHARS: Final = 4_000
SEEDS: Final = 400
"""First inputs, at most."""
TIMEOUT_SECS: Final = 10
"""What one input may take: some thousand times what an ordinary post takes."""


@cache
def extractor() -> Extractor:
    """Give the packaged extractor; the entity model is no code of ours."""
    return Extractor.load(NlpSettings(entities=False), ask=True)


def hearing(data: bytes) -> None:
    """Hear any text; every offset indexes the original, every share is one."""
    source = atheris.FuzzedDataProvider(data)
    lang = LANGS[source.ConsumeIntInRange(0, len(LANGS) - 1)]
    profile = source.ConsumeUnicode(source.ConsumeIntInRange(0, 60))
    text = source.ConsumeUnicode(TEXT_CHARS)
    analysis = extractor().analyse(text, lang=lang, profile_place=profile)
    read = text[: NlpSettings().max_text_chars]
    for span in analysis.sense.spans:
        assert 0 <= span.start < span.end <= len(read), (span, len(read))
    for toponym in analysis.resolution.toponyms:
        assert read[toponym.start : toponym.end] == toponym.text, toponym
    assert sum(place.score for place in analysis.resolution.places) <= 1.001
    assert 0 < analysis.sense.judgement.probability < 1
    assert -(2**63) <= analysis.fingerprint < 2**63
    assert account(text, analysis) is not None


def lines(data: bytes) -> None:
    """Read any bytes as one line or several; each becomes a draft, a withdrawal, a refusal or is withheld."""
    rows = data.split(b"\n")
    block = Block(number=0, data=data, runs=(Run("fuzz", 1, len(rows)),), arrived_at=1_775_540_880_000)
    read = normalise(block, limits=Limits(), lateness_ms=300_000)
    told = [draft.index for draft in read.drafts] + [gone.index for gone in read.withdrawals]
    told += [index for index, _ in read.dead] + [index for index, _ in read.withheld]
    assert len(told) == len(set(told)), told
    assert set(told) <= set(range(len(rows))), told
    for _, letter in read.dead:
        assert letter.detail
        assert len(letter.raw) <= Limits().max_dead_letter_bytes


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {"hearing": hearing, "lines": lines}


def seeds(target: str) -> list[bytes]:
    """Give first inputs: some of the lexicon's own examples, as the target reads them."""
    texts = [text for entry in Lexicon.load().entries for text in entry.matches]
    texts = texts[:: -(-len(texts) // SEEDS)]
    if target == "lines":
        made = {"id": "1", "source": "made", "author": "x", "created_at": "2026-04-07T05:48:00Z"}
        return [json.dumps(made | {"text": text, "lat": 48.1, "lon": 2.3}).encode() for text in texts]
    # The numbers are taken from the end of the data; the first byte of a text says how wide its letters are.
    return [b"\x02" + text.encode("utf-32-le") + b"\x00\x01" for text in texts]


def main(argv: list[str]) -> None:
    """Fuzz one target, in a process of its own.

    Raises:
        SystemExit: with the fuzzer's exit code, 0 when nothing failed; or because there is no such target.
    """
    if len(argv) < 2 or argv[1] not in TARGETS:
        raise SystemExit(f"expected one of {', '.join(TARGETS)}, got {' '.join(argv[1:]) or 'nothing'}")
    check = TARGETS[argv[1]]
    check(b"")  # what is loaded at first need is loaded before the clock of an input runs
    with tempfile.TemporaryDirectory(prefix="tocsin-fuzz-") as corpus:
        for number, seed in enumerate(seeds(argv[1])):
            (Path(corpus) / f"{number:04}").write_bytes(seed)
        # The fuzzer never comes back from its work: it is let go, and what it leaves is cleared here.
        if os.fork() == 0:
            options = [f"-timeout={TIMEOUT_SECS}", "-max_len=16384", *argv[2:]]
            atheris.Setup([argv[0], *options, corpus], check)
            atheris.Fuzz()
        _, status = os.wait()
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv)
