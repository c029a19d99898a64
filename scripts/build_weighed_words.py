"""Learn the table of weighed words (``nlp/data/lexicon/weighed.tsv``) from labelled posts.

Usage: python scripts/build_weighed_words.py DATA [POSTS …]

``POSTS`` are files ``label<TAB>text`` (a hazard, or ``open``: it happens here and now; any other label: it does not); those of
``training/posts``, ``training/pairs``, ``training/scenes`` and the looked half of ``benchmarks/incidents`` are always read; what
``benchmarks`` holds beside is never read, only counted by others. Posts of any day are what CrisisLex T6 and T26 and the RER B stream (MIT)
in ``DATA`` hold of other things, the small talk of the simulator, and the background of two development streams, from which nothing is
learnt but the mark: ``ALLOWED`` more of it may pass.

Model: logistic regression whose weights may not be negative (L-BFGS-B), L2 penalty; the ``KEPT`` forms that matter most, fitted again.
A form is a word of three letters and more that is no function word, its first six letters and any ending, or a pair of neighbours. Names
are left out: words never written in lower case, given names, and whatever a lexicon may not look for (``tocsin.settings.purpose``).

Beside the table come the letters (``nlp.letters``, the same name ending in ``.npz``): they judge what of a text's words weighs ``NEAR`` and
more. Logistic regression over the runs of the same posts, the same words cut out of them; its mark is set so that ``ALLOWED`` more of the
background passes both.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks.written_blocks import FOLDER, read  # noqa: E402  a script beside the packages
from nlp.fold import fold  # noqa: E402
from nlp.gate import Gate  # noqa: E402
from nlp.gazetteer import Gazetteer  # noqa: E402
from nlp.language import language_of  # noqa: E402
from nlp.letters import BITS, buckets  # noqa: E402
from nlp.lexicon import Lexicon  # noqa: E402
from nlp.matcher import COMMON_WORDS  # noqa: E402
from nlp.persons import person_names  # noqa: E402
from nlp.weighed import LENGTH, NAMED, SHORTEST  # noqa: E402
from tocsin.settings.purpose import judge  # noqa: E402
from tocsin.simulation.scenario import Background, Scenario  # noqa: E402
from tocsin.simulation.stream import Stream  # noqa: E402

SETS = ("posts", "pairs", "scenes", "contrasts")
LANGUAGES = ("fr", "en", "es", "it", "pt", "de")
ORDINARY = ("fr", "en")
"""Languages of the ordinary posts."""
KEPT = 5_000
STEM = 6
ALLOWED = 0.005
NEAR = 0.04
"""Share of the background whose letters may be looked at."""
MARKED_ON = ("dev-synthetic", "quiet-dev")
COMMON = 0.01
"""Forms in more ordinary posts than this say nothing and would cost time."""
SMALL_TALK, SMALL_TALK_SEED = 5_000, 1_000
"""Simulated ordinary posts in each of two languages."""
TIMES = 2
"""Real posts that must hold a form."""
REAL_WEIGHT, TRAP_WEIGHT, PLAIN_WEIGHT = 3.0, 2.0, 1.0
STRENGTH = 0.3
"""Inverse of the L2 penalty."""
UNSEEN = 0.0003
"""Share of any day's posts assumed to hold a word that is not in the table of common words."""
PAIR = 2.0
"""How much rarer than its rarer word a pair is taken to be (log-odds)."""
SELDOM = 4
"""Posts; a place or given name in fewer without its capital is no word."""
LETTERS_STRENGTH = 3.0
LETTERS_WEIGHT = 3.0
"""Of a real post beside any other."""
LEANING = 0.25
"""Smaller log-odds for a hazard are not written."""
Floats = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("posts", type=Path, nargs="*")
    parser.add_argument("--out", type=Path, default=ROOT / "nlp" / "data" / "lexicon" / "weighed.tsv")
    args = parser.parse_args()
    real, traps = written(
        [*(path for name in SETS for path in sorted((ROOT / "training" / name).glob("*.tsv"))), *args.posts]
    )
    gate = Gate(Lexicon.load().without_weighed())
    plain = closed(gate, [*other_things(args.data), *small_talk()])
    forms = Forms([text for _, text in real], traps, plain)
    table, marks = learn(forms, real, traps, plain)
    days = [text for name in MARKED_ON for text in background(args.data / "scenarios" / name)]
    open_to = closed(gate, days)
    scores = marks.score(table, open_to)
    base, near = (float(np.sort(scores)[::-1][int(share * len(days))]) for share in (ALLOWED, NEAR))
    asked = [text for text, score in zip(open_to, scores, strict=True) if score >= near]
    letters(forms, real, [*traps, *plain], asked, int(ALLOWED * len(days)), args.out.with_suffix(".npz"))
    prior, leanings = hazards(table, real)
    lines = [
        "# Made by scripts/build_weighed_words.py; see docs/explanation/hearing.md. form, log-odds, log-odds by hazard",
        f"=base\t{base:.3f}\t",
        f"=charge\t{marks.charge:.3f}\t",
        f"=prior\t0\t{told(prior)}",
        f"=near\t{near:.3f}\t",
    ]
    order = np.argsort(-table.weights, kind="stable")
    lines += [f"{table.names[at]}\t{table.weights[at]:.2f}\t{told(leanings[at])}" for at in order]
    args.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(order)} forms from {len(real)} real, {len(traps)} other written and {len(plain)} ordinary posts; "
          f"mark {base:.3f} + {marks.charge:.3f} a doubling of {LENGTH:.0f} bytes")  # fmt: skip


