"""Cues that explain an emergency away must tell: the written posts of ``training`` decide, not their author."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from nlp.cues import EXPLANATIONS, CueBook
from nlp.fold import fold_aligned
from nlp.training_set import Example, read_set

TRAINING = Path(__file__).parents[2] / "training"
FOLDERS = ("pairs", "scenes", "contrasts", "posts", "streams", "threads", "days", "voices")
FEWEST = 5
"""Posts that hold a cue; of fewer nothing is concluded."""
MOST = 0.75
"""How much likelier than in a trap a cue may stand in a real post, at most: from here on it explains nothing."""


def told_nothing(book: CueBook, posts: list[Example]) -> dict[tuple[str, str, bytes], float]:
    """Give the cues of explanation that stand in real posts nearly as often as in traps, with their likelihood ratio."""
    real: Counter[tuple[str, str, bytes]] = Counter()
    trap: Counter[tuple[str, str, bytes]] = Counter()
    of_lang: Counter[tuple[str, bool]] = Counter()
    for post in posts:
        lang = post.query.lang or ""
        of_lang[lang, post.relevant] += 1
        folded = fold_aligned(post.query.text)
        found = book.find(folded, lang)
        (real if post.relevant else trap).update(
            {
                (lang, family, folded.data[cue.at : cue.to].strip())
                for family in EXPLANATIONS
                for cue in found.get(family, ())
            }
        )
    ratios = {
        cue: (real[cue] + 0.5) / (of_lang[cue[0], True] + 1) / ((trap[cue] + 0.5) / (of_lang[cue[0], False] + 1))
        for cue in real | trap
        if real[cue] + trap[cue] >= FEWEST
    }
    return {cue: ratio for cue, ratio in ratios.items() if ratio >= MOST}


@pytest.fixture(scope="module")
def posts() -> list[Example]:
    return [post for folder in FOLDERS for post in read_set(TRAINING / folder)]


def test_every_explanation_stands_in_traps_rather_than_in_real_posts(posts: list[Example]) -> None:
    assert told_nothing(CueBook.load(), posts) == {}


def test_a_plain_word_is_found_out(posts: list[Example]) -> None:
    book = CueBook({"en": {"advert": ["from", "giveaway"]}, "fr": {"sport": ["coupé"], "exercise": ["exercice"]}})
    assert {(lang, cue) for lang, _, cue in told_nothing(book, posts)} == {("en", b"from"), ("fr", b"coupe")}
