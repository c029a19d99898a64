"""Refused input, and the closed list of reasons."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

DeadReason = Literal[
    "not_utf8",
    "not_json",
    "not_an_object",
    "missing_field",
    "wrong_type",
    "bad_time",
    "bad_position",
    "too_long",
    "unknown_version",
    "stage_error",
    "refused_verdict",
]

DEAD_REASONS: Final[dict[DeadReason, str]] = {
    "not_utf8": "The line is not UTF-8.",
    "not_json": "The line is not JSON, or is nested too deeply.",
    "not_an_object": "The line is JSON, but no object.",
    "missing_field": "A field without which a post is no post is absent.",
    "wrong_type": "A field, or a record, holds something of another type.",
    "bad_time": "An instant cannot be read, lies outside 1990 to 2099, or leaps away from its stream alone.",
    "bad_position": "A position is half given, or lies outside the globe.",
    "too_long": "The line, its text, or a name in it passes a limit of the settings.",
    "unknown_version": "A record was written by a version, or is of a type, unknown here.",
    "stage_error": "The stage that read the post failed on it: a defect of ours, not of the post.",
    "refused_verdict": "A decision that cannot be meant: no such centre, nobody's name, no reason, a revision long gone, no incident.",
}
"""What each reason means, for the operator who reads the dead letters."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """Refused input: which stage refused it, why, where it stood, and its first bytes (redacted, capped)."""

    stage: str
    reason: DeadReason
    detail: str
    """What was expected and what came, for a person."""
    origin: str = ""
    line: int | None = None
    """Number of the line in its file, from 1."""
    raw: bytes = b""
