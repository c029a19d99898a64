"""What the demonstration hears: the simulated stream at many times its speed, as blocks for the pipeline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from ingest.block import Block, Builder
from tocsin.scoring.reading import Voice
from tocsin.simulation.said import author_id
from tocsin.simulation.stream import Sent, Stream
from tocsin.time import SECOND_MS

ORIGIN: Final = "simulated"
TICK_SECS: Final = 0.05
"""How often it is looked whether lines are due."""
BLOCK_SECS: Final = 0.25
"""A block that is not full waits so long for more: each one costs its way through the processes."""


class Feed:
    """Plays a stream once: each line when its arrival, scaled to the wanted length, has come.

    Args:
        stream: what to play.
        play_secs: wall-clock length of the whole; 0 plays as fast as it is taken.
        block_lines: most lines of a block.
        now: a monotone clock, seconds.
        wait: sleeps so many seconds.

    The lines keep their own times, so the pipeline decides as it would in a replay of them.
    """

    def __init__(
        self,
        stream: Stream,
        play_secs: float,
        *,
        block_lines: int,
        now: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._stream = stream
        self._play_secs = play_secs
        self._block_lines = block_lines
        self._now, self._wait = now, wait
        self._builder = Builder()
        self._blocks = 0
        self.lines = 0
        self.clock_at = stream.scenario.start_at
        """How far the play has come, in simulated time."""
        self.voices: dict[str | None, list[Voice]] = {}
        """The relevant posts of each event, in time order, as the scorer wants them."""
        self.began: float | None = None
        """When the first line was asked for, by ``now``: the models are loaded by then."""

    def blocks(self) -> Iterator[Block | None]:
        """Give blocks as their lines fall due; ``None`` when nothing is due just now."""
        scenario = self._stream.scenario
        length_ms = scenario.end_at - scenario.start_at
        self.began = handed = self._now()
        for sent in self._stream:
            while self._play_secs > 0:
                played = (self._now() - self.began) / self._play_secs
                self.clock_at = min(scenario.end_at, scenario.start_at + round(length_ms * played))
                # What arrives after the end of the play, being late, comes at once with it.
                if sent.received_at <= self.clock_at or played >= 1.0:
                    break
                if len(self._builder) and self._now() - handed >= BLOCK_SECS:
                    handed = self._now()
                    yield self._take()
                else:
                    self._wait(TICK_SECS)
                    yield None
            self.clock_at = max(self.clock_at, min(scenario.end_at, sent.received_at))
            self._add(sent)
            if len(self._builder) >= self._block_lines:
                yield self._take()
        if len(self._builder):
            yield self._take()
        for voices in self.voices.values():
            voices.sort()

    def _add(self, sent: Sent) -> None:
        self.lines += 1
        self._builder.add(ORIGIN, self.lines, sent.line)
        said = sent.said
        if said is not None and said.relevant and said.event and sent.what == "post":
            voice = Voice(
                said.told_at / SECOND_MS, author_id(self._stream.scenario.seed, said.author), said.repost_of is not None
            )
            self.voices.setdefault(said.event, []).append(voice)

    def _take(self) -> Block:
        self._blocks += 1
        return self._builder.take(number=self._blocks - 1)
