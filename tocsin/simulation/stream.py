"""The stream as it reaches us: lines in order of arrival, with delays, wrong clocks, copies, deletions and broken bytes."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from random import Random
from typing import Any, Final, Literal, get_args

import msgspec

from tocsin.simulation.background import background
from tocsin.simulation.events import decoy_posts, incident_posts
from tocsin.simulation.said import Said, author_id, post_id
from tocsin.simulation.scenario import DecoyPlan, IncidentPlan, Scenario
from tocsin.simulation.truth import Ledger
from tocsin.time import HOUR_MS, SECOND_MS, format_instant

LATE_AT_LEAST_SECS: Final = 20.0
DUPLICATE_WITHIN_SECS: Final = 60.0
LANGUAGE_SAID_SHARE: Final = 0.85
RSS_KINDS: Final = frozenset({"media", "official"})
BreakReason = Literal[
    "not_utf8", "not_json", "not_an_object", "missing_field", "wrong_type", "bad_time", "bad_position"
]
BREAK_REASONS: Final[tuple[BreakReason, ...]] = get_args(BreakReason)
"""Ways to break a line, by the name under which it must be refused."""


class _Line(msgspec.Struct, kw_only=True, gc=False):
    id: str
    source: str
    created_at: str
    author: str
    text: str
    lang: str | None
    lat: float | None
    lon: float | None
    place: str | None
    repost_of: str | None


class _DelayedLine(_Line, kw_only=True, gc=False):
    received_at: str


class Sent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of the stream, without its newline, and what it truly is."""

    line: bytes
    received_at: int
    said: Said | None
    """The post; ``None`` for a deletion or a broken line."""
    what: Literal["post", "copy", "retraction", "broken"] = "post"
    late: bool = False
    skewed: bool = False
    broken: BreakReason | None = None


