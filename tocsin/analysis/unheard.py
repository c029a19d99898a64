"""What was not heard at all: posts that name a place and gave no mention, counted by where they were lost.

Only counts leave this module: no text, no author.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from ingest.files import Reading, read_blocks
from ingest.normalise import normalise
from ingest.privacy import PublicPseudonyms
from nlp.fold import fold, fold_name
from nlp.gate import Gate
from nlp.lexicon import Lexicon
from tocsin.pipeline.hear import limits_of
from tocsin.time import SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tocsin.analysis.recording import Recording
    from tocsin.settings import Settings

LEAST_NAME_LETTERS: Final = 3
"""A shorter name would be found in every second post."""


class Unheard(msgspec.Struct, frozen=True, kw_only=True):
    """Posts of a stretch of time, and what became of those that name a place."""

    posts: int
    naming: int
    """Posts whose text holds the name of the place."""
    heard: int
    """Of these: gave a mention."""
    no_term: int
    """Of these: hold no word of the lexicon that opens the gate."""
    set_aside: int
    """Of these: opened the gate, and were set aside after it (a figure of speech, a copy, late…)."""


def unheard(  # noqa: PLR0913, PLR0917  # the posts, what was heard of them, where and when
    posts: Sequence[Path], recording: Recording, settings: Settings, name: str, start_at: int, end_at: int
) -> Unheard | None:
    """Count the posts of ``[start_at, end_at)`` that name a place; ``None`` for a name too short to look for.

    Raises:
        SourceError: a file cannot be read.
    """
    wanted = fold_name(name)
    if len(wanted) < LEAST_NAME_LETTERS:
        return None
    mentioned = {mention.post_id for mention in recording.mentions}
    pseudonyms, gate = PublicPseudonyms(), Gate(Lexicon.load(settings.nlp.lexicon_path))
    limits = limits_of(settings)
    total = naming = heard = 0
    lost: list[str] = []
    reading = Reading(block_lines=settings.runtime.block_lines, max_line_bytes=settings.ingest.max_line_bytes)
    for block in read_blocks([str(path) for path in posts], reading):
        for draft in normalise(block, limits=limits, lateness_ms=settings.time.lateness_secs * SECOND_MS).drafts:
            if not start_at <= draft.event_at < end_at:
                continue
            total += 1
            if b" " + wanted + b" " not in fold(draft.text):
                continue
            naming += 1
            if pseudonyms.post(draft.id, draft.event_at) in mentioned:
                heard += 1
            else:
                lost.append(draft.text)
    opened = sum(bool(entries) for entries in gate.open(lost))
    return Unheard(posts=total, naming=naming, heard=heard, no_term=len(lost) - opened, set_aside=opened)


def words(found: Unheard, name: str) -> str:
    """Say it in one sentence."""
    return (
        f"Of {found.posts:,} posts in that time {found.naming} name {name}: {found.heard} gave a mention, "
        f"{found.no_term} hold no word of the lexicon, {found.set_aside} were set aside after the gate."
    )
