"""What ends a worker, or a whole run, because going on would lose, double or invent something; each message says what was found."""

from __future__ import annotations


class FencedError(RuntimeError):
    """Another worker owns the stage now: this one must stop."""


class DivergedError(RuntimeError):
    """A stage, started again on the same input, made another output than before: it is not a pure function of its input."""


class StageIllError(RuntimeError):
    """A stage failed on more posts than ``runtime.max_stage_errors`` allows: it is not the posts."""