class Stream:
    """The lines of a scenario in order of arrival, in constant memory; iterate it once.

    ``ledger`` holds the truth of what has been sent so far; it is whole when the stream is at its end. Same scenario, same bytes.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.ledger = Ledger(scenario)
        self._faults = scenario.faults
        self._draw = Random(f"tocsin faults {scenario.seed}").random  # noqa: S311  # seeded: the same scenario must give the same bytes
        self._encode = msgspec.json.Encoder().encode
        self._waiting: list[tuple[int, int, Sent]] = []
        self._count = 0
        self._second = -1
        self._prefix = ""

    def __iter__(self) -> Iterator[Sent]:
        for said in self._told():
            self.ledger.note(said)
            yield from self._due(said.told_at)
            yield from self._send(said)
        yield from self._due(None)

    def _told(self) -> Iterator[Said]:
        """Give all posts in order of telling: background and events; events are made when their time comes."""
        scenario = self.scenario
        plans: list[IncidentPlan | DecoyPlan] = [*scenario.incidents, *scenario.decoys]
        waiting = sorted(((plan.after_secs, index) for index, plan in enumerate(plans)), reverse=True)
        spoken: list[tuple[int, int, Said]] = []

        def until(at: int) -> Iterator[Said]:
            while waiting and scenario.start_at + round(waiting[-1][0] * SECOND_MS) <= at:
                index = waiting.pop()[1]
                plan = plans[index]
                told = (
                    incident_posts(scenario, plan, index)
                    if isinstance(plan, IncidentPlan)
                    else decoy_posts(scenario, plan, index)
                )
                for said in told:
                    if said.told_at < scenario.end_at:
                        heappush(spoken, (said.told_at, said.number, said))
            while spoken and spoken[0][0] <= at:
                yield heappop(spoken)[2]

        for said in background(scenario):
            yield from until(said.told_at)
            yield said
        yield from until(scenario.end_at)

    def _due(self, at: int | None) -> Iterator[Sent]:
        while self._waiting and (at is None or self._waiting[0][0] <= at):
            yield heappop(self._waiting)[2]

    def _hold(self, sent: Sent) -> None:
        self._count += 1
        heappush(self._waiting, (sent.received_at, self._count, sent))

    def _send(self, said: Said) -> Iterator[Sent]:
        faults, draw = self._faults, self._draw
        told_at = received_at = said.told_at
        late = skewed = False
        # One die for the rare faults keeps an ordinary post cheap.
        dice = draw()
        edge = faults.disorder_share
        if dice < edge:
            received_at += round(faults.disorder_secs * SECOND_MS * draw())
        elif dice < (edge := edge + faults.late_share):
            late = True
            longest = max(faults.late_secs, LATE_AT_LEAST_SECS)
            received_at += round(SECOND_MS * (LATE_AT_LEAST_SECS + (longest - LATE_AT_LEAST_SECS) * draw()))
        elif dice < (edge := edge + faults.skew_share):
            skewed = True
            told_at += round(faults.skew_secs * SECOND_MS * (2 * draw() - 1))
        sent = Sent(
            line=self._encode(self._line(said, told_at, received_at)),
            received_at=received_at,
            said=said,
            late=late,
            skewed=skewed,
        )
        if received_at == said.told_at:
            yield sent
        else:
            self._hold(sent)
        yield from self._extras(said, told_at, received_at)

    def _extras(self, said: Said, told_at: int, received_at: int) -> Iterator[Sent]:
        faults, draw = self._faults, self._draw
        dice = draw()
        edge = faults.duplicate_share
        if dice < edge:
            again_at = received_at + round(SECOND_MS * DUPLICATE_WITHIN_SECS * draw())
            line = self._encode(self._line(said, told_at, again_at))
            self._hold(Sent(line=line, received_at=again_at, said=said, what="copy"))
        elif dice < (edge := edge + faults.retract_share):
            at = received_at + round(HOUR_MS * draw())
            if at < self.scenario.end_at:
                line = self._encode({"retract": post_id(self.scenario.seed, said.number), "at": format_instant(at)})
                self._hold(Sent(line=line, received_at=at, said=None, what="retraction"))
        elif dice < edge + faults.broken_share:
            reason = BREAK_REASONS[int(draw() * len(BREAK_REASONS))]
            yield Sent(
                line=self._broken(said, reason), received_at=said.told_at, said=None, what="broken", broken=reason
            )

    def _line(self, said: Said, told_at: int, received_at: int) -> _Line:
        scenario = self.scenario
        source = "rss" if said.kind in RSS_KINDS else "mastodon" if said.author % 3 == 0 else "bluesky"
        line = _Line(
            id=post_id(scenario.seed, said.number),
            source=source,
            created_at=self._instant(told_at),
            author=author_id(scenario.seed, said.author),
            text=said.text,
            lang=said.lang if said.number % 20 < LANGUAGE_SAID_SHARE * 20 else None,
            lat=said.lat,
            lon=said.lon,
            place=said.profile,
            repost_of=None if said.repost_of is None else post_id(scenario.seed, said.repost_of),
        )
        if received_at == told_at:
            return line
        return _DelayedLine(**msgspec.structs.asdict(line), received_at=self._instant(received_at))

    def _instant(self, at: int) -> str:
        second, millis = divmod(at, SECOND_MS)
        if second != self._second:
            self._second, self._prefix = second, format_instant(second * SECOND_MS)[:20]
        return f"{self._prefix}{millis:03d}Z"

    def _broken(self, said: Said, reason: BreakReason) -> bytes:
        """Make a line that must be refused for this reason. It is an extra line: the post itself is sent whole."""
        whole: dict[str, Any] = msgspec.to_builtins(self._line(said, said.told_at, said.told_at))
        whole["id"] = post_id(self.scenario.seed, said.number + (1 << 62))
        if reason == "not_json":
            return self._encode(whole)[: -1 - int(self._draw() * 40)]
        if reason == "not_utf8":
            return self._encode(whole).replace(b'"text":"', b'"text":"\xe9\xff', 1)
        if reason == "not_an_object":
            return self._encode([whole["id"], whole["text"]])
        if reason == "missing_field":
            del whole[("id", "author", "text", "created_at")[int(self._draw() * 4)]]
        elif reason == "wrong_type":
            whole["text"] = 12
        elif reason == "bad_time":
            whole["created_at"] = "yesterday at noon"
        else:
            whole["lat"], whole["lon"] = 123.4, 5.6
        return self._encode(whole)


def label(sent: Sent, line_number: int, seed: int) -> dict[str, Any]:
    """Give the label of one line: what the oracle knows of it.

    Spans are code points of the text; a name that the author mistyped has none.
    """
    if sent.said is None:
        return {"id": None, "line": line_number, "relevant": None, "kind": sent.what, "reason": sent.broken}
    said = sent.said
    places = [
        {"start": start, "end": start + len(name), "text": name, "lat": lat, "lon": lon}
        for name, lat, lon in said.names
        if (start := said.text.find(name)) >= 0
    ]
    return {
        "id": post_id(seed, said.number),
        "relevant": said.relevant,
        "hazard": said.hazard if said.relevant else None,
        "places": places,
        "kind": said.kind if sent.what == "post" else sent.what,
        "event": said.event,
        "late": sent.late,
        "skewed": sent.skewed,
    }
