"""The pipeline: this file is the topology, read top to bottom; its modules compose the rooms into the two halves that run.

``hear`` (ingest, gate, extract) is a pure function of a block of lines and runs in as many processes as there are. ``detect`` takes what
it gives in the order of the blocks, in one process, and carries all state. ``run`` drives both.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tocsin import topics
from tocsin.topics import Topic


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage: a verb, what it does, the topics it reads and writes, and whether it may run many times over."""

    name: str
    does: str
    reads: tuple[Topic, ...] = ()
    writes: tuple[Topic, ...] = ()
    sources: tuple[str, ...] = ()
    """What it reads from the world."""
    sinks: tuple[str, ...] = ()
    """What it writes to the world."""
    scales: bool = False


TOPOLOGY: Final = (
    Stage(
        name="ingest",
        does="normalise, pseudonymise, redact; drop in memory what holds no term",
        sources=("Bluesky", "Mastodon", "feeds", "X", "signed posts", "files of JSON Lines", "standard input"),
        writes=(topics.POSTS, topics.DEAD_LETTERS),
        scales=True,
    ),
    Stage(
        name="extract",
        does="hazards, sense and places of a post",
        reads=(topics.POSTS,),
        writes=(topics.MENTIONS, topics.DEAD_LETTERS),
        scales=True,
    ),
    Stage(
        name="geocode",
        does="ask a geocoder for streets, quarters and sites that no table holds (off by default)",
        reads=(topics.MENTIONS,),
        writes=(topics.MENTIONS,),
        sources=("a geocoding server",),
    ),
    Stage(
        name="detect",
        does="voices, evidence, the life of an incident",
        reads=(topics.MENTIONS,),
        writes=(topics.INCIDENTS, topics.DEAD_LETTERS),
    ),
    Stage(
        name="dispatch",
        does="verdict gate: route incidents to centres, write and deliver alerts in the formats of those who consume them",
        reads=(topics.INCIDENTS, topics.VERDICTS),
        writes=(topics.ALERTS, topics.DEAD_LETTERS),
        sinks=("JSON lines", "GeoJSON", "map", "webhooks", "folders", "AMQP", "HTTP door"),
    ),
    Stage(
        name="console",
        does="show persons what stands; take their decisions, and the settings that two analysts agree on",
        reads=(topics.MENTIONS, topics.INCIDENTS, topics.ALERTS, topics.VERDICTS),
        writes=(topics.VERDICTS, topics.MENTIONS),
        sources=("persons",),
        sinks=("web page", "audit log"),
        scales=True,
    ),
)
"""All stages, in the order in which a post passes them. Embedded, the topics between them are queues in memory."""
