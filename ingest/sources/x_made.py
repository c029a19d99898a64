"""From the settings of X to its sources: the filtered stream, and the compliance streams where there are any."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Final

import msgspec

from ingest.files import SourceError
from ingest.recent import Recent
from ingest.sources.x import FilteredStream
from ingest.sources.x_compliance import COMPLIANCE, PARTITIONS, ComplianceStream
from ingest.sources.x_rules import RulesError, Term, rules_of
from ingest.sources.x_web import Connection
from ingest.sources.x_words import Known
from tocsin.runtime.logging import get_logger
from tocsin.time import DAY_MS, SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ingest.source import Policy, Source
    from ingest.sources.x_rules import Rule
    from tocsin.settings.sources import XSettings

BACKOFF_MIN_MS: Final = SECOND_MS // 4
BACKOFF_MAX_MS: Final = 16 * SECOND_MS
"""What X's documentation asks for after a connection that broke."""
STALL_MS: Final = 25 * SECOND_MS
"""X sends a line feed every 20 s: no connection is ended before."""


def make_x(settings: XSettings, policy: Policy, token: str, now: Callable[[], int]) -> list[Source]:
    """Make the sources, none connected yet.

    Args:
        settings: of X.
        policy: of all connections.
        token: of the app.
        now: the clock, UTC milliseconds.

    Raises:
        SourceError: the words do not make rules, or no budget is said.
    """
    if settings.monthly_reads is None:
        raise SourceError("x.monthly_reads: expected how many posts may be read in a month, as each is paid")
    own = msgspec.structs.replace(
        policy,
        backoff_min_ms=BACKOFF_MIN_MS,
        backoff_max_ms=BACKOFF_MAX_MS,
        stall_ms=max(STALL_MS, policy.stall_ms or 0),
    )
    connection = Connection(
        url=settings.url.rstrip("/"), token=token, ca_path=settings.ca_path, max_backfill_minutes=settings.backfill_mins
    )
    known = Known(now())
    made: list[Source] = [
        FilteredStream(
            "x",
            connection,
            own,
            rules=rules(settings),
            monthly_reads=settings.monthly_reads,
            languages=frozenset(settings.languages),
            now=now,
            known=known,
            recent=Recent(window_ms=DAY_MS),
        )
    ]
    if settings.compliance:
        made += [
            ComplianceStream(f"x:{kind}:{part}", connection, own, kind=kind, partition=part, now=now, known=known)
            for kind in COMPLIANCE
            for part in range(1, PARTITIONS + 1)
        ]
    return made


def rules(settings: XSettings) -> list[Rule]:
    """Give the rules that the settings ask for; what finds no room is said.

    Raises:
        SourceError: a word is none that may be looked for, or there are no words.
    """
    terms = [Term(lang, words) for words in settings.words for lang in settings.languages]
    terms = terms or [term for lang in settings.languages for term in own_terms(lang)]
    if not terms:
        raise SourceError(f"x.words: expected words, as there are none of our own in {', '.join(settings.languages)}")
    try:
        made, left = rules_of(terms, max_rules=settings.max_rules, rule_chars=settings.rule_chars)
    except RulesError as wrong:
        raise SourceError(f"x.words: {wrong}") from wrong
    if left:
        get_logger("sources").warning("words without room", source="x", words=left, rules=len(made))
    return made


def own_terms(lang: str) -> Sequence[Term]:
    """Give the packaged terms of a language, hazards in turn, so that little room is shared by all; none for a language without any.

    >>> [term.words for term in own_terms("fr")[:2]]
    ['incendie', 'explosion']
    """
    packaged = tomllib.loads(files(__package__).joinpath("x_terms.toml").read_text("utf-8"))
    in_turn = chain.from_iterable(zip_longest(*packaged.get(lang, {}).values()))
    return [Term(lang, words) for words in in_turn if words is not None]
