"""The geocode worker: reads ``mentions``, asks for what they could not place, writes the answers to ``mentions``.

It stands beside the stream: the detector never waits for it, and takes an answer in the first pane that is still open. Answers are
records of the topic, so whoever reads it again, or replays it, sees the same answers at the same place. Questions that wait when the
worker dies are lost: they would have sharpened, not raised.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tocsin import topics, wire
from tocsin.distributed.extract_worker import commit_offsets
from tocsin.distributed.shell import note_lag, poll
from tocsin.geocoder.clerk import Clerk
from tocsin.geocoder.desk import Desk
from tocsin.model import Mention
from tocsin.runtime import metrics as declared
from tocsin.runtime.kafka import said
from tocsin.runtime.logging import get_logger
from tocsin.time import MINUTE_MS

if TYPE_CHECKING:
    from tocsin.distributed.shell import Shell, Took
    from tocsin.geocoder.service import Service

STAGE: Final = "geocode"
RECORDS_AT_ONCE: Final = 200


def run_geocode(shell: Shell, service: Service | None = None) -> None:
    """Ask and answer until told to end.

    Args:
        shell: of the worker.
        service: who is asked; the server of the settings if not given.

    Raises:
        ClusterError: the cluster is away or refuses.
        FencedError: another worker has the same member name.
    """
    log = get_logger(STAGE)
    settings = shell.settings.geocoder
    mentions = shell.cluster.name(topics.MENTIONS)
    producer = shell.cluster.producer()
    consumer = shell.cluster.member(STAGE, shell.member, topics.MENTIONS, max_records=RECORDS_AT_ONCE)
    desk = Desk(Clerk(settings, shell.store, shell.metrics, service), settings, shell.metrics)
    shell.metrics.set(declared.READY, 1)
    log.info("started", member=shell.member, service=settings.service)
    try:
        while not shell.stop.wanted:
            batches = poll(consumer)
            for records in batches.values():
                for record in records:
                    _ask(record, desk, shell)
            answers = desk.answers()
            for answer in answers:
                producer.send(mentions, 0, wire.encode_batch([answer]))
            if answers:
                producer.settle()
            if batches:
                commit_offsets(consumer, batches)
            shell.metrics.set(declared.ACTIVE, int(bool(consumer.assignment())), STAGE)
            note_lag(shell, topics.MENTIONS.name, consumer, {n: taken[-1] for n, taken in batches.items()})
    finally:
        shell.metrics.set(declared.READY, 0)
        desk.close(settings.timeout_secs)
        with said("leave the group"):
            consumer.close(autocommit=False)
        producer.close()
    log.info("stopped", member=shell.member)


def _ask(record: Took, desk: Desk, shell: Shell) -> None:
    """Hand the questions of a record to the desk, if it is not too old to matter (a worker that was away for hours)."""
    try:
        parts = wire.decode_batch(record.value)
    except wire.WireError:
        return  # the detector reads the same record and makes the dead letter of it
    asking = [part for part in parts if isinstance(part, Mention) and part.asks]
    old = time.time_ns() // 1_000_000 - record.timestamp > shell.settings.geocoder.max_age_mins * MINUTE_MS
    if old:
        shell.metrics.add(declared.GEOCODER_QUESTIONS, len(asking), "stale")
        return
    for mention in asking:
        desk.ask(mention)
