"""What acts on the detector at a pane's border besides mentions."""

from __future__ import annotations

import msgspec

from tocsin.model.place import Place


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True):
    """New detector settings (TOML text), in force from the first pane that starts at or after ``at``."""

    at: int
    toml: str


class GeocodeResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a geocoder answered for one mention; it sharpens the place from its pane on."""

    post_id: str
    at: int
    """An instant of the pane in which it acts: that of the post, or the first pane still open when the answer came."""
    place: Place