def written(paths: Iterable[Path]) -> tuple[list[tuple[str, str]], list[str]]:
    """Give the real posts with their hazard, and the others; each text once."""
    rows: dict[str, str] = {}
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            label, _, text = line.partition("\t")
            rows[text] = label
    for path in sorted(FOLDER.glob("*.tsv")):
        for block in read(path):
            if block.half == "looked":
                rows.update((post.text, block.hazards[0] if post.relevant else "") for post in block.posts)
    rows = {text: label for text, label in rows.items() if text}
    real = [(label, text) for text, label in rows.items() if label in NAMED]
    return real, [text for text, label in rows.items() if label not in NAMED]


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def other_things(data: Path) -> Iterator[str]:
    """Give what the MIT sets hold of things that are no emergency."""
    for name in ("classification/t6", "classification/t26", "scenarios/rerb-2018-2019"):
        labels = {label["id"]: label for label in lines_of(data / f"{name}.labels.jsonl.gz")}
        yield from (
            post["text"]
            for post in lines_of(data / f"{name}.posts.jsonl.gz")
            if labels[post["id"]]["relevant"] is False
        )


def small_talk() -> Iterator[str]:
    """Give what the simulator's people write of weather, trains and dinner: French of any day is rare in the other sets."""
    for lang_share in (1.0, 0.0):
        quiet = Background(rate_per_min=SMALL_TALK / 60, share_fr=lang_share, hot_share=0.0, single_share=0.0)
        for sent in Stream(Scenario(hours=1.0, seed=SMALL_TALK_SEED, background=quiet)):
            yield json.loads(sent.line)["text"]


def background(path: Path) -> list[str]:
    labels = {label["id"]: label["kind"] for label in lines_of(path.with_name(f"{path.name}.labels.jsonl.gz"))}
    posts = lines_of(path.with_name(f"{path.name}.posts.jsonl.gz"))
    return [post["text"] for post in posts if labels[post["id"]] == "background_assumed"]


def closed(gate: Gate, texts: list[str]) -> list[str]:
    """Give the texts that the lexicon itself lets pass unheard."""
    return [
        text
        for low in range(0, len(texts), 200)
        for text, ids in zip(texts[low : low + 200], gate.open(texts[low : low + 200]), strict=True)
        if not ids
    ]


def names_in(written: list[str], ordinary: list[str]) -> set[str]:
    """Give the words that are written as names: with a capital more often than not, or of a place and seldom without one.

    German is left out of the first (all its nouns have one), and the first word of a post.
    """
    lower: Counter[str] = Counter()
    upper: Counter[str] = Counter()
    for text in ordinary:
        lower.update(fold(" ".join(word for word in text.split() if word.islower())).decode().split())
    for text in written:
        german = language_of(text) == "de"
        for word in re.findall(r"(?<=\s)[^\W\d_]+", text):
            if word.islower():
                lower.update(fold(word).decode().split())
            elif not german and word[1:].islower():
                upper.update(fold(word).decode().split())
    given = {name.decode() for lang in LANGUAGES for name in person_names(lang).given}
    table = Gazetteer.load()
    known = {word: table.name_id(word) for word in {*lower, *upper}}
    places = {word for word, name in known.items() if name is not None and not table.is_ordinary(name)}
    return (
        {word for word, count in upper.items() if count > lower[word]}
        | {word for word in places if lower[word] < SELDOM}
        | {word for word in given if lower[word] < SELDOM}
    )


