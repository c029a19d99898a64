"""Answers remembered in the store, those that there is none included, each with its time to live.

What is kept are places, never who spoke of them. A store that is away is no reason to stop: then the server is asked again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.geocoder.judge import words_of
from tocsin.ids import content_id
from tocsin.model import Place
from tocsin.runtime.logging import get_logger
from tocsin.runtime.store import StoreError
from tocsin.time import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from tocsin.model import Ask
    from tocsin.runtime.store import Store
    from tocsin.settings.geocoder import GeocoderSettings

PREFIX: Final = "geocoder:"


class Kept(msgspec.Struct, frozen=True):
    """What is remembered of a question; ``None``: the server knows no answer."""

    place: Place | None


class Memory:
    """Remembers answers.

    Args:
        store: where.
        settings: how long, and of which service: another one is asked anew.
    """

    def __init__(self, store: Store, settings: GeocoderSettings) -> None:
        self._store = store
        self._service = settings.service
        self._keep_ms = round(settings.keep_days * DAY_MS)
        self._keep_unfound_ms = round(settings.keep_unfound_hours * HOUR_MS)
        self._log = get_logger("geocoder")
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Kept)

    def recall(self, ask: Ask) -> Kept | None:
        """Give what is remembered of a question, ``None`` when it was not asked lately."""
        try:
            (raw,) = self._store.get([self._key(ask)])
            return None if raw is None else self._decoder.decode(raw)
        except StoreError as error:
            self._log.warning("answers cannot be remembered now", error=str(error))
        except msgspec.MsgspecError:
            self._log.warning("a remembered answer is of another version; asking again")
        return None

    def keep(self, ask: Ask, place: Place | None) -> None:
        """Remember an answer."""
        ttl_ms = self._keep_unfound_ms if place is None else self._keep_ms
        try:
            self._store.put({self._key(ask): self._encoder.encode(Kept(place))}, ttl_ms)
        except StoreError as error:
            self._log.warning("answers cannot be remembered now", error=str(error))

    def _key(self, ask: Ask) -> str:
        return PREFIX + content_id(self._service, " ".join(words_of(ask.words)), ask.town.id)
