"""Written posts by hazard and language open the gate and are heard as their hazard: a floor for every half and language.

The posts were written before the forms that now hear them, by the same hand; a figure here is a floor against losing words, not a claim
about strangers' posts. Half of them (``training/posts``) were looked at while the forms were made and train the sense model; the other
half (``benchmarks/written``) were only counted.
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

ROOT = Path(__file__).parents[2]
FOLDERS = {"looked-at": ROOT / "training" / "posts", "held": ROOT / "benchmarks" / "written"}
LANGUAGES = ("fr", "en", "es", "it", "pt", "de")
OPEN_FLOOR = 0.93
RIGHT_FLOOR = 0.75


def posts(lang: str, half: str) -> list[tuple[str, str]]:
    rows = (line.split("\t") for line in (FOLDERS[half] / f"{lang}.tsv").read_text(encoding="utf-8").splitlines())
    return [(kind, text) for kind, text in rows]


@pytest.fixture(scope="module")
def heard() -> tuple[Gate, SenseReader]:
    lexicon = Lexicon.load()
    return Gate(lexicon), SenseReader(lexicon, CueBook.load(), None)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_hazard_is_written_at_least_twice_a_half_and_no_post_stands_in_both(lang: str) -> None:
    looked_at, held = posts(lang, "looked-at"), posts(lang, "held")
    for rows in (looked_at, held):
        counts = Counter(kind for kind, _ in rows)
        assert all(counts[hazard] >= 2 for hazard in HAZARDS)
    texts = [text for _, text in (*looked_at, *held)]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("half", FOLDERS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_written_posts_are_heard(heard: tuple[Gate, SenseReader], lang: str, half: str) -> None:
    gate, reader = heard
    chosen = [(kind, text) for kind, text in posts(lang, half) if kind in HAZARDS]
    opened = gate.open([text for _, text in chosen])
    deaf = [text for (_, text), ids in zip(chosen, opened, strict=True) if not ids]
    assert len(deaf) <= (1 - OPEN_FLOOR) * len(chosen), deaf
    wrong = []
    for kind, text in chosen:
        hazards = reader.sense(SenseQuery(text, lang)).hazards
        if max(hazards, key=lambda name: hazards[name]) not in (kind, OPEN):
            wrong.append((kind, text))
    assert len(wrong) <= (1 - RIGHT_FLOOR) * len(chosen), wrong
