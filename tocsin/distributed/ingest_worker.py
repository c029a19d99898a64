"""The ingest worker: reads one origin, writes ``posts``; one process an origin."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from ingest.privacy import PublicPseudonyms
from tocsin import topics, wire
from tocsin.distributed.followed import FollowedOrigin
from tocsin.distributed.ingest import STAGE, Ingest, PassOn
from tocsin.distributed.networks import NetworkOrigin, sections_of
from tocsin.distributed.origins import RecordedOrigin
from tocsin.distributed.shell import bury, now
from tocsin.pipeline.counting import publish_stage
from tocsin.pipeline.hear import Hear, limits_of, rules_of
from tocsin.pipeline.sealing import Sealer
from tocsin.pipeline.secrecy import LiveKeys
from tocsin.runtime import metrics as declared
from tocsin.runtime.logging import get_logger
from tocsin.time import SECOND_MS

if TYPE_CHECKING:
    from tocsin.distributed.ingest import Made
    from tocsin.distributed.keeping import Keeper
    from tocsin.distributed.origins import Origin
    from tocsin.distributed.shell import Shell
    from tocsin.pipeline.hear import Gates
    from tocsin.settings import Settings


class Kept(msgspec.Struct, frozen=True):
    """The state of a checkpoint: what ingest remembers, and where its reader stood."""

    ingest: bytes
    cursor: bytes


class _Worker:
    """Moves one origin on, block by block."""

    def __init__(self, shell: Shell, origin: str, gate: Gates) -> None:
        settings = shell.settings
        self._shell = shell
        self._log = get_logger(STAGE)
        self._keeper: Keeper = shell.keeper(f"{STAGE}:{origin}")
        self._keys = LiveKeys(shell.key_store, now) if settings.distributed.follow else None
        pseudonyms = PublicPseudonyms() if self._keys is None else None
        hear = Hear(
            gate,
            PassOn(),
            pseudonyms,
            limits_of(settings),
            settings.time.lateness_secs * SECOND_MS,
            rules=rules_of(settings),
        )
        sealer = Sealer(shell.vault(now), shell.metrics, now, obey=settings.distributed.follow)
        self.ingest = Ingest(origin, hear, settings, sealer)
        last = self._keeper.load()
        kept = None if last is None else msgspec.msgpack.decode(last.state, type=Kept)
        if kept is not None:
            self.ingest.restore(kept.ingest)
        # What an earlier process received and this one will decide was received by this one, too.
        shell.metrics.add(declared.RECEIVED, self.ingest.held, STAGE)
        self.source = self._origin(origin, None if kept is None else kept.cursor)
        self._producer = shell.cluster.producer()
        self._posts = shell.cluster.name(topics.POSTS)
        self._mentions = shell.cluster.name(topics.MENTIONS)
        self._began = time.monotonic()
        self._lines = 0

    def step(self) -> bool:
        """Take the next block; give whether there was one."""
        if isinstance(self.source, NetworkOrigin):
            return self._step_of(self.source)
        try:
            block = self.source.block(self.ingest.blocks)
        except EOFError:
            self._write(self.ingest.finish())
            return True
        if block is None:
            return False
        self._pace(block.count)
        made = self.ingest.take(block if self._keys is None else self._keys.on(block))
        self._shell.metrics.add(declared.BLOCKS, 1)
        self._write(made)
        if block.arrived_at is not None:
            self._shell.metrics.set(declared.EVENT_LAG, max(0, now() - block.arrived_at) / SECOND_MS)
        return True

    def _step_of(self, networks: NetworkOrigin) -> bool:
        """Take the next block of networks; give whether there was one."""
        keys = self._keys
        assert keys is not None, "networks are followed"
        taken = networks.heard(self.ingest.blocks, lambda block: self.ingest.hear(keys.on(block)))
        for gap in networks.gaps():
            self._producer.send(self._mentions, 0, wire.encode_batch([gap]))
        if taken is None:
            return False
        heard, sampled = taken
        self._pace(len(heard.columns))
        self._write(self.ingest.push(heard, sampled))
        self._shell.metrics.add(declared.BLOCKS, 1)
        if heard.arrived_at is not None:
            self._shell.metrics.set(declared.EVENT_LAG, max(0, now() - heard.arrived_at) / SECOND_MS)
        return True

    def keep(self, *, always: bool = False) -> None:
        """Write a checkpoint when one is due; what was sent is sure before it."""
        if not (always or self._keeper.due):
            return
        self._producer.settle()
        self._keeper.keep(msgspec.msgpack.encode(Kept(self.ingest.snapshot(), self.source.cursor())))
        self.source.settled(self.ingest.blocks)

    def close(self) -> None:
        """Let files and connections go."""
        self.source.close()
        self._producer.close()

    def _origin(self, origin: str, cursor: bytes | None) -> Origin | NetworkOrigin:
        settings: Settings = self._shell.settings
        paths = settings.distributed.origins[origin]
        if sections := sections_of(paths):
            return NetworkOrigin(
                origin,
                sections,
                settings=settings,
                store=self._shell.store,
                keys=self._shell.key_store,
                metrics=self._shell.metrics,
                now=now,
                cursor=cursor,
            )
        if not settings.distributed.follow:
            return RecordedOrigin(paths, settings, self.ingest.blocks)
        return FollowedOrigin(origin, paths, settings=settings, store=self._shell.store, now=now, cursor=cursor)

    def _write(self, made: Made) -> None:
        for partition, record in made.records:
            self._producer.send(self._posts, partition, record)
        bury(self._shell, self._producer, made.dead)
        publish_stage(STAGE, made.counts, self._shell.metrics)
        if made.clock_at is not None:
            self._shell.metrics.set(declared.WATERMARK, made.clock_at / SECOND_MS)

    def _pace(self, lines: int) -> None:
        """Wait until so many further lines are within ``distributed.max_lines_per_sec``."""
        most = self._shell.settings.distributed.max_lines_per_sec
        if most is None:
            return
        self._lines += lines
        ahead = self._lines / most - (time.monotonic() - self._began)
        if ahead > 0:
            time.sleep(ahead)


def run_ingest(shell: Shell, origin: str, gate: Gates | None = None) -> None:
    """Read an origin until it ends or the worker is told to.

    Args:
        shell: of the worker.
        origin: its name in ``distributed.origins``.
        gate: the term gate; the packaged one if not given.

    Raises:
        ClusterError: the cluster is away or refuses.
        StoreError: the store is away.
        FencedError: another worker reads this origin.
        SourceError: its files cannot be read; all before it was handed on.
    """
    settings, log = shell.settings, get_logger(STAGE)
    worker = _Worker(shell, origin, gate or _packaged_gate(settings))
    log.info("started", origin=origin, block=worker.ingest.blocks)
    shell.metrics.set(declared.READY, 1)
    shell.metrics.set(declared.ACTIVE, 1, STAGE)
    pause_secs = min(settings.ingest.follow_poll_secs, settings.runtime.tick_secs)
    try:
        while not (worker.ingest.ended or shell.stop.wanted):
            if not worker.step():
                time.sleep(pause_secs)
            worker.keep()
        worker.keep(always=True)
    finally:
        shell.metrics.set(declared.READY, 0)
        worker.close()
    log.info("ended" if worker.ingest.ended else "stopped", origin=origin, block=worker.ingest.blocks)


def _packaged_gate(settings: Settings) -> Gates:
    from nlp.gate import Gate  # noqa: PLC0415 - seconds to load, and only here
    from nlp.lexicon import Lexicon  # noqa: PLC0415

    return Gate(Lexicon.load(settings.nlp.lexicon_path))
