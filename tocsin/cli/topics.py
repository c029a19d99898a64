"""``tocsin topics``: what travels between stages, and how long a broker keeps it."""

from __future__ import annotations

import os
import sys
from pathlib import Path  # the command line resolves the annotations at run time
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from tocsin.time import DAY_MS, MINUTE_MS
from tocsin.topics import TOPICS


def topics(
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")] = False,
    apply: Annotated[bool, Parameter(negative="", help="Make the topics on the cluster of the settings.")] = False,
    config: Annotated[Path | None, Parameter(help="Settings file (TOML).")] = None,
) -> int:
    """Print the topics: what they carry, their keys, partitions, retention and clean-up; or make them on a cluster.

    `--apply` leaves topics that are there as they are, and exits with 1 if one has another number of partitions than the settings say.
    """
    if apply:
        return _apply(config)
    if as_json:
        listed: list[dict[str, Any]] = [msgspec.to_builtins(topic) for topic in TOPICS]
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(listed)) + b"\n")
        return 0
    table = Table()
    for heading in ("topic", "carries", "key", "partitions", "kept", "clean-up"):
        table.add_column(heading, no_wrap=heading in ("topic", "kept"))
    for topic in TOPICS:
        carries = ", ".join(topic.carries) + (" (packed)" if topic.packed else "")
        table.add_row(
            topic.name, carries, topic.key, str(topic.partitions), kept_for(topic.retention_ms), topic.cleanup
        )
    Console().print(table)
    return 0


def _apply(config: Path | None) -> int:
    from tocsin.runtime.kafka import Cluster, ClusterError  # noqa: PLC0415 - only this option speaks to a cluster
    from tocsin.settings import load_settings  # noqa: PLC0415

    settings = load_settings(config, os.environ)
    try:
        done = Cluster(settings.kafka).apply_topics(TOPICS)
    except ClusterError as error:
        sys.stderr.write(f"tocsin topics: {error}\n")
        return 1
    for topic in done:
        sys.stdout.write(f"{topic.name}: {topic.partitions} partitions, {'made' if topic.new else 'there already'}\n")
    return 0


def kept_for(retention_ms: int) -> str:
    """Give a retention in words.

    >>> kept_for(45 * 60_000), kept_for(7 * 86_400_000)
    ('45 min', '7 days')
    """
    if retention_ms % DAY_MS == 0:
        return f"{retention_ms // DAY_MS} days"
    return f"{retention_ms // MINUTE_MS} min"
