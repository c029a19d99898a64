"""A moment of a recording to which one can return: the detector as it was, and what it was to hear next, with something changed.

Every "what if" is a real run of the real detector from that moment: settings change as they would live, voices are left out as if their
posts had never been written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from detectors import Detector
from detectors.geometry import distance_km
from detectors.voices import Voice, voice_of
from tocsin.analysis.knobs import as_toml
from tocsin.analysis.play import Player
from tocsin.analysis.recording import Recording
from tocsin.model import Mention, Place, SettingsChange, SourceGap
from tocsin.pipeline.primed import detector_of
from tocsin.settings.detector import DetectorSettings
from tocsin.time import Panes

if TYPE_CHECKING:
    from collections.abc import Iterator


class ExplainError(ValueError):
    """What is asked about is not in the recording; the message says what is."""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """The detector before an instant, and the part of the recording from there."""

    snapshot: bytes
    rest: Recording
    from_at: int
    panes: Panes

    @classmethod
    def before(cls, recording: Recording, settings: DetectorSettings, panes: Panes, from_at: int, to_at: int) -> Stage:
        """Play a recording up to the pane of ``from_at``; ``to_at`` is where the rest ends."""
        start_at = panes.start(from_at)
        player = Player(recording, detector_of(settings, panes))
        player.to(start_at)
        rest = recording.between(start_at, to_at)
        return cls(snapshot=player.detector.snapshot(), rest=rest, from_at=start_at, panes=panes)

    def again(self, settings: DetectorSettings | None = None, without: frozenset[str] = frozenset()) -> Player:
        """Give a player that goes on from here.

        Args:
            settings: in force from the first pane on; the former ones when ``None``.
            without: posts that are left out, and what is said of them.
        """
        detector = Detector.restore(self.snapshot, self.panes)
        if settings is not None:
            detector.feed([SettingsChange(at=self.from_at - 1, toml=as_toml(settings))])
        rest = self.rest
        if without:
            kept = tuple(i for i in rest.items if isinstance(i, SettingsChange | SourceGap) or i.post_id not in without)
            rest = msgspec.structs.replace(rest, items=kept)
        return Player(rest, detector)

    def pane_ends(self, to_at: int) -> Iterator[int]:
        """Give the watermarks that close the panes from here to ``to_at``, one after the other."""
        return iter(range(self.from_at + self.panes.width_ms + self.panes.lateness_ms, to_at + 1, self.panes.width_ms))


class VoiceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One voice for reading: what it says, where, how surely. No text, no author."""

    post_id: str
    at: int
    source: str
    role: str
    """``event``, ``denial``, or the explanation it gives."""
    hazard: str
    how: str
    """``told``, ``asked``, or ``perceived`` (noise, smoke, without a consequence)."""
    witness: str
    probability: float
    mark: float
    """Its weight: its odds over those of an ordinary post."""
    place: Place | None
    """Of the places it may mean, the one nearest to what is asked about."""
    terms: tuple[str, ...]
    consequences: tuple[str, ...]
    worth_nats: float | None = None
    """Evidence that would be missing without it, measured by leaving it out."""
    fate: str = ""
    """What became of it."""


def row_of(voice: Voice, near: tuple[float, float], *, worth_nats: float | None = None, fate: str = "") -> VoiceRow:
    """Give a voice for reading; of the places it may mean, the one nearest to a position."""
    return VoiceRow(
        post_id=voice.post_id,
        at=voice.at,
        source=voice.source,
        role=voice.explanation or voice.role,
        hazard=voice.main,
        how="asked" if voice.question else "perceived" if voice.perception_only else "told",
        witness=voice.witness,
        probability=voice.probability,
        mark=voice.weight,
        place=min(voice.places, key=lambda place: distance_km(place.lat, place.lon, *near), default=None),
        terms=voice.terms,
        consequences=voice.consequences,
        worth_nats=worth_nats,
        fate=fate,
    )


def heard_as(mention: Mention, settings: DetectorSettings) -> Voice:
    """Give the voice that a mention is, were it one of its own."""
    return voice_of(mention, 0, settings)
