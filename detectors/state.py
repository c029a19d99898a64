"""All that the detector remembers, as one message: what a snapshot holds."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from detectors.baseline import History
from detectors.case import Case
from detectors.incident import name_again
from detectors.memory import Memory
from detectors.outages import Outage, Outages
from detectors.panes import Item, PaneBuffer
from detectors.voices import Voice
from detectors.watch import Watch
from tocsin.model import GeocodeResult, Mention, Retraction, SettingsChange, SourceGap
from tocsin.settings.detector import DetectorSettings


class State(msgspec.Struct, kw_only=True):
    """All that the detector remembers, for a snapshot."""

    version: int = 1
    following: int
    now_at: int
    pool: list[Voice]
    pending: list[int]
    cases: list[Case]
    watches: list[tuple[str, Watch]]
    history: History
    prints: list[int]
    print_numbers: list[int]
    print_next: int
    print_posts: dict[str, int]
    owned: dict[int, str]
    mentions: list[Mention]
    retractions: list[Retraction]
    answers: list[GeocodeResult]
    changes: list[SettingsChange]
    gaps: list[SourceGap] = []
    outages: list[Outage] = []
    posts: list[tuple[int, str, int]]
    closed_before: int | None
    settings: str


def encode(memory: Memory, buffer: PaneBuffer) -> bytes:
    """Give a memory, and what waits in panes that are not closed, as bytes."""
    items, posts, closed_before = buffer.snapshot()
    prints, print_numbers, print_next, print_posts = memory.copies.snapshot()
    return msgspec.msgpack.encode(
        State(
            following=memory.following,
            now_at=memory.now_at,
            pool=list(memory.pool),
            pending=list(memory.pending),
            cases=list(memory.cases.values()),
            watches=list(memory.watches.items()),
            history=memory.baseline.history,
            prints=prints,
            print_numbers=print_numbers,
            print_next=print_next,
            print_posts=print_posts,
            owned=memory.owned,
            mentions=[item for item in items if isinstance(item, Mention)],
            retractions=[item for item in items if isinstance(item, Retraction)],
            answers=[item for item in items if isinstance(item, GeocodeResult)],
            changes=[item for item in items if isinstance(item, SettingsChange)],
            gaps=[item for item in items if isinstance(item, SourceGap)],
            outages=memory.outages.held,
            posts=posts,
            closed_before=closed_before,
            settings=memory.settings.model_dump_json(),
        )
    )


def decode(data: bytes, buffer: PaneBuffer) -> Memory:
    """Make the memory of a snapshot; what waited goes into ``buffer``.

    Raises:
        msgspec.DecodeError: the bytes are no snapshot of this version.
    """
    state = msgspec.msgpack.decode(data, type=State)
    items: list[Item] = [*state.mentions, *state.retractions, *state.answers, *state.changes, *state.gaps]
    buffer.restore(items, state.posts, state.closed_before)
    memory = Memory(DetectorSettings.model_validate_json(state.settings), state.history)
    memory.following = state.following
    memory.turn(state.now_at)
    if state.now_at:
        memory.baseline.turn(state.now_at)
    memory.pool.restore(state.pool)
    memory.pool.talk.forget(state.now_at)
    memory.copies.restore(state.prints, state.print_numbers, state.print_next, state.print_posts)
    memory.pending = dict.fromkeys(state.pending)
    memory.owned = OrderedDict(state.owned)
    memory.cases = {case.incident_id: case for case in state.cases}
    for case in state.cases:
        if not case.naming:
            name_again(case)
        if case.state == "quiet" and case.silent_at is None:  # it was kept before this was noted
            case.silent_at = case.last_voice_at
    memory.watches = dict(state.watches)
    memory.outages = Outages(state.outages)
    memory.cases_changed()
    return memory
