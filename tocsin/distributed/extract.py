"""What an extract worker does with records of ``posts``: a function of each record; batches only make it faster.

It is pure but for two things: a text whose key is gone when its turn comes is not heard, and counted as that; and under pressure dear gates
are left out, and the mentions say so.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin import wire
from tocsin.model import DeadLetter, Mention, Post, Progress
from tocsin.runtime.conservation import Counts
from tocsin.runtime.failures import StageIllError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.pipeline.hear import Extracts
    from tocsin.runtime.vault import Gone, TextVault, Words

STAGE: Final = "extract"


class Given(msgspec.Struct, frozen=True):
    """A record of ``posts`` and where it stood (``topic/partition@offset``)."""

    where: str
    value: bytes


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a record gave."""

    value: bytes | None
    """The record for ``mentions``; ``None`` when nothing in it can be passed on."""
    dead: list[DeadLetter]
    counts: Counts
    shed: Counter[str]
    """How many posts were heard without a gate, by gate."""


class _Read(msgspec.Struct):
    """A record on its way: its messages, and what has become of its posts."""

    where: str
    posts: list[Post]
    others: list[bytes]
    progress: Progress | None
    dead: list[DeadLetter]
    results: list[Mention | DeadLetter | str]


class IllVersionError(RuntimeError):
    """None of the first records could be read: this worker is of another version than the writers."""


class Extract:
    """Reads records of posts; gives one record of mentions for each.

    Args:
        extractor: hears.
        undecodable_records: so many unreadable records at the very start are a wrong version, not bad luck.
        max_stage_errors: posts on which the extractor may fail.
        vault: opens sealed texts; a post whose text is gone is set aside.
    """

    def __init__(
        self, extractor: Extracts, undecodable_records: int, max_stage_errors: int, vault: TextVault | None = None
    ) -> None:
        self._extractor = extractor
        self._vault = vault
        self._undecodable_records = undecodable_records
        self._max_stage_errors = max_stage_errors
        self._unread = 0
        self._failed = 0
        self.has_read = False
        """Some record could be read: before that no offset may be committed, or a right version would miss what this one skipped."""

    def take(self, records: Sequence[Given], shed: int = 0) -> list[Made]:
        """Take records; give what each gave, in order, with the first ``shed`` dear gates left out.

        Raises:
            IllVersionError: nothing could be read since the start.
            StageIllError: the extractor failed too often.
            SealError: a sealed text was damaged.
            StoreError: the store of the keys is away.
        """
        read = [self._read(record) for record in records]
        results = iter(self._hear_all([post for one in read for post in one.posts], shed))
        made = []
        for one in read:
            one.results = [next(results) for _ in one.posts]
            made.append(_made(one))
        self._failed += sum(one.counts.dead["stage_error"] for one in made)
        if self._failed > self._max_stage_errors:
            raise StageIllError(
                f"extract failed on {self._failed} posts; at most {self._max_stage_errors} are allowed (runtime.max_stage_errors)"
            )
        return made

    def _read(self, record: Given) -> _Read:
        read = _Read(record.where, [], [], None, [], [])
        try:
            parts = wire.decode_batch(record.value)
        except wire.WireError as error:
            parts = [error]
        for part in parts:
            if isinstance(part, wire.WireError):
                detail = str(part)[:200]
                read.dead.append(DeadLetter(stage=STAGE, reason=part.reason, detail=detail, origin=record.where))
            elif isinstance(part, Post):
                read.posts.append(part)
            elif isinstance(part, Progress):
                read.progress = part
            else:
                read.others.append(wire.encode(part))
        if read.posts or read.others or read.progress is not None:
            self.has_read = True
        elif not self.has_read:
            self._unread += 1
            if self._unread >= self._undecodable_records:
                said = read.dead[0].detail if read.dead else "it is empty"
                raise IllVersionError(
                    f"none of the first {self._unread} records can be read; is this worker older than the writers? ({said})"
                )
        return read

    def _hear_all(self, posts: list[Post], shed: int) -> list[Mention | DeadLetter | str]:
        """Open what is sealed, all at once, then hear; the reason stands where a text is gone."""
        sealed = [(post.id, post.sealed) for post in posts if post.sealed]
        if self._vault is None or not sealed:
            return self._hear(posts, shed)
        words = iter(self._vault.open(sealed))
        opened = [_opened(post, next(words)) if post.sealed else post for post in posts]
        heard = iter(self._hear([post for post in opened if isinstance(post, Post)], shed))
        results = [post if isinstance(post, str) else next(heard) for post in opened]
        given = zip(posts, results, strict=True)
        self._vault.keep(
            {post.id: post.sealed for post, result in given if post.sealed and isinstance(result, Mention)}
        )
        return results

    def _hear(self, posts: list[Post], shed: int) -> list[Mention | DeadLetter | str]:
        if not posts:
            return []
        try:
            return [_result(result) for result in self._extractor.mentions(posts, shed)]
        except Exception:  # noqa: BLE001 - tried again post by post, to find the one that cannot be read
            return [self._hear_one(post, shed) for post in posts]

    def _hear_one(self, post: Post, shed: int) -> Mention | DeadLetter | str:
        try:
            return _result(self._extractor.mentions([post], shed)[0])
        except Exception as error:  # noqa: BLE001 - a dead letter, counted; past a limit the worker stops
            detail = f"expected a post that can be read, got {type(error).__name__}"
            return DeadLetter(stage=STAGE, reason="stage_error", detail=detail)


def _opened(post: Post, words: Words | Gone) -> Post | Gone:
    if isinstance(words, str):
        return words
    return msgspec.structs.replace(
        post, text=words.text, profile_place=words.profile_place, point=words.point, sealed=b""
    )


def _result(result: object) -> Mention | str:
    """Give a mention, or the reason why there is none."""
    return result if isinstance(result, Mention) else str(getattr(result, "reason"))  # noqa: B009 - of any room's own type


def _made(read: _Read) -> Made:
    counts = Counts(received=len(read.posts) + len(read.others))
    counts.used = len(read.others)
    dead = list(read.dead)
    mentions = []
    set_aside: Counter[str] = Counter()
    for result in read.results:
        if isinstance(result, Mention):
            mentions.append(wire.encode(result))
            counts.used += 1
        elif isinstance(result, DeadLetter):
            dead.append(msgspec.structs.replace(result, origin=read.where))
            counts.dead[result.reason] += 1
        else:
            set_aside[result] += 1
    counts.filtered = set_aside
    for letter in read.dead:
        counts.received += 1
        counts.dead[letter.reason] += 1
    shed = Counter(gate for result in read.results if isinstance(result, Mention) for gate in result.shed)
    if read.progress is None:
        return Made(value=None, dead=dead, counts=counts, shed=shed)
    tally = dict(read.progress.tally)
    tally |= {"extract.received": counts.received, "extract.used": counts.used}
    tally |= {f"extract.filtered.{reason}": posts for reason, posts in set_aside.items()}
    tally |= {f"extract.dead.{reason}": posts for reason, posts in counts.dead.items()}
    progress = msgspec.structs.replace(
        read.progress, posts=len(mentions), tally={name: items for name, items in tally.items() if items}
    )
    return Made(value=wire.pack([*mentions, *read.others, wire.encode(progress)]), dead=dead, counts=counts, shed=shed)
