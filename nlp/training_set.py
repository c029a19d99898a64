"""Labelled posts for training: pairs of gzipped JSON Lines files, or a folder of written lines, one ``<lang>.tsv`` a language.

Files: ``<prefix>.posts.jsonl.gz`` and ``<prefix>.labels.jsonl.gz`` (one JSON object a line; posts: ``id, text`` and optionally ``lang,
created_at, repost_of, reply_to``; labels: ``id, relevant`` (true, false or null: not used) and optionally ``event, kind,
hazard``). Relevant posts that come long after their event began are left out: they tell of something real, but not of now.
Where careful readers judged posts of such a set (``nlp.judged``), their verdict counts in the place of its label, and posts of the set
that nobody judged are read (``Example.taught`` is false) but not learnt from.

Folder: a line is ``kind<TAB>text``; the kind ``real``, ``open`` or a hazard is relevant, any other is a trap.
``(a|b|)`` in a text is a choice (brackets without a bar are brackets), ``{name}`` one of the choices of the line
``@name<TAB>a|b``: each such line gives ``VARIANTS`` posts at most, always the same ones.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zlib import crc32

import numpy as np

from nlp.naming import NAMED
from nlp.sense import SenseQuery
from tocsin.time import HOUR_MS, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from nlp.judged import Verdict

EARLY_HOURS: Final = 24
"""Relevant posts count this long after the first relevant post of their event."""
VARIANTS: Final = 12
"""At most so many posts come from one written line with choices."""
LINES_TOGETHER: Final = 10
"""So many neighbouring lines of a written file are held out together: pairs that differ by a word stand side by side."""
WRITTEN_YEAR: Final = 2026
"""The year in which written lines are read: other years in them are the past or the future."""
WRITTEN: Final = "written:"
"""Begins the kind of examples from folders of written lines."""
JUDGED: Final = "judged:"
"""Begins the kind of examples that a careful reader judged."""
REAL: Final = "real"
SAME_EVENT: Final = {
    "t6:t6:alberta": "t26:2013_Alberta_floods",
    "t6:t6:boston": "t26:2013_Boston_bombings",
    "t6:t6:queensland": "t26:2013_Queensland_floods",
    "t6:t6:west": "t26:2013_West_Texas_explosion",
}
"""Groups of two collections that are one event: they are held out together."""
_CHOICE: Final = re.compile(r"\(([^()|]*\|[^()]*)\)")
_NAME: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled post."""

    query: SenseQuery
    relevant: bool
    group: str
    """What is held out together: the event; posts without one by their day, or by tenths; neighbouring written lines."""
    source: str
    """Name of its set."""
    kind: str
    hazard: str | None = None
    """What a relevant post tells of (a hazard, or open), where its label says so."""
    taught: bool = True
    """Whether one may learn from it; if not, its label is only a guess."""


class _Row(NamedTuple):
    post: dict[str, Any]
    relevant: bool
    kind: str
    event: str
    at: int | None
    hazard: str | None
    taught: bool = True


class Sets(NamedTuple):
    """Sets read together."""

    examples: list[Example]
    shares: dict[str, float]
    """By name, the sets given as ``PATH=SHARE``."""
    gathered: set[str]
    """Of these the ones that are no written folders: gathered event by event."""


def dealt(groups: Iterable[str], folds: int) -> npt.NDArray[np.intp]:
    """Give each example its fold: groups are dealt in turn, in the order of their names, so nothing of an event is in two folds.

    >>> dealt(["quake", "fire", "quake", "flood"], 2).tolist()
    [0, 0, 0, 1]
    """
    every = [SAME_EVENT.get(group, group) for group in groups]
    fold_of = {group: number % folds for number, group in enumerate(sorted(set(every)))}
    return np.array([fold_of[group] for group in every], dtype=np.intp)


def read_sets(
    given: Iterable[str], *, left_out: Iterable[str] = (), judged: Mapping[str, Verdict] | None = None
) -> Sets:
    """Read sets given as ``PATH`` or ``PATH=SHARE``; see ``read_set``.

    Verdicts count for sets with a share: the labels of the others are their writers' own.

    Raises:
        OSError: a file is missing.
        ValueError: a line does not have the form of its set, or a share is no number; the message names the set.
    """
    unwanted = tuple(left_out)
    found = Sets([], {}, set())
    for one in given:
        path, _, share = one.partition("=")
        prefix = Path(path)
        try:
            if share:
                found.shares[prefix.name] = float(share)
            found.examples.extend(read_set(prefix, left_out=unwanted, judged=judged if share else None))
        except (ValueError, KeyError) as error:
            raise ValueError(f"{one}: {error}") from error
        if share and not prefix.is_dir():
            found.gathered.add(prefix.name)
    return found


