"""Written posts by hazard and language open the gate and are heard as their hazard: a floor for every half and language.

The posts (``benchmarks/written``) were written before the forms that now hear them, by the same hand; a figure here is a floor against
losing words, not a claim about strangers' posts.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from nlp.cues import CueBook
from nlp.gate import Gate
from nlp.lexicon import Lexicon
from nlp.sense import SenseQuery, SenseReader
from tocsin.model import HAZARDS, OPEN

WRITTEN = Path(__file__).parents[2] / "benchmarks" / "written"
LANGUAGES = ("fr", "en", "es", "it", "pt", "de")
OPEN_FLOOR = 0.93
RIGHT_FLOOR = 0.75


def posts(lang: str) -> list[tuple[str, str]]:
    rows = (line.split("\t") for line in (WRITTEN / f"{lang}.tsv").read_text(encoding="utf-8").splitlines())
    return [(kind, text) for kind, text in rows]


@pytest.fixture(scope="module")
def heard() -> tuple[Gate, SenseReader]:
    lexicon = Lexicon.load()
    return Gate(lexicon), SenseReader(lexicon, CueBook.load(), None)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_hazard_is_written_at_least_four_times_and_no_post_twice(lang: str) -> None:
    rows = posts(lang)
    counts = Counter(kind for kind, _ in rows)
    assert all(counts[hazard] >= 4 for hazard in HAZARDS)
    assert len({text for _, text in rows}) == len(rows)


@pytest.mark.parametrize("half", [0, 1], ids=["looked-at", "held"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_written_posts_are_heard(heard: tuple[Gate, SenseReader], lang: str, half: int) -> None:
    gate, reader = heard
    seen: Counter[str] = Counter()
    chosen = []
    for kind, text in posts(lang):
        seen[kind] += 1
        if kind in HAZARDS and seen[kind] % 2 != half:
            chosen.append((kind, text))
    opened = gate.open([text for _, text in chosen])
    deaf = [text for (_, text), ids in zip(chosen, opened, strict=True) if not ids]
    assert len(deaf) <= (1 - OPEN_FLOOR) * len(chosen), deaf
    wrong = []
    for kind, text in chosen:
        hazards = reader.sense(SenseQuery(text, lang)).hazards
        if max(hazards, key=lambda name: hazards[name]) not in (kind, OPEN):
            wrong.append((kind, text))
    assert len(wrong) <= (1 - RIGHT_FLOOR) * len(chosen), wrong
