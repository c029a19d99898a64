"""The lexicon: what people write when something happens, as data with its own examples, and the finder over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nlp import purpose
from nlp.fold import Folded, fold_aligned
from nlp.lexicon_file import Entry, LexiconError, Problem, Role, read_folder
from nlp.matcher import Found, Matcher
from nlp.pattern import Frame
from nlp.weighed import WeighedError, WeighedWords, Weighing
from nlp.wording import Wording

__all__ = ["Entry", "Hit", "Lexicon", "LexiconError", "Problem", "Role"]

LANGUAGES: Final = ("any", "fr", "en", "es", "it", "pt", "de")
"""The packaged languages, in the order in which they win when two have the same form with the same sense."""
HITS_PER_TEXT: Final = 256
"""How many hits, from the start of a text, are weighed against each other; no post of ordinary length has as many."""
TWINS: Final = 16
"""How many entries with the very same span are weighed against each other."""
JOINED_LETTERS: Final = 10
"""Hazard forms of two or three words with at least this many letters also stand joined ("tremblementdeterre")."""
SIGN_ROLES: Final = frozenset({"hazard", "perception", "consequence", "responder"})
"""Roles that speak for an emergency."""
WEIGHED_FILE: Final = "weighed.tsv"
"""The table of weighed words of a lexicon folder; without it only entries are heard."""
WEIGHED_ID: Final = "any.weighed.words"
PACKAGED: Final = Path(__file__).parent / "data" / "lexicon"


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry found in a text.

    Attributes:
        start: first code point of the original text.
        end: code point after the last.
        entry: what was found.
        form: the listed words of what was matched, folded; ``…`` stands for what was said in between.
    """

    start: int
    end: int
    entry: Entry
    form: str


