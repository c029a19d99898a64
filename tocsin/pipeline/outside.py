"""Words to the detector from outside the posts: new settings, a geocoder's answer, a source that is away. Checked and placed here.

A word acts in the pane of its instant, or in the first that is still open when it comes. The detector reads settings in the middle of a
pane, where nobody could refuse them any more; so what it could not read is refused before.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Final

import msgspec
from pydantic import ValidationError

from tocsin.model import GeocodeResult, SettingsChange, SourceGap
from tocsin.settings.detector import DetectorSettings

if TYPE_CHECKING:
    from tocsin.model import DeadReason

Word = SettingsChange | GeocodeResult | SourceGap
MAX_TOML_CHARS: Final = 100_000
"""Characters of a settings change."""


def refusal(word: Word) -> tuple[DeadReason, str] | None:
    """Give why a word cannot be acted on, and in which respect, or ``None``.

    >>> refusal(SettingsChange(at=0, toml="detector.min_voices = 0"))
    ('wrong_type', 'expected detector settings: min_voices: Input should be greater than or equal to 1')
    """
    if isinstance(word, GeocodeResult):
        place = word.place
        inside = -90 <= place.lat <= 90 and -180 <= place.lon <= 180 and place.uncertainty_km >= 0
        return None if inside else ("bad_position", "expected a position on the globe, got another")
    if isinstance(word, SourceGap):
        ordered = word.to_at is None or word.from_at <= word.to_at
        return None if ordered else ("bad_time", "expected a gap that ends after it begins, got one that ends before")
    return _settings_refusal(word)


def _settings_refusal(word: SettingsChange) -> tuple[DeadReason, str] | None:
    if len(word.toml) > MAX_TOML_CHARS:
        return "too_long", f"expected at most {MAX_TOML_CHARS} characters of settings, got {len(word.toml)}"
    try:
        settings_of(word)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        return "wrong_type", f"expected detector settings: {key}: {first['msg']}"[:200]
    except (ValueError, RecursionError) as error:
        return "wrong_type", f"expected settings as TOML: {error}"[:200]
    return None


def settings_of(change: SettingsChange) -> DetectorSettings:
    """Give the detector settings of a change, as the detector reads them.

    Raises:
        ValueError: it is no TOML, or names or values are wrong.
    """
    section = tomllib.loads(change.toml).get("detector")
    if not isinstance(section, dict):
        raise ValueError("no [detector] table")  # noqa: TRY004 - one kind of error for all that is wrong with the text
    return DetectorSettings.model_validate(section)


def placed(word: Word, closed_before: int | None) -> Word:
    """Give the word with an instant whose pane is open, ``closed_before`` being the end of the last closed one."""
    if isinstance(word, SourceGap) or closed_before is None or word.at >= closed_before:  # a gap is never late
        return word
    return msgspec.structs.replace(word, at=closed_before)
