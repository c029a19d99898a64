"""Settings of time: panes, lateness, and how far a clock may leap."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tocsin.time import HOUR_MS, SECOND_MS, Panes


class TimeSettings(BaseModel):
    """How posts are cut in panes of time, and when a pane is closed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pane_secs: int = Field(
        default=10, ge=1, le=600, description="Seconds in a pane: what is detected is detected at the end of one."
    )
    lateness_secs: int = Field(
        default=5,
        ge=0,
        le=3_600,
        description="Seconds that a pane stays open after its end. A post that comes later is counted late and is not heard.",
    )
    leap_hours: int = Field(
        default=24,
        ge=1,
        le=8_760,
        description="A line whose clock is this many hours ahead of the stream is believed only when further lines agree.",
    )
    leap_lines: int = Field(
        default=3,
        ge=1,
        le=100,
        description="Lines in a row that must agree before the stream clock leaps; 1 believes every line.",
    )

    def panes(self) -> Panes:
        """Give the grid of panes.

        >>> TimeSettings().panes()
        Panes(width_ms=10000, lateness_ms=5000)
        """
        return Panes(width_ms=self.pane_secs * SECOND_MS, lateness_ms=self.lateness_secs * SECOND_MS)

    @property
    def leap_ms(self) -> int:
        """Milliseconds by which one line may move the stream clock on its own."""
        return self.leap_hours * HOUR_MS