class Lexicon:
    """Entries of several languages and one finder for all of them.

    Longer phrases win: a *figurative* entry ("explosé de rire") takes away every hit inside its span; a hit inside a longer one of the same
    role and leading hazard that is no weaker is dropped ("feu" in "feu de forêt"), and so is one too weak for the gate inside a stronger
    one.

    Args:
        entries: entries with their frames, in order of preference.
        weighed: words that tell only together; their sum is heard where no entry opens the gate alone.

    Raises:
        LexiconError: two entries have the same id.
    """

    def __init__(self, entries: Sequence[tuple[Entry, Sequence[Frame]]], weighed: WeighedWords | None = None) -> None:
        self.weighed = weighed
        self.entries: tuple[Entry, ...] = tuple(entry for entry, _ in entries)
        self.frames: tuple[tuple[Frame, ...], ...] = tuple(
            (*frames, *(_joined(frame) for frame in frames if entry.role == "hazard" and len(frame.parts) == 1))
            for entry, frames in entries
        )
        seen: dict[str, Entry] = {}
        twice = [
            Problem(
                entry.file,
                entry.line,
                entry.id,
                "an id of its own",
                f"the id of {seen[entry.id].file}:{seen[entry.id].line}",
            )
            for entry in self.entries
            if seen.setdefault(entry.id, entry) is not entry
        ]
        if twice:
            raise LexiconError(twice)
        self._wording = Wording(self.frames)
        self._matcher = Matcher(
            (frame, number) for number, frames in enumerate(self.frames) for frame in frames if any(frame.parts)
        )

    @classmethod
    def load(cls, path: Path | None = None) -> Lexicon:
        """Read a lexicon folder (the packaged one by default): one folder a language, ``*.toml`` in it.

        Raises:
            LexiconError: any file or entry is wrong, or looks for something else than emergencies; all mistakes are listed.
        """
        root = PACKAGED if path is None else path
        names = [child.name for child in root.iterdir() if child.is_dir()] if root.is_dir() else []
        order = {name: place for place, name in enumerate(LANGUAGES)}
        entries: list[tuple[Entry, list[Frame]]] = []
        problems: list[Problem] = []
        for name in sorted(names, key=lambda name: (order.get(name, len(order)), name)):
            read, wrong = read_folder(root / name)
            entries += read
            problems += wrong
        if path is not None:
            problems += purpose.faults(entries)  # the packaged one is judged by the tests, once and for all
        table = root / WEIGHED_FILE
        weighed: WeighedWords | None = None
        if table.is_file():
            try:
                weighed = WeighedWords.load(table)
            except WeighedError as error:
                problems.append(Problem(str(table), error.line, "", error.expected, error.got))
        if not entries and not problems:
            problems.append(Problem(str(root), 1, "", "a folder with one folder of *.toml for each language", "none"))
        if problems:
            raise LexiconError(problems)
        return cls(entries, weighed)

    def without_weighed(self) -> Lexicon:
        """Give the same entries without the weighed words."""
        return Lexicon(list(zip(self.entries, self.frames, strict=True)))

    @property
    def size(self) -> int:
        """How many plain forms the finder knows."""
        return self._matcher.size

    def find(self, folded: Folded, lang: str | None = None) -> list[Hit]:
        """Give the entries found in a folded text, in order of start, then the longer first.

        Where two languages have the same form with the same sense, ``lang`` wins, else the first of ``LANGUAGES``.
        """
        hits: list[Hit] = []
        found = self.winners(self._matcher.find(folded.data), lang)
        for start, end, number in found:
            first, last = folded.span(start, end)
            hits.append(Hit(first, last, self.entries[number], self._wording.told(folded.data[start:end], number)))
        weighing = self.weigh(folded.data, found)
        if weighing is not None:
            first, last = folded.span(weighing.start, weighing.end)
            hits.append(Hit(first, last, _sum_of(weighing), " … ".join(weighing.words)))
            hits.sort(key=lambda hit: (hit.start, -hit.end))
        return hits

    def weigh(self, data: bytes, found: Sequence[Found]) -> Weighing | None:
        """Weigh the words of a folded text in which these entries won; ``None`` where one of them opens the gate, or the sum is too small.

        What stands in a figure of speech does not count.
        """
        if self.weighed is None or any(self.entries[number].gate for _, _, number in found):
            return None
        idle = [(start, end) for start, end, number in found if self.entries[number].role == "figurative"]
        return self.weighed.weigh(data, idle)

    def occurrences(self, data: bytes) -> list[Found]:
        """Give every occurrence of every entry in folded bytes: ``(start, end, place in entries)``, nothing dropped yet."""
        return self._matcher.find(data)

    def winners(self, found: Sequence[Found], lang: str | None = None) -> list[Found]:
        """Drop what a figurative phrase cancels, what stands inside a longer hit of the same sense, and doubles across languages."""
        if len(found) < 2:
            return list(found)
        ordered = sorted(found, key=lambda hit: (hit[0], -hit[1], hit[2]))[:HITS_PER_TEXT]
        winners: list[Found] = []
        reaching: list[Found] = []
        for place, hit in enumerate(ordered):
            # Only hits that begin no later and reach as far can hold this one: those still open here, and later twins of the same span.
            reaching = [other for other in reaching if other[1] > hit[0]]
            twins = [other for other in ordered[place + 1 : place + 1 + TWINS] if other[:2] == hit[:2]]
            if not any(self._beats(other, hit, lang) for other in (*reaching, *twins)):
                winners.append(hit)
            reaching.append(hit)
        return winners

    def _beats(self, other: Found, hit: Found, lang: str | None) -> bool:
        if other is hit or other[0] > hit[0] or other[1] < hit[1]:
            return False
        entry, rival = self.entries[hit[2]], self.entries[other[2]]
        if rival.role == "figurative" and entry.role != "figurative":
            return entry.role not in {"denial", "explanation"}
        longer = other[1] - other[0] > hit[1] - hit[0]
        if rival.role == entry.role and _leading(rival) == _leading(entry) and rival.consequence == entry.consequence:
            # A longer but weaker phrase does not take away the stronger word inside it.
            if longer:
                return rival.strength >= entry.strength
            return (rival.lang != lang, -rival.strength, other[2]) < (entry.lang != lang, -entry.strength, hit[2])
        # "feu" is no fire inside "coups de feu": a weak word says nothing of its own inside a longer, stronger phrase.
        return (
            longer
            and not entry.gate
            and entry.role in SIGN_ROLES
            and rival.role in SIGN_ROLES
            and rival.strength > entry.strength
        )

    def check(self) -> list[Problem]:
        """Run the examples of all entries; give those that do not hold."""
        problems: list[Problem] = []
        for entry in self.entries:
            for texts, wanted in ((entry.matches, True), (entry.rejects, False)):
                for text in texts:
                    hits = [hit.entry.id for hit in self.find(fold_aligned(text), entry.lang)]
                    if (entry.id in hits) is not wanted:
                        expected = f"a match in {text!r}" if wanted else f"no match in {text!r}"
                        problems.append(Problem(entry.file, entry.line, entry.id, expected, f"hits {hits}"))
        return problems


def _leading(entry: Entry) -> str:
    return max(entry.hazards, key=lambda hazard: (entry.hazards[hazard], hazard)) if entry.hazards else ""


def _sum_of(weighing: Weighing) -> Entry:
    """Give the entry that the weighed words of one text stand for."""
    return Entry(
        id=WEIGHED_ID,
        lang="any",
        role="perception",
        hazards=weighing.hazards,
        strength=weighing.strength,
        consequence=None,
        gate=True,
        note="words that tell only together",
        forms=weighing.words,
        matches=(),
        rejects=(),
        file=WEIGHED_FILE,
        line=1,
    )


def _joined(frame: Frame) -> Frame:
    """Give the forms of a plain frame written without spaces, as in hashtags of one case; it may have none."""
    forms = {
        form.replace(b" ", b"")
        for form in frame.parts[0]
        if 1 <= form.count(b" ") <= 2 and len(form) - form.count(b" ") >= JOINED_LETTERS and not form.endswith(b"*")
    }
    return Frame((frozenset(forms),), ())
