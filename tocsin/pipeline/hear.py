"""The hearing half: ingest, gate and extract of one block of lines, a pure function of the block."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from ingest.columns import Columns, Item, Set, places_of
from ingest.consent import Rules, objections
from ingest.normalise import normalise
from ingest.post import post, retraction
from ingest.privacy import DayPseudonyms, PublicPseudonyms
from ingest.record import Limits
from tocsin.model import DeadLetter, Mention, Post
from tocsin.runtime.vault import Words
from tocsin.time import SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.block import Block
    from ingest.normalise import Draft
    from ingest.privacy import Pseudonyms
    from nlp.extract import Dropped
    from tocsin.settings import Settings


GATE_FAILED: Final = ("gate_failed",)
"""What stands in place of lexicon entries on a post that the gate could not read."""


class Gates(Protocol):
    """The term gate."""

    def open(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """Give for each text the entries that open the gate; empty where it stays closed."""
        ...


class Extracts(Protocol):
    """The extract stage."""

    def mentions(self, posts: Sequence[Post], shed: int = 0) -> Sequence[Mention | Post | Dropped]:
        """Give for each post its mention, or why there is none; or the post itself, where another worker extracts.

        The first ``shed`` of the gates that may be left out are.
        """
        ...


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What ``Hear`` makes of a block."""

    columns: Columns
    source_names: tuple[str, ...]
    arrived_at: int | None
    gate_open: int
    cpu_secs: dict[str, float]
    shed: dict[str, int] = {}
    """How many posts were heard without a gate, by gate."""
    words: dict[str, Words] = {}
    """Live: what is to be sealed of each post that was heard, by its id; in memory only."""


class Hear:
    """Ingest, gate and extract of one block. The result depends on the block alone.

    Args:
        gate: opens on the words of the lexicon.
        extractor: hears; or passes posts on to a worker that does.
        pseudonyms: under one key for all blocks; ``None`` (live) takes the keys that each block carries.
        limits: of a record.
        lateness_ms: how far back a claimed time is believed.
        rules: of consent.
    """

    def __init__(  # noqa: PLR0913 - each is a part that a runtime chooses
        self,
        gate: Gates,
        extractor: Extracts,
        pseudonyms: Pseudonyms | None,
        limits: Limits,
        lateness_ms: int,
        *,
        rules: Rules | None = None,
    ) -> None:
        self._gate = gate
        self._extractor = extractor
        self._pseudonyms = pseudonyms
        self._limits = limits
        self._lateness_ms = lateness_ms
        self._rules = rules or Rules()

    def __call__(self, block: Block) -> Heard:
        """Read a block.

        Raises:
            ValueError: names are to be hashed under the keys of the block, and it carries none; or a recording is to be shed.
        """
        if block.shed and self._pseudonyms is not None:
            raise ValueError(f"expected a recorded block to be heard whole, got one that sheds {block.shed} gates")
        pseudonyms = self._pseudonyms or _pseudonyms_of(block)
        spent: dict[str, float] = {}
        with cpu(spent, "decode"):
            read = normalise(block, limits=self._limits, lateness_ms=self._lateness_ms, rules=self._rules)
        with cpu(spent, "gate"):
            hits = self._hits([draft.text for draft in read.drafts])
        with cpu(spent, "ingest"):
            opened = [(draft, entries) for draft, entries in zip(read.drafts, hits, strict=True) if entries]
            posts = [post(draft, pseudonyms, entries) for draft, entries in opened]
            items: dict[int, Item] = {gone.index: retraction(gone, pseudonyms) for gone in read.withdrawals}
            items |= dict(read.dead)
            items |= {index: Set("", reason) for index, reason in read.withheld}
        with cpu(spent, "extract"):
            indices = [draft.index for draft, _ in opened]
            results = self._extract(posts, indices, block)
            items |= dict(zip(indices, results, strict=True))
        words: dict[str, Words] = {}
        if self._pseudonyms is None:
            heard = zip(opened, posts, results, strict=True)
            words = {
                one.id: words_of(draft, one) for (draft, _), one, item in heard if isinstance(item, Mention | Post)
            }
        origins, numbers, origin_names = places_of(block.runs)
        columns = Columns(
            outcomes=read.outcomes,
            received_at=read.received_at,
            event_at=read.event_at,
            sources=read.sources,
            origins=origins,
            line_numbers=numbers,
            origin_names=origin_names,
            items=items,
        )
        return Heard(
            columns=columns,
            source_names=read.source_names,
            arrived_at=block.arrived_at,
            gate_open=len(posts),
            cpu_secs=spent,
            shed=Counter(gate for item in items.values() if isinstance(item, Mention) for gate in item.shed),
            words=words,
        )

    def _hits(self, texts: list[str]) -> list[tuple[str, ...]]:
        """Ask the gate; what it cannot read passes, for the extract stage to read or to refuse with a dead letter."""
        try:
            return self._gate.open(texts)
        except Exception:  # noqa: BLE001 - tried again text by text, to find the one
            return [self._hits([text])[0] for text in texts] if len(texts) > 1 else [GATE_FAILED]

    def _extract(self, posts: list[Post], indices: list[int], block: Block) -> list[Item]:
        if not posts:
            return []
        try:
            return [_item(result) for result in self._extractor.mentions(posts, block.shed)]
        except Exception:  # noqa: BLE001 - tried again post by post, to find the one that cannot be read
            return [self._extract_one(one, index, block) for one, index in zip(posts, indices, strict=True)]

    def _extract_one(self, one: Post, index: int, block: Block) -> Item:
        try:
            return _item(self._extractor.mentions([one], block.shed)[0])
        except Exception as error:  # noqa: BLE001 - a dead letter, counted; past a limit, Detect stops the run
            origin, line = block.where(index)
            detail = f"expected a post that can be read, got {type(error).__name__}"
            return DeadLetter(stage="extract", reason="stage_error", detail=detail, origin=origin, line=line)


