"""Texts on their way out of ingest: sealed, or gone before they left."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.model import Mention, Retraction
from tocsin.runtime import metrics as declared
from tocsin.time import SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tocsin.model import Post
    from tocsin.runtime.metrics import Metrics
    from tocsin.runtime.vault import TextVault, Words

LOOK_MS: Final = 10 * SECOND_MS
"""How often the oldest text that can still be read is looked up."""


class Left(msgspec.Struct, frozen=True):
    """What left, sealed: the index of its item in the step, the post that it is of, the sealed words."""

    index: int
    post_id: str
    sealed: bytes


class Sealer:
    """Seals what a step of the stream brings and destroys what it takes back, in the order of its lines.

    Args:
        vault: of the deployment.
        metrics: of the process.
        now: the clock, UTC milliseconds.
        obey: destroy the keys of posts that are taken back. Not for recorded files: they are read far faster than they were written, the
            text lies in the file, and what is detected must not depend on how far extraction has come.
    """

    def __init__(self, vault: TextVault, metrics: Metrics, now: Callable[[], int], *, obey: bool = True) -> None:
        self._vault = vault
        self._metrics = metrics
        self._now = now
        self._obey = obey
        self._looked_at: int | None = None

    def leave(self, leaving: Sequence[Post | Mention | Retraction], words: Mapping[str, Words]) -> list[Left]:
        """Give the sealed words of the posts (or their mentions) in ``leaving`` that have any, in their order.

        Raises:
            StoreError: the store is away.
        """
        gone = Counter[str]()
        last_taken_back: dict[str, int] = {}
        destroyed: list[str] = []
        replaced: list[str] = []
        for index, item in enumerate(leaving):
            if isinstance(item, Retraction) and self._obey:
                (replaced if item.reason == "edited" else destroyed).extend(item.post_ids)
                last_taken_back |= dict.fromkeys(item.post_ids, index)
                gone[item.reason] += 1
        self._vault.destroy(destroyed)
        self._vault.replace([post_id for post_id in replaced if post_id not in destroyed])
        said = [
            (index, id_of(item), words[id_of(item)])
            for index, item in enumerate(leaving)
            if not isinstance(item, Retraction) and id_of(item) in words
        ]
        stays = [one for one in said if last_taken_back.get(one[1], -1) < one[0]]
        sealed = self._vault.seal([(post_id, words_) for _, post_id, words_ in stays])
        left = {index: Left(index, post_id, body) for (index, post_id, _), body in zip(stays, sealed, strict=True)}
        for index, post_id, words_ in said:
            if index not in left:
                # Taken back within the same step: it looks like any other on its way, and nobody can open it.
                left[index] = Left(index, post_id, self._vault.seal_away(post_id, words_))
        self._metrics.add(declared.TEXTS_SEALED, len(left))
        for reason, posts in gone.items():
            self._metrics.add(declared.TEXTS_DESTROYED, posts, reason)
        self._look()
        return [left[index] for index in sorted(left)]

    def keep(self, sealed: dict[str, bytes]) -> None:
        """Keep sealed words for readers."""
        self._vault.keep(sealed)

    def _look(self) -> None:
        now_at = self._now()
        if self._looked_at is None or now_at - self._looked_at >= LOOK_MS:
            self._looked_at = now_at
            self._metrics.set(declared.OLDEST_TEXT, (self._vault.oldest_at() or 0) / SECOND_MS)


def id_of(item: Post | Mention) -> str:
    """Give the id of the post that an item is, or tells of."""
    return item.post_id if isinstance(item, Mention) else item.id