class Forms:
    """What of a text may be a form."""

    def __init__(self, real: list[str], traps: list[str], plain: list[str]) -> None:
        by_lang = {
            lang: {
                word
                for words in import_module(f"spacy.lang.{lang}.stop_words").STOP_WORDS
                for word in fold(words).decode().split()
            }
            for lang in LANGUAGES
        }
        self.small = set().union(*by_lang.values())
        self.known = [by_lang[lang] for lang in ORDINARY]
        self.names = names_in([*real, *traps], plain)
        self.fit: dict[str, bool] = {}

    def of(self, text: str) -> list[str]:
        """Give the forms of a text, repeats included."""
        words = fold(text).decode().split()
        plain = [not word.isdigit() and word not in self.names for word in words]
        found = [
            stem(word)
            for word, fit in zip(words, plain, strict=True)
            if fit and len(word) > 2 and word not in self.small
        ]
        pairs = pairwise(zip(words, plain, strict=True))
        return found + [
            f"{left} {stem(right)}" for (left, one), (right, two) in pairs if one and two and self._tells(left, right)
        ]

    def nameless(self, text: str) -> bytes:
        """Give a folded text without names and without what a lexicon may not look for."""
        return b" ".join(word for word in fold(text).split() if self._fit(word.decode()))

    def _fit(self, word: str) -> bool:
        if word not in self.fit:
            self.fit[word] = word not in self.names and judge(word, "any") is None
        return self.fit[word]

    def _tells(self, left: str, right: str) -> bool:
        """Tell whether a pair is more than two function words of a language in which ordinary posts are few."""
        return not {left, right} <= self.small or any({left, right} <= words for words in self.known)


def stem(word: str) -> str:
    return word[:STEM] + "*" if len(word) >= STEM else word


class Table:
    """The chosen forms and their weights."""

    def __init__(self, vectors: CountVectorizer, chosen: npt.NDArray[np.int64], weights: Floats) -> None:
        self.vectors, self.chosen, self.weights = vectors, chosen, weights
        self.names: list[str] = vectors.get_feature_names_out()[chosen].tolist()

    def matrix(self, texts: list[str]) -> Any:
        """Give which chosen forms (columns) stand in which texts (rows), sparse."""
        return self.vectors.transform(texts)[:, self.chosen]


class Marks:
    """The charge for length; the sum itself is compared with the base."""

    def __init__(self, charge: float) -> None:
        self.charge = charge

    def score(self, table: Table, texts: list[str]) -> Floats:
        """Give for each text the sum of its weights less the charge."""
        scores: Floats = table.matrix(texts) @ table.weights - self.charge * lengths(texts)
        return scores


def lengths(texts: list[str]) -> Floats:
    return np.log2(np.array([max(SHORTEST, len(fold(text))) for text in texts]) / LENGTH)


def learn(forms: Forms, real: list[tuple[str, str]], traps: list[str], plain: list[str]) -> tuple[Table, Marks]:
    texts = [*(text for _, text in real), *traps, *plain]
    vectors = CountVectorizer(analyzer=forms.of, min_df=2, binary=True)
    counted = vectors.fit_transform(texts).tocsr().astype(np.float64)
    signs = np.r_[np.ones(len(real)), -np.ones(len(traps) + len(plain))]
    says = np.r_[
        np.full(len(real), REAL_WEIGHT), np.full(len(traps), TRAP_WEIGHT), np.full(len(plain), PLAIN_WEIGHT)
    ] * STRENGTH  # fmt: skip
    long = lengths(texts)
    in_real = np.asarray(counted[: len(real)].sum(axis=0)).ravel()
    in_plain = np.asarray(counted[len(real) + len(traps) :].sum(axis=0)).ravel() / len(plain)
    names = vectors.get_feature_names_out()
    day = any_day()
    allowed = np.array([all(judge(name.replace("*", ""), lang) is None for lang in ("any",)) for name in names])
    chosen = np.flatnonzero((in_real >= TIMES) & (in_plain <= COMMON) & allowed)
    most = np.array([ceiling(names[at], in_real[at] / len(real), day) for at in chosen])
    chosen, most = chosen[most > 0], most[most > 0]
    weights, charge = fitted(counted[:, chosen], long, signs, says, most)
    best = np.sort(np.argsort(-weights * np.sqrt(in_real[chosen]), kind="stable")[:KEPT])
    chosen, most = chosen[best], most[best]
    weights, charge = fitted(counted[:, chosen], long, signs, says, most)
    used = np.round(weights, 2) > 0
    return Table(vectors, chosen[used], np.round(weights[used], 2)), Marks(charge)


