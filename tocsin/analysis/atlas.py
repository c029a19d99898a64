"""The packaged gazetteer, read once for all tools of a process: its tables take seconds."""

from __future__ import annotations

from functools import cache

from nlp.gazetteer import Gazetteer


@cache
def gazetteer() -> Gazetteer:
    """Give the packaged gazetteer."""
    return Gazetteer.load()