def _item(result: Mention | Post | Dropped) -> Item:
    return result if isinstance(result, Mention | Post) else Set(result.post_id, result.reason)


@contextmanager
def cpu(spent: dict[str, float], part: str) -> Iterator[None]:
    """Note the processor seconds that the context took, under the name of a part."""
    before = time.process_time()
    yield
    spent[part] = time.process_time() - before


def _pseudonyms_of(block: Block) -> Pseudonyms:
    if block.keys is None:
        raise ValueError("expected a live block to carry the keys of pseudonyms, got none")
    return DayPseudonyms(block.keys)


class HearFactory(msgspec.Struct, frozen=True):
    """Makes a ``Hear`` with all its models in a process of its own; it can be pickled."""

    settings: Settings
    live: bool = False
    """Names are hashed under the keys that each block carries; otherwise under the public key of recordings."""

    def __call__(self) -> Hear:
        """Load the models (seconds)."""
        # Imported here: only a process that hears pays for the language tools.
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

        from nlp.extract import Extractor  # noqa: PLC0415

        # One thread: sums must not depend on how many the machine has, and the processors are already shared out.
        threadpool_limits(1)
        extractor = Extractor.load(self.settings.nlp, ask=self.settings.geocoder.enabled)
        extractor.warm()
        return Hear(
            extractor.gate,
            extractor,
            None if self.live else PublicPseudonyms(),
            limits_of(self.settings),
            self.settings.time.lateness_secs * SECOND_MS,
            rules=rules_of(self.settings),
        )


def words_of(draft: Draft, heard: Post) -> Words:
    """Give what is sealed of a post: its words as they may leave ingest, and the address of the original."""
    return Words(heard.text, draft.link, heard.profile_place, heard.point)


def rules_of(settings: Settings) -> Rules:
    """Give the rules of consent; the file of objections is read.

    Raises:
        OSError: it cannot be read.
    """
    chosen = settings.consent
    path = chosen.objections_path
    return Rules(
        honour_indexable=chosen.honour_indexable,
        honour_noindex=chosen.honour_noindex,
        hear_bots=chosen.hear_bots,
        labels=chosen.labels,
        allow_sources=chosen.allow_sources,
        deny_sources=chosen.deny_sources,
        deny_domains=chosen.deny_domains,
        objections=frozenset() if path is None else objections(path.read_text("ascii")),
    )


def limits_of(settings: Settings) -> Limits:
    """Give the limits of a record."""
    chosen = settings.ingest
    return Limits(
        max_line_bytes=chosen.max_line_bytes,
        max_text_chars=chosen.max_text_chars,
        max_dead_letter_bytes=chosen.max_dead_letter_bytes,
    )
