"""Measure sense end to end: gate, then the probability from which a post is told, then the hazard; by set, language, hazard and trap.

Usage: python benchmarks/sense.py DATA [--out FILE]

A post counts as *told* when it opens the term gate and its probability is at least ``nlp.relevance.TOLD_FROM``; F1 at 0.5 stands beside it. Sets that no weight was trained on are judged
by the packaged model. The written development set, which holds the hand-written traps too, is a training set: it is judged by models that did not see the event
(or day) of the post, fitted on it and on ``training`` alone. *Right* also asks for the hazard: the leading one is the labelled one, or open;
posts without a labelled hazard are right when told.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score

from nlp.cues import CueBook
from nlp.gate import Gate
from nlp.hazards import leading
from nlp.judged import NOT_REAL, REAL, read_verdicts
from nlp.lexicon import Lexicon
from nlp.meaning import SentenceEncoder
from nlp.naming import named
from nlp.naming_training import held_out_likely
from nlp.readings import HeldOutEncoder, Readings
from nlp.relevance import TOLD_FROM, SenseModel
from nlp.scale import platt
from nlp.sense import SenseQuery, SenseReader
from nlp.training import Example, circumstances, design_of, held_out_scores, read_set, weights_of
from tocsin.model import HAZARDS, OPEN

HALF = 0.5
ROOT = Path(__file__).parents[1]
UNSEEN = ("classification/kaggle", "classification/sositaly-dev")
WRITTEN = {
    "grammar": 0.05,
    "posts": 0.2,
    "pairs": 0.5,
    "scenes": 0.5,
    "contrasts": 1.0,
    "streams": 0.5,
    "threads": 0.5,
    "days": 0.5,
    "drills": 0.2,
    "voices": 0.4,
}
"""Folders of ``training`` and their shares, as the packaged model was trained."""
READINGS = ROOT / "training" / "readings.npz"
"""What encoders that had not seen the event of a training post say of it."""
ANY_DAY = ("quiet-dev", "napa", "sositaly-emilia", "trecis-paris")
"""Scenarios of whose background it is counted how much is told; of posts that stand in several, the first counts."""
ASSUMED = "background_assumed"
SAMPLED = 400
"""About so many gated posts of a background are judged."""
SCENARIOS = ("vichoko-ecuador", "vichoko-nicaragua", "vichoko-mexico", "sositaly-emilia", "napa", "trecis-paris")
"""Scenarios whose labels are read for recall by language; no weight was trained on them."""


JUDGED = (
    *(f"scenarios/{name}" for name in SCENARIOS),
    *UNSEEN,
    "classification/schulz-accidents",
    "scenarios/quiet-dev",
)
"""Sets of which careful readers judged a sample."""


class Row(NamedTuple):
    """A labelled post and what was said of it."""

    lang: str
    kind: str
    hazard: str | None
    relevant: bool
    opened: bool
    probability: float
    leading: str


def lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


class Judge:
    """The packaged tables, and the answers they give."""

    def __init__(self) -> None:
        lexicon = Lexicon.load()
        self.gate = Gate(lexicon)
        self.reader = SenseReader(lexicon, CueBook.load(), SenseModel.load())

    def rows(self, posts: list[tuple[SenseQuery, bool, str, str | None]]) -> list[Row]:
        """Judge posts with the packaged tables."""
        opened = self.gate.open([query.text for query, *_ in posts])
        through = [query for (query, *_), ids in zip(posts, opened, strict=True) if ids]
        senses = dict(zip(through, self.reader.senses(through), strict=True))
        rows = []
        for (query, relevant, kind, hazard), ids in zip(posts, opened, strict=True):
            sense = senses[query] if ids else None
            said = leading(sense.hazards) if sense else OPEN
            probability = sense.judgement.probability if sense else 0.0
            rows.append(Row(query.lang or "?", kind, hazard, relevant, bool(ids), probability, said))
        return rows

    def labelled(self, prefix: Path) -> list[Row]:
        """Judge a labelled set with the packaged tables."""
        labels = {label["id"]: label for label in lines(prefix.with_name(f"{prefix.name}.labels.jsonl.gz"))}
        posts = []
        for post in lines(prefix.with_name(f"{prefix.name}.posts.jsonl.gz")):
            label = labels[post["id"]]
            if label["relevant"] is not None:
                query = SenseQuery(
                    post["text"], post.get("lang"), _year(post), repost=post.get("repost_of") is not None
                )
                posts.append((query, bool(label["relevant"]), str(label.get("kind") or ""), label.get("hazard")))
        return self.rows(posts)

    def written(self, folder: Path) -> list[Row]:
        """Judge a folder of written lines with the packaged tables."""
        return self.rows([(e.query, e.relevant, e.kind, _hazard(e.kind)) for e in read_set(folder)])

    def crossed(self, prefix: Path) -> list[Row]:
        """Judge a training set by models that did not see the event of the post."""
        examples = read_set(prefix, left_out=["background_assumed", "background_offtopic_gold", "minor_incident"])
        written = [one for name in WRITTEN for one in read_set(ROOT / "training" / name)]
        hazards = {label["id"]: label for label in lines(prefix.with_name(f"{prefix.name}.labels.jsonl.gz"))}
        texts = {
            post["text"]: hazards[post["id"]].get("hazard")
            for post in lines(prefix.with_name(f"{prefix.name}.posts.jsonl.gz"))
        }
        reader = SenseReader(self.reader._lexicon, self.reader._cues, None)  # noqa: SLF001  the same tables, unjudged
        encoder = HeldOutEncoder(Readings.load(READINGS), SentenceEncoder())
        design = design_of(reader, self.gate, encoder, [*examples, *written])
        likely = held_out_likely(design)
        scores = held_out_scores(design, weights_of(design.examples, WRITTEN), circumstances(design, likely, ()))
        own = design.gated & (design.sources == prefix.name)
        slope, offset = platt(scores[own], design.relevant[own])
        said: dict[int, tuple[float, str]] = {}
        for at in np.flatnonzero(design.gated).tolist():
            shares = named(design.told[at], likely[at])
            probability = float(1.0 / (1.0 + np.exp(-(slope * scores[at] + offset))))
            said[id(design.examples[at])] = probability, leading(shares)
        return [_crossed_row(example, said.get(id(example)), texts) for example in examples]


def _crossed_row(example: Example, said: tuple[float, str] | None, hazards: dict[str, str | None]) -> Row:
    probability, hazard_said = said or (0.0, OPEN)
    hazard, lang = hazards.get(example.query.text), example.query.lang or "?"
    return Row(lang, example.kind, hazard, example.relevant, said is not None, probability, hazard_said)


def _year(post: dict[str, Any]) -> int | None:
    return int(post["created_at"][:4]) if post.get("created_at") else None


def _hazard(kind: str) -> str | None:
    name = kind.removeprefix("written:")
    return name if name in HAZARDS else None


def told(row: Row, cut: float = TOLD_FROM) -> bool:
    return row.opened and row.probability >= cut


def right(row: Row, cut: float = TOLD_FROM) -> bool:
    return told(row, cut) and (row.hazard not in HAZARDS or row.leading in (row.hazard, OPEN))


def f1(rows: list[Row], cut: float = TOLD_FROM) -> tuple[float, float, float]:
    """Give precision, recall and F1 of *right* among the relevant; a relevant post told as another hazard counts against both."""
    hits = sum(right(row, cut) for row in rows if row.relevant)
    said, true = sum(told(row, cut) for row in rows), sum(row.relevant for row in rows)
    precision, recall = hits / max(1, said), hits / max(1, true)
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def share(part: int, whole: int) -> str:
    return f"{part / whole:.2f} ({whole})" if whole else "–"


def tables(sets: dict[str, list[Row]]) -> str:
    out = [
        "## By set",
        "",
        "| | posts | relevant | gate recall | precision | recall | F1 | F1 at 0.5 | specificity |",
        "|---" * 9 + "|",
    ]
    for name, rows in sets.items():
        true = [row for row in rows if row.relevant]
        false = [row for row in rows if not row.relevant]
        precision, recall, score = f1(rows)
        spec = f"{np.mean([not told(row) for row in false]):.3f}" if false else "–"
        gate = np.mean([row.opened for row in true]) if true else 0.0
        judged = (
            f"{precision:.3f} | {recall:.3f} | {score:.3f} | {f1(rows, HALF)[2]:.3f}"
            if false
            else f"– | {recall:.3f} | – | –"
        )
        out.append(f"| {name} | {len(rows)} | {len(true)} | {gate:.3f} | {judged} | {spec} |")
    out += ["", "## Traps: share judged irrelevant, posts outside the gate included, all languages", ""]
    kinds: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for name, rows in sets.items():
        for row in rows:
            trap = row.kind.removeprefix("bg:").removeprefix("written:").split(":")[0]
            if not row.relevant and row.kind.startswith(("bg:", "written:")):
                kinds[trap][name.split(",")[0]].append(row)
    firsts = dict.fromkeys(name.split(",")[0] for name in sets)
    names = [name for name in firsts if any(name in found for found in kinds.values())]
    out += ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for trap in sorted(kinds):
        cells = [share(sum(not told(r) for r in kinds[trap][name]), len(kinds[trap][name])) for name in names]
        out.append(f"| {trap} | " + " | ".join(cells) + " |")
    pooled = [row for rows in sets.values() for row in rows]
    out += ["", "## Hazard and language: relevant posts heard as their hazard or open (all sets pooled)", ""]
    langs = [lang for lang, n in Counter(r.lang for r in pooled if r.relevant).most_common() if lang in LANGS]
    out += ["| | " + " | ".join(langs) + " |", "|---" * (len(langs) + 1) + "|"]
    for hazard in HAZARDS:
        cells = []
        for lang in langs:
            own = [row for row in pooled if row.relevant and row.hazard == hazard and row.lang == lang]
            cells.append(share(sum(map(right, own)), len(own)))
        out.append(f"| {hazard} | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def any_day(judge: Judge, data: Path) -> str:
    """Give the share of ordinary posts that is told, by stream: nobody labelled them, and a few do tell of something real."""
    out = [
        "## Any day's posts",
        "",
        "| | posts | open the gate | of these told | told of a thousand |",
        "|---" * 5 + "|",
    ]
    known: set[str] = set()
    for name in ANY_DAY:
        prefix = data / "scenarios" / name
        kinds = {label["id"]: label["kind"] for label in lines(prefix.with_name(f"{name}.labels.jsonl.gz"))}
        posts = {
            post["text"]: post
            for post in lines(prefix.with_name(f"{name}.posts.jsonl.gz"))
            if kinds[post["id"]] == ASSUMED and post["text"] not in known
        }
        known |= posts.keys()
        texts = list(posts)
        opened = [text for text, ids in zip(texts, judge.gate.open(texts), strict=True) if ids]
        asked = [posts[text] for text in opened[:: max(1, len(opened) // SAMPLED)]]
        queries = [
            SenseQuery(post["text"], post.get("lang"), _year(post), repost=post.get("repost_of") is not None)
            for post in asked
        ]
        rows = judge.rows([(query, False, ASSUMED, None) for query in queries])
        part = float(np.mean([told(row) for row in rows]))
        gated = len(opened) / len(texts)
        out.append(f"| {name} | {len(texts)} | {gated:.3f} | {part:.2f} ({len(rows)}) | {1_000 * gated * part:.1f} |")
    return "\n".join(out) + "\n"


LANGS = ("fr", "en", "es", "it", "pt", "de")


def judged(judge: Judge, data: Path) -> str:
    """Give how gated posts of real sets are told, by what careful readers said of each (``benchmarks/judged.tsv``); no weight sees any."""
    verdicts = read_verdicts(ROOT / "benchmarks" / "judged.tsv")
    out = [
        "## Real posts behind the gate, by what a careful reader said of them",
        "",
        "| | posts | real | AUC | precision | recall | F1 | specificity |",
        "|---" * 8 + "|",
    ]
    everything: list[Row] = []
    known: set[str] = set()
    for name in JUDGED:
        posts = []
        for post in lines((data / name).with_name(f"{Path(name).name}.posts.jsonl.gz")):
            verdict = verdicts.get(post["id"])
            if verdict is None or verdict.real is None or post["id"] in known:
                continue
            known.add(post["id"])
            query = SenseQuery(post["text"], post.get("lang"), _year(post), repost=post.get("repost_of") is not None)
            posts.append((query, verdict.real, verdict.name, verdict.hazard))
        rows = judge.rows(posts)
        everything += rows
        out.append(_judged_line(Path(name).name, rows))
    out.append(_judged_line("together", everything))
    said: dict[str, list[Row]] = defaultdict(list)
    for row in everything:
        said[row.kind].append(row)
    parts = (
        f"{name} {share(sum(map(told, said[name])), len(said[name]))}" for name in (*REAL, *NOT_REAL) if said[name]
    )
    return "\n".join([*out, "", f"Told, by verdict: {', '.join(parts)}."]) + "\n"


def _judged_line(name: str, rows: list[Row]) -> str:
    precision, recall, score = f1(rows)
    true = np.array([row.relevant for row in rows])
    ranked = roc_auc_score(true, [row.probability for row in rows])
    spec = np.mean([not told(row) for row in rows if not row.relevant])
    return f"| {name} | {len(rows)} | {true.sum()} | {ranked:.3f} | {precision:.3f} | {recall:.3f} | {score:.3f} | {spec:.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    judge = Judge()
    sets = {
        "dev-synthetic (event held out)": judge.crossed(given.data / "scenarios" / "dev-synthetic"),
    }
    sets |= {Path(name).name: judge.labelled(given.data / name) for name in UNSEEN}
    for name in SCENARIOS:
        rows = judge.labelled(given.data / "scenarios" / name)
        sets[f"{name} (relevant only)"] = [row for row in rows if row.relevant]
    for folder in ("written", "pairs", "scenes", "contrasts", "streams", "threads", "days", "drills", "voices"):
        held = judge.written(ROOT / "benchmarks" / folder)
        by_lang = {lang: [row for row in held if row.lang == lang] for lang in LANGS}
        sets |= {f"{folder}, held {lang}": rows for lang, rows in by_lang.items() if rows}
    text = f"{tables(sets)}\n{judged(judge, given.data)}\n{any_day(judge, given.data)}"
    if given.out:
        given.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
