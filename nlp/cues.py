"""Cues of sense: small words and phrases that say how a post means what it says, as data, and the finder over them.

A family is a list of phrases of one language in ``data/cues/<lang>.toml``, written in the form language of ``nlp.pattern``:

=====================================  ==============================================================================================
``exercise commemoration advert``      explanations: why the words are there although nothing happens (with ``fiction sport politics``,
                                       ``old_news``, ``past``, ``warning``, ``hypothetical``, ``figurative``, ``fireworks``)
``denial``                             says that there was nothing
``abated``                             says that it is over, or that nobody was hurt: it was real
``negation false_negation``            words that negate what follows, and phrases that hold such a word and negate nothing
``unfelt``                             somebody did not feel, hear or notice it (read by ``nlp.unfelt``; no feature of the model)
``assertive_negation``                 negates an explanation ("ce n'est pas un exercice"): it is real
``first_person perception now alarm``  a witness speaks: I, senses, the moment, fright
``casual``                             spoken language, which newsrooms and services do not write
``asking``                             asks what happens
``relay media official``               hearsay, newsroom, service or operator
``dead injured trapped missing``       reported consequences (with ``evacuated damage blocked responders``)
=====================================  ==============================================================================================

An explanation that stands in the written posts of real emergencies as often as in traps explains nothing, and harms every post that holds
it ("coupé", a word of sport by its spelling): ``tests/contracts/test_sense_cues_tell.py`` counts and refuses it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from nlp.fold import Folded
from nlp.matcher import Matcher
from nlp.pattern import PatternError, compile_form

PACKAGED: Final = Path(__file__).parent / "data" / "cues"
CUES_READ: Final = 400
"""Only so many cues of one post are read: a post with more is no sentence, and cost must have a limit."""
_UNREAD: Final = re.compile(r"[%€£$#@:?!]")
"""Signs that the fold drops: "% off" would be every "off"."""

EXPLANATIONS: Final = (
    "exercise",
    "commemoration",
    "advert",
    "fiction",
    "sport",
    "politics",
    "warning",
    "old_news",
    "past",
    "hypothetical",
    "figurative",
    "fireworks",
)
CONSEQUENCES: Final = ("dead", "injured", "trapped", "missing", "evacuated", "damage", "blocked", "responders")
FAMILIES: Final = (
    *EXPLANATIONS,
    "denial",
    "abated",
    "negation",
    "false_negation",
    "assertive_negation",
    "first_person",
    "casual",
    "perception",
    "now",
    "alarm",
    "asking",
    "relay",
    "media",
    "official",
    *CONSEQUENCES,
)
"""The closed list of the families that the model weighs."""
UNWEIGHED: Final = ("unfelt",)
"""Families that steer rules only."""


class CueError(ValueError):
    """A cue file cannot be used; the message names the file, the family and the reason."""


class Cue(NamedTuple):
    """One cue found: its family, its bytes ``[at, to)`` in the folded text, its code points ``[start, end)`` in the original."""

    family: str
    at: int
    to: int
    start: int
    end: int


class CueBook:
    """All cues of all languages and one finder for them.

    Args:
        phrases: by language, by family, the phrases.

    Raises:
        CueError: a family is unknown, or a phrase cannot be read or holds a sign that is read in no post.
    """

    def __init__(self, phrases: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self._senses: list[tuple[str, str]] = []
        frames = []
        for lang, families in phrases.items():
            for family, forms in families.items():
                if family not in (*FAMILIES, *UNWEIGHED):
                    raise CueError(
                        f"{lang}: expected a family among {', '.join((*FAMILIES, *UNWEIGHED))}, got {family!r}"
                    )
                number = len(self._senses)
                self._senses.append((lang, family))
                for form in forms:
                    if unread := _UNREAD.search(form):
                        raise CueError(f"{lang}.{family}: {form!r}: {unread.group()!r} is not read in a post")
                    try:
                        frames += [(frame, number) for frame in compile_form(form, {})]
                    except PatternError as error:
                        raise CueError(f"{lang}.{family}: {form!r}: {error}") from error
        self._matcher = Matcher(frames)

    @classmethod
    def load(cls, path: Path | None = None) -> CueBook:
        """Read a folder of ``<lang>.toml`` (the packaged one by default).

        Raises:
            CueError: a file is no TOML, or its content cannot be used.
        """
        phrases: dict[str, dict[str, list[str]]] = {}
        for file in sorted((PACKAGED if path is None else path).glob("*.toml")):
            try:
                phrases[file.stem] = tomllib.loads(file.read_text(encoding="utf-8"))
            except ValueError as error:
                raise CueError(f"{file}: {error}") from error
        if not phrases:
            raise CueError(f"{path}: expected at least one <lang>.toml")
        return cls(phrases)

    @property
    def size(self) -> int:
        """How many plain forms the finder knows."""
        return self._matcher.size

    def find(self, folded: Folded, lang: str) -> dict[str, list[Cue]]:
        """Give the cues of one language in a folded text by family, in order; inside a family no cue lies within another.

        >>> from nlp.fold import fold_aligned
        >>> book = CueBook({"fr": {"exercise": ["exercice*", "exercice incendie"]}, "en": {"now": ["now"]}})
        >>> book.find(fold_aligned("Exercice incendie !"), "fr")
        {'exercise': [Cue(family='exercise', at=1, to=18, start=0, end=17)]}
        """
        found: dict[str, list[Cue]] = {}
        ends: dict[str, int] = {}
        data = folded.data
        ordered = sorted(self._matcher.find(data)[:CUES_READ], key=lambda hit: (hit[0], -hit[1], hit[2]))
        for at, to, number in ordered:
            own, family = self._senses[number]
            if own != lang or to <= ends.get(family, -1):
                continue
            ends[family] = to
            found.setdefault(family, []).append(Cue(family, at, to, *folded.span(at, to)))
        return _without_figures(found)


def _without_figures(found: dict[str, list[Cue]]) -> dict[str, list[Cue]]:
    """Drop the cues inside a longer figure of speech: nobody is dead in "mort de rire"."""
    figures = found.get("figurative", [])
    if not figures:
        return found
    kept: dict[str, list[Cue]] = {}
    for family, cues in found.items():
        left = [
            cue
            for cue in cues
            if family == "figurative"
            or not any(
                figure.at <= cue.at and cue.to <= figure.to and figure.to - figure.at > cue.to - cue.at
                for figure in figures
            )
        ]
        if left:
            kept[family] = left
    return kept
