"""What careful readers said of posts that others had gathered: does it tell of something real, here and now?

The labels of gathered sets say other things ("on topic", "informative", "holds a word of the event"); of the posts so labelled
every third tells of what is over, to come, or of nothing. A file of verdicts holds one line a post, ``id<TAB>verdict<TAB>hazard``,
where the hazard of a real one is one of ``nlp.naming.NAMED``, or ``other``, and else ``-``. Lines that begin with ``#`` are remarks.
Texts are not in it. What the verdicts mean, and how readers were asked: ``training/judging.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from nlp.naming import NAMED

if TYPE_CHECKING:
    from pathlib import Path

REAL: Final = ("witness", "relay", "reaction")
"""First hand; news of what goes on or has just happened; feelings about it."""
NOT_REAL: Final = ("afterwards", "ahead", "none")
"""Real but over, or its later life; not yet begun; no emergency."""
UNSURE: Final = "unsure"
"""Not even a careful reader could tell: such a post is not used."""
OTHER: Final = "other"
"""Real, and none of the hazards."""


class Verdict(NamedTuple):
    """What a reader said of a post."""

    real: bool | None
    """None: could not tell."""
    hazard: str | None
    """What a real one tells of (a hazard, or open); None where it is another kind."""
    name: str


def read_verdicts(path: Path) -> dict[str, Verdict]:
    """Read a file of verdicts, by the ids of the posts.

    Raises:
        OSError: the file is missing.
        ValueError: a line does not have the form named above, or a post comes twice.
    """
    found: dict[str, Verdict] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#") or not line:
            continue
        parts = line.split("\t")
        if len(parts) != 3:
            raise ValueError(f"{path}:{number}: expected id<TAB>verdict<TAB>hazard, got {line[:60]!r}")
        own, name, hazard = parts
        if own in found:
            raise ValueError(f"{path}:{number}: expected each post once, got {own} again")
        if name not in (*REAL, *NOT_REAL, UNSURE):
            raise ValueError(
                f"{path}:{number}: verdict: expected one of {', '.join((*REAL, *NOT_REAL, UNSURE))}, got {name!r}"
            )
        real = None if name == UNSURE else name in REAL
        if hazard not in ((*NAMED, OTHER) if real else ("-",)):
            expected = f"one of {', '.join((*NAMED, OTHER))}" if real else "-"
            raise ValueError(f"{path}:{number}: hazard: expected {expected}, got {hazard!r}")
        found[own] = Verdict(real, hazard if hazard in NAMED else None, name)
    return found
