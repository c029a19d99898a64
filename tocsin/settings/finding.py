"""One rule of the settings that is broken."""

from __future__ import annotations

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """One rule broken: the path of the key to change, what was expected, what stands there."""

    key: tuple[str, ...]
    expected: str
    got: str
    nearest: str | None = None