def read_set(
    prefix: Path, *, left_out: Iterable[str] = (), judged: Mapping[str, Verdict] | None = None
) -> list[Example]:
    """Read a labelled set.

    Args:
        prefix: a folder of written lines, or the path of two files without ``.posts.jsonl.gz``.
        left_out: posts whose event or kind is one of these, or whose kind begins or ends with one of these (parted by a colon or an
            underscore), are not used; nor are those whose relevance is unknown.
        judged: verdicts by the ids of posts. A set that holds any is read by them alone: of its labels and ``left_out`` only the event
            counts, and it does not matter how late a post came.

    Raises:
        OSError: a file is missing.
        ValueError: a line does not have the form named above.
    """
    unwanted = tuple(left_out)
    if prefix.is_dir():
        return [one for one in _written(prefix) if not any(_is(name, one.kind, "") for name in unwanted)]
    labels = {label["id"]: label for label in _lines(prefix, "labels")}
    posts = list(_lines(prefix, "posts"))
    if judged and any(post["id"] in judged for post in posts):
        rows = [row for post in posts if (row := _judged(post, labels, judged)) is not None]
        return [_example(prefix.name, row) for row in rows if not any(_is(name, "", row.event) for name in unwanted)]
    rows = []
    began: dict[str, int] = {}
    for post in posts:
        label = labels.get(post["id"], {})
        kind, event = str(label.get("kind") or ""), _event(label)
        if label.get("relevant") is None or any(_is(name, kind, event) for name in unwanted):
            continue
        at = parse_instant(post["created_at"]) if post.get("created_at") else None
        relevant = bool(label["relevant"])
        if relevant and event and at is not None:
            began[event] = min(at, began.get(event, at))
        hazard = label.get("hazard")
        rows.append(_Row(post, relevant, kind, event, at, hazard if relevant and hazard in NAMED else None))
    return [
        _example(prefix.name, row)
        for row in rows
        if not (row.relevant and row.at is not None and row.at - began.get(row.event, row.at) > EARLY_HOURS * HOUR_MS)
    ]


def _judged(post: dict[str, Any], labels: dict[str, Any], judged: Mapping[str, Verdict]) -> _Row | None:
    label, verdict = labels.get(post["id"], {}), judged.get(post["id"])
    event = _event(label)
    if verdict is None:
        return _Row(post, bool(label.get("relevant")), str(label.get("kind") or ""), event, None, None, taught=False)
    if verdict.real is None:
        return None
    return _Row(post, verdict.real, f"{JUDGED}{verdict.name}", event, None, verdict.hazard)


def _event(label: dict[str, Any]) -> str:
    """Give the event of a label; some sets say it in the kind ("2013_X:not_related", "t6:x", "idrisi:x")."""
    event, kind = label.get("event"), str(label.get("kind") or "")
    if event and event != "none":
        return str(event)
    return kind.split(":", 1)[0] if kind.startswith("20") else kind if kind.startswith(("t6:", "idrisi:")) else ""


def _is(name: str, kind: str, event: str) -> bool:
    return name in (kind, event) or kind.startswith((f"{name}:", f"{name}_")) or kind.endswith(f":{name}")


def _example(name: str, row: _Row) -> Example:
    text, created = row.post["text"], row.post.get("created_at")
    group = row.event or (created[:10] if created else str(crc32(text.encode()) % 10))
    query = SenseQuery(
        text,
        row.post.get("lang"),
        int(created[:4]) if created else None,
        repost=row.post.get("repost_of") is not None,
        reply=row.post.get("reply_to") is not None,
    )
    return Example(query, row.relevant, f"{name}:{group}", name, row.kind, row.hazard, row.taught)


def _lines(prefix: Path, part: str) -> Iterable[dict[str, Any]]:
    path = prefix.with_name(f"{prefix.name}.{part}.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            if not isinstance(row, dict) or "id" not in row:
                raise ValueError(f"{path}:{number}: expected an object with an id, got {line[:60]!r}")
            yield row


def _written(folder: Path) -> Iterable[Example]:
    files = sorted(folder.glob("*.tsv"))
    if not files:
        raise ValueError(f"{folder}: expected at least one <lang>.tsv")
    for path in files:
        names: dict[str, str] = {}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            kind, tab, text = line.partition("\t")
            if not tab or not kind or not text:
                raise ValueError(f"{path}:{number}: expected kind<TAB>text, got {line[:60]!r}")
            if kind.startswith("@"):
                names[kind[1:]] = f"({text})" if "|" in text else text
                continue
            block = (number - 1) // LINES_TOGETHER
            relevant = kind == REAL or kind in NAMED
            for variant in variants(text, names):
                query = SenseQuery(variant, path.stem, WRITTEN_YEAR)
                hazard = kind if kind in NAMED else None
                group = f"{folder.name}:{path.stem}:{block}"
                yield Example(query, relevant, group, folder.name, f"{WRITTEN}{kind}", hazard)


def variants(text: str, names: dict[str, str]) -> list[str]:
    """Give the posts that a written line stands for, without repeats, at most ``VARIANTS``; always the same ones.

    Raises:
        ValueError: the text names choices that ``names`` does not hold.

    >>> variants("(big|huge) bang in {place}", {"place": "Hof"})
    ['big bang in Hof', 'huge bang in Hof']
    """
    unknown = [name for name in _NAME.findall(text) if name not in names]
    if unknown:
        raise ValueError(f"expected a line @{unknown[0]} before {text[:40]!r}")
    whole = _NAME.sub(lambda found: names[found[1]], text)
    found = dict.fromkeys(_drawn(whole, turn) for turn in range(VARIANTS if _CHOICE.search(whole) else 1))
    return sorted(found)


def _drawn(text: str, turn: int) -> str:
    """Take one of each choice, innermost first; which one depends on the text and the turn alone."""
    draw = crc32(f"{turn}:{text}".encode())
    while choice := _CHOICE.search(text):
        options = choice[1].split("|")
        draw = crc32(draw.to_bytes(4, "big"))
        text = text[: choice.start()] + options[draw % len(options)] + text[choice.end() :]
    return " ".join(text.split())
