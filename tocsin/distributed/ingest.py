"""What an ingest worker does with blocks of lines: gate, order, sealing, packing. Its state can be kept and restored.

Pure given its models, but for the sealing, whose keys are random and live in the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ingest import order
from ingest.order import OrderState, StreamOrder
from tocsin.distributed.packing import Packer, PackerState
from tocsin.model import DeadLetter, Post
from tocsin.runtime.conservation import Counts
from tocsin.runtime.vault import Words
from tocsin.time import MINUTE_MS, SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ingest.block import Block
    from ingest.order import Step
    from tocsin.pipeline.hear import Hear, Heard
    from tocsin.pipeline.sealing import Sealer
    from tocsin.settings import Settings

STAGE = "ingest"
SAMPLED = "sampled"
"""Why a post was left out at its source: more came than can be read in time."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a block gave: records with their partition, dead letters, counts, how far the stream is."""

    records: list[tuple[int, bytes]]
    dead: list[DeadLetter]
    counts: Counts
    clock_at: int | None


class IngestState(msgspec.Struct, kw_only=True):
    """All that an ``Ingest`` remembers."""

    version: int = 1
    blocks: int
    order: OrderState
    packer: PackerState
    ended: bool


class PassOn:
    """Stands where extraction stands on one machine: gives the posts as they are, for a worker that extracts."""

    def mentions(self, posts: Sequence[Post], shed: int = 0) -> Sequence[Post]:  # noqa: ARG002 - the worker that extracts sheds
        """Give the posts."""
        return posts


class Ingest:
    """Takes the blocks of one origin in their order.

    Args:
        origin: its name.
        hear: made with ``PassOn``.
        settings: of the deployment.
        sealer: seals texts, and destroys the keys of those that are taken back; without one they leave as they are.
    """

    def __init__(self, origin: str, hear: Hear, settings: Settings, sealer: Sealer | None = None) -> None:
        chosen, shared = settings.ingest, settings.distributed
        limits = order.Limits(
            leap_ms=settings.time.leap_ms,
            leap_lines=settings.time.leap_lines,
            horizon_ms=chosen.duplicate_horizon_mins * MINUTE_MS,
            max_remembered=chosen.max_remembered_posts,
            max_sources=chosen.max_sources,
        )
        self._hear = hear
        self._sealer = sealer
        self._order = StreamOrder(settings.time.panes(), limits)
        self._packer = Packer(
            origin,
            settings.kafka.posts_partitions,
            round(shared.progress_secs * SECOND_MS),
            shared.record_posts,
        )
        self.blocks = 0
        """Number of the next block."""
        self.ended = False

    @property
    def held(self) -> int:
        """Lines received and not yet decided."""
        return self._order.held

    def take(self, block: Block) -> Made:
        """Take the next block.

        Raises:
            StoreError: the store of the keys is away.
        """
        return self.push(self.hear(block))

    def hear(self, block: Block) -> Heard:
        """Hear a block; it changes nothing here."""
        return self._hear(block)

    def push(self, heard: Heard, sampled: int = 0) -> Made:
        """Take what was heard of the next block.

        Args:
            heard: of it.
            sampled: posts that a source left out before it, as a last resort: they were received, and are told in the progress.

        Raises:
            StoreError: the store of the keys is away.
        """
        self.blocks += 1
        step = self._order.push(heard.columns, heard.source_names, clock_at=heard.arrived_at)
        if sampled:
            step.counts.received += sampled
            step.counts.filtered[SAMPLED] += sampled
        return self._made(step, heard.words, ended=False)

    def finish(self) -> Made:
        """The origin has ended: hear what was held, say so in every partition."""
        self.ended = True
        return self._made(self._order.finish(), {}, ended=True)

    def snapshot(self) -> bytes:
        """Give the state."""
        state = IngestState(
            blocks=self.blocks, order=self._order.snapshot(), packer=self._packer.snapshot(), ended=self.ended
        )
        return msgspec.msgpack.encode(state)

    def restore(self, raw: bytes) -> None:
        """Take a state back.

        Raises:
            msgspec.DecodeError: it is no state of this version.
            ValueError: it is of another number of partitions.
        """
        state = msgspec.msgpack.decode(raw, type=IngestState)
        self._packer.restore(state.packer)
        self._order.restore(state.order)
        self.blocks, self.ended = state.blocks, state.ended

    def _made(self, step: Step, words: Mapping[str, Words], *, ended: bool) -> Made:
        if self._sealer is not None:
            step = _sealed(step, words, self._sealer)
        records = self._packer.add(step)
        if ended:
            records += self._packer.flush(ended=True)
        return Made(records=records, dead=step.dead, counts=step.counts, clock_at=step.clock_at)


def _sealed(step: Step, words: Mapping[str, Words], sealer: Sealer) -> Step:
    """Give a step whose posts hold their words sealed, and nothing of them in the clear."""
    said = {post.id: Words(post.text, None, post.profile_place, post.point) for post in step.posts} | dict(words)
    posts = []
    for left in sealer.leave(step.leaving, said):
        post = step.leaving[left.index]
        assert isinstance(post, Post), "only posts have words"
        posts.append(msgspec.structs.replace(post, text="", profile_place=None, point=None, sealed=left.sealed))
    return msgspec.structs.replace(step, posts=posts)
