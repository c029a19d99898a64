"""``tocsin gap``: let the others go on while an origin is away."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path  # the command line resolves the annotations at run time
from typing import Annotated

from cyclopts import Parameter

from tocsin import topics, wire
from tocsin.model import SourceGap
from tocsin.runtime.kafka import Cluster, ClusterError
from tocsin.settings import load_settings

DONE, FAILED, BAD_INPUT = 0, 1, 2


def gap(
    origin: Annotated[str, Parameter(help="Name of the origin in `distributed.origins`.")],
    *,
    config: Annotated[Path, Parameter(help="Settings file (TOML) of the workers.")],
) -> int:
    """Leave an origin out of the detector's clock until it is heard again.

    While an origin of the settings is away, no pane closes: nobody can know what it would have said. This writes a `SourceGap` record,
    so that the others go on without it; what it says of panes that were closed meanwhile counts as late. The last origin cannot be
    left out.
    """
    settings = load_settings(config, os.environ)
    named = sorted(settings.distributed.origins)
    if origin not in named:
        sys.stderr.write(f"tocsin gap: expected one of {', '.join(named) or 'distributed.origins'}, got {origin}\n")
        return BAD_INPUT
    cluster = Cluster(settings.kafka)
    record = wire.encode_batch([SourceGap(origin=origin, from_at=time.time_ns() // 1_000_000)])
    try:
        producer = cluster.producer()
        producer.send(cluster.name(topics.MENTIONS), 0, record)
        producer.settle()
        producer.close()
    except ClusterError as error:
        sys.stderr.write(f"tocsin gap: {error}\n")
        return FAILED
    sys.stdout.write(f"{origin}: left out until it is heard again\n")
    return DONE