def any_day() -> dict[str, float]:
    """Give the share of any day's posts that hold each common word, and each stem of them."""
    shares: defaultdict[str, float] = defaultdict(float)
    for line in COMMON_WORDS.read_text(encoding="utf-8").splitlines():
        word, rate = line.split("\t")
        shares[stem(word)] += float(rate) / 10_000
    return dict(shares)


def ceiling(form: str, share: float, day: dict[str, float]) -> float:
    """Give the most that a form may weigh: its own log-odds between real posts and any day's; pairs by their rarer word, at most."""
    rarest = min(day.get(part if part.endswith("*") else stem(part), UNSEEN) for part in form.split())
    return float(np.log(share / rarest)) + (PAIR if " " in form else 0.0)


def fitted(counted: Any, long: Floats, signs: Floats, says: Floats, most: Floats) -> tuple[Floats, float]:
    """Give the weights, none negative nor above ``most``, and the charge for length of a logistic model."""
    count = counted.shape[1]

    def loss(at: Floats) -> tuple[float, Floats]:
        sure = signs * (counted @ at[:count] - at[count] * long + at[count + 1])
        pull = -says * signs / (1.0 + np.exp(np.clip(sure, -50, 50)))
        value = float((says * np.logaddexp(0.0, -sure)).sum() + 0.5 * at[:count] @ at[:count])
        return value, np.r_[counted.T @ pull + at[:count], -(pull @ long), pull.sum()]

    bounds = [*((0.0, limit) for limit in most), (0.0, None), (None, None)]
    best = minimize(loss, np.zeros(count + 2), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 300}).x
    return best[:count], float(best[count])


def hazards(table: Table, real: list[tuple[str, str]]) -> tuple[Floats, Floats]:
    """Give the prior log-odds of each of ``NAMED`` and what each form adds to them."""
    model = LogisticRegression(C=1.0, max_iter=500)
    model.fit(table.matrix([text for _, text in real]), [NAMED.index(label) for label, _ in real])
    prior, leanings = np.zeros(len(NAMED)), np.zeros((len(table.weights), len(NAMED)))
    prior[model.classes_] = model.intercept_
    leanings[:, model.classes_] = model.coef_.T
    return prior, leanings


def letters(
    forms: Forms, real: list[tuple[str, str]], others: list[str], asked: list[str], may_pass: int, out: Path
) -> None:
    """Write the weights of the runs of letters; of the texts ``asked``, ``may_pass`` get over the mark."""
    texts = [forms.nameless(text) for text in (*(text for _, text in real), *others)]
    signs = np.r_[np.ones(len(real)), np.zeros(len(others))]
    says = np.r_[np.full(len(real), LETTERS_WEIGHT), np.ones(len(others))]
    model = LogisticRegression(C=LETTERS_STRENGTH, max_iter=300, solver="liblinear", random_state=0)
    model.fit(runs(texts), signs, sample_weight=says)
    weights = model.coef_[0].astype(np.float16)
    sums = np.sort(np.asarray(runs([fold(text) for text in asked]) @ weights.astype(np.float64)))[::-1]
    with out.open("wb") as file:
        np.savez_compressed(file, weights=weights, base=-round(float(sums[may_pass]), 4))


def runs(texts: list[bytes]) -> csr_matrix:
    """Give the runs of letters of folded texts (rows), each worth one by the root of their number."""
    found = [buckets([text]) for text in texts]
    ends = np.r_[0, np.cumsum([len(one) for one in found])]
    worth = np.concatenate([np.full(len(one), 1.0 / np.sqrt(max(1, len(one)))) for one in found])
    return csr_matrix((worth, np.concatenate(found).astype(np.int64), ends), shape=(len(texts), 1 << BITS))


def told(leanings: Floats) -> str:
    pairs = zip(NAMED, leanings.tolist(), strict=True)
    return " ".join(f"{name}:{value:.1f}" for name, value in pairs if abs(value) >= LEANING)


if __name__ == "__main__":
    main()
