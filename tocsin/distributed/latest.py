"""The latest revision of one incident, read from its topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin import topics, wire
from tocsin.distributed.shell import POLL_MS
from tocsin.model import Incident
from tocsin.runtime.kafka import said, slot

if TYPE_CHECKING:
    from tocsin.runtime.kafka import Cluster

LOOK_BACK_RECORDS: Final = 20_000
"""Revisions that are looked through, the latest ones: far more than an hour brings."""


def latest(cluster: Cluster, incident_id: str) -> Incident | None:
    """Give the latest revision of an incident, or ``None`` when it is not among the latest records.

    Raises:
        ClusterError: the cluster is away or refuses.
    """
    where = slot(cluster.name(topics.INCIDENTS), 0)
    found: Incident | None = None
    reader = cluster.consumer()
    try:
        with said("read the incidents"):
            reader.assign([where])
            first, end = reader.beginning_offsets([where])[where], reader.end_offsets([where])[where]
            reader.seek(where, max(first, end - LOOK_BACK_RECORDS))
            while reader.position(where) < end:
                for records in reader.poll(timeout_ms=POLL_MS).values():
                    for record in records:
                        found = _if_it_is(record.value, incident_id) or found
    finally:
        with said("close"):
            reader.close(autocommit=False)
    return found


def _if_it_is(value: bytes, incident_id: str) -> Incident | None:
    try:
        message = wire.decode(value)
    except wire.WireError:
        return None  # the dispatch worker buries what cannot be read; here it is no incident that was asked for
    return message if isinstance(message, Incident) and message.incident_id == incident_id else None
