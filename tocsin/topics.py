"""The topics of the topology, declared once: what they carry, how they are keyed, how long they are kept."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from tocsin.time import DAY_MS, MINUTE_MS


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A topic: its name, the messages it carries and how a broker must keep them."""

    name: str
    carries: tuple[str, ...]
    """Names of message types (``tocsin.model``)."""
    key: str
    partitions: int
    retention_ms: int
    cleanup: Literal["delete", "compact,delete"] = "delete"
    packed: bool = False
    """Several messages share one record."""


POSTS: Final = Topic(
    name="posts",
    carries=("Post", "Retraction", "Progress"),
    key="post id",
    partitions=12,
    retention_ms=45 * MINUTE_MS,
    packed=True,
)
MENTIONS: Final = Topic(
    name="mentions",
    carries=("Mention", "Retraction", "Progress", "SourceGap", "SettingsChange", "GeocodeResult"),
    key="none: one partition, so that all hazards and places meet",
    partitions=1,
    retention_ms=7 * DAY_MS,
    packed=True,
)
INCIDENTS: Final = Topic(
    name="incidents", carries=("Incident",), key="incident id", partitions=1, retention_ms=90 * DAY_MS
)
ALERTS: Final = Topic(
    name="alerts",
    carries=("Alert", "Digest"),
    key="incident id, a full stop, centre: compaction keeps the last notice of each",
    partitions=1,
    retention_ms=90 * DAY_MS,
    cleanup="compact,delete",
)
VERDICTS: Final = Topic(
    name="verdicts",
    carries=("Verdict", "ExerciseWindow"),
    key="incident id, or the window's",
    partitions=1,
    retention_ms=90 * DAY_MS,
)
DEAD_LETTERS: Final = Topic(
    name="dead-letters", carries=("DeadLetter",), key="stage", partitions=1, retention_ms=7 * DAY_MS
)
TOPICS: Final = (POSTS, MENTIONS, INCIDENTS, ALERTS, VERDICTS, DEAD_LETTERS)
