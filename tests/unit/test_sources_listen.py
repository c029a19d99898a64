"""A source is kept connected: back-off, watchdog, gaps, rates and back-pressure, in virtual time."""

import asyncio
import json
import random
from collections import Counter

import pytest
from virtual_time import run

from ingest.inbox import Inbox
from ingest.listen import Listening
from ingest.source import BrokenError, Missed, Opened, Policy, Received


class Notes:
    def __init__(self):
        self.breaks, self.gaps, self.opens, self.shares, self.sampled, self.events = [], [], [], [], 0, 0

    def received(self, name, event, kept, sampled):
        self.sampled += sampled
        self.events += 1

    def opened(self, name, address, at):
        self.opens.append(at)

    def broke(self, name, broken, wait_ms):
        self.breaks.append((broken.reason, wait_ms))

    def gap(self, gap):
        self.gaps.append(gap)

    def share(self, name, share):
        self.shares.append(share)


class Scripted:
    """A source that plays one script a connection; a script is a list of events, pauses (numbers) and breaks (errors)."""

    name = "scripted"

    def __init__(self, policy, *scripts):
        self.policy = policy
        self.scripts = list(scripts)
        self.cursors = []

    async def listen(self, cursor, now_at):
        self.cursors.append(cursor)
        for step in self.scripts.pop(0) if self.scripts else [3_600.0 * 24]:
            if isinstance(step, float):
                await asyncio.sleep(step)
            elif isinstance(step, BaseException):
                raise step
            else:
                yield step


def line(number):
    return json.dumps({"id": number}).encode()


def post(number, at=None):
    return Received(lines=(line(number),), stream_at=at, cursor=b"%d" % number, size=100, sheddable=True)


def listen(source, for_secs, *, inbox=None, cursor=None, heard_at=None, meanwhile=None):
    """Listen for so many virtual seconds; give the notes, the inbox and the loop's time."""
    notes, inbox = Notes(), Inbox() if inbox is None else inbox

    async def play(loop):
        listening = Listening(
            source, inbox, notes, now=lambda: loop.now_ms, draw=lambda: 1.0, cursor=cursor, heard_at=heard_at
        )
        task = asyncio.create_task(listening.run())
        if meanwhile is not None:
            await meanwhile(loop)
        await asyncio.sleep(for_secs)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(play)
    return notes, inbox


OPEN = Opened(None)
CLOSED = BrokenError("closed")


def test_waits_double_up_to_their_limit():
    source = Scripted(Policy(backoff_min_ms=1_000, backoff_max_ms=60_000), *[[CLOSED]] * 9)
    notes, _ = listen(source, 600)
    assert [wait for _, wait in notes.breaks][:8] == [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]


def test_waits_begin_anew_only_after_a_healthy_minute():
    short = [OPEN, *[step for n in range(5) for step in (post(n), 10.0)], CLOSED]
    healthy = [OPEN, *[step for n in range(8) for step in (post(n), 10.0)], CLOSED]
    source = Scripted(Policy(), [CLOSED], [CLOSED], short, healthy, [CLOSED])
    notes, _ = listen(source, 600)
    assert [wait for _, wait in notes.breaks][:5] == [1_000, 2_000, 4_000, 1_000, 2_000]


def test_a_connection_that_opens_and_says_nothing_is_not_healthy():
    source = Scripted(Policy(stall_ms=None), *[[OPEN, 300.0, CLOSED]] * 3)
    notes, _ = listen(source, 1_500)
    assert [wait for _, wait in notes.breaks][:3] == [1_000, 2_000, 4_000]


def test_what_the_network_asks_for_is_obeyed_within_an_hour():
    asks = [BrokenError("rate_limited", retry_after_ms=ms) for ms in (30_000, 86_400_000)]
    notes, _ = listen(Scripted(Policy(), [asks[0]], [asks[1]]), 10_000)
    assert [wait for _, wait in notes.breaks][:2] == [33_000, 3_960_000]


@pytest.mark.parametrize("reason", ["unauthorised", "budget_spent"])
def test_what_trying_again_cannot_mend_waits_longest(reason):
    notes, _ = listen(Scripted(Policy(backoff_max_ms=90_000), [BrokenError(reason)]), 300)
    assert notes.breaks[0] == (reason, 90_000)


def test_a_clock_that_stands_is_a_stall_even_while_events_come():
    stuck = [OPEN, *[step for n in range(100) for step in (post(n, 5_000), 1.0)]]
    notes, _ = listen(Scripted(Policy(stall_ms=30_000), stuck), 60)
    assert notes.breaks[0][0] == "stalled"
    assert 26 <= notes.events <= 35


def test_frames_that_cannot_be_read_do_not_keep_a_connection_alive():
    garbage = [OPEN, post(0, 5_000), *[step for _ in range(100) for step in (Received(lines=(b"?",)), 1.0)]]
    notes, _ = listen(Scripted(Policy(stall_ms=30_000), garbage), 60)
    assert notes.breaks[0][0] == "stalled"


def test_a_clock_that_moves_is_no_stall():
    moving = [OPEN, *[step for n in range(60) for step in (post(n, 5_000 + n * 1_000), 25.0)]]
    notes, _ = listen(Scripted(Policy(stall_ms=30_000), moving), 1_400)
    assert not notes.breaks


def test_a_stream_without_a_clock_moves_with_its_events():
    notes, _ = listen(
        Scripted(Policy(stall_ms=30_000), [OPEN, *[s for n in range(20) for s in (post(n), 25.0)], 60.0]), 540
    )
    assert notes.breaks[0][0] == "stalled"
    assert notes.events == 20


def test_connecting_has_its_time():
    notes, _ = listen(Scripted(Policy(connect_ms=10_000), [3_600.0]), 15)
    assert notes.breaks[0][0] == "unreachable"


def test_a_full_inbox_stops_the_reading_and_is_no_stall():
    inbox = Inbox(max_lines=3)
    source = Scripted(Policy(stall_ms=30_000), [OPEN, *[post(n, 5_000 + n) for n in range(10)], 3_600.0])
    taken = []

    async def meanwhile(loop):
        await asyncio.sleep(500)
        assert len(inbox) == 3
        while len(taken) < 10:
            lines, _ = inbox.take(2)
            taken.extend(raw for _, _, raw in lines)
            await asyncio.sleep(1)

    notes, _ = listen(source, 1, inbox=inbox, meanwhile=meanwhile)
    assert taken == [line(n) for n in range(10)]
    assert not notes.breaks


def test_after_a_break_the_last_cursor_is_asked_for():
    source = Scripted(Policy(), [OPEN, post(1), post(2), CLOSED], [OPEN, post(3), CLOSED])
    listen(source, 30, cursor=b"0")
    assert source.cursors[:3] == [b"0", b"2", b"3"]


def test_gaps_are_told_with_their_instants():
    start = 1_795_320_000_000
    source = Scripted(
        Policy(backoff_min_ms=10_000, backoff_max_ms=10_000),
        [OPEN, post(1, start), CLOSED],
        [Opened(start), post(2, start + 11_000), CLOSED],
        [Opened(None), Missed(start + 1, start + 2), 100.0],
    )
    notes, _ = listen(source, 60, heard_at=start - 60_000)
    told = [(gap.from_at - start, gap.to_at - start, gap.filled) for gap in notes.gaps]
    assert told == [(-60_000, 0, False), (0, 10_000, True), (10_000, 20_000, False), (1, 2, False)]


def test_a_pace_is_kept():
    source = Scripted(
        Policy(stall_ms=30_000, max_items_per_sec=10.0), [OPEN, *[post(n, 5_000 + n) for n in range(1_000)]]
    )
    notes, _ = listen(source, 60)
    assert 600 <= notes.events <= 640, "ten a second, and what was saved up"
    assert not notes.breaks


def test_bytes_hold_back_too():
    source = Scripted(Policy(max_bytes_per_sec=1_000.0), [OPEN, *[post(n, 5_000 + n) for n in range(1_000)]])
    notes, _ = listen(source, 50)
    assert 500 <= notes.events <= 530


def test_sampling_is_a_last_resort_and_is_told():
    """A stream that lags by minutes is sampled ever more; once it has caught up, all is heard again."""
    start = 1_795_320_000_000
    late = [
        step for n in range(3_000) for step in (post(n, start + n * 10), 0.05)
    ]  # moves at a fifth of the time: the lag grows
    caught_up = [step for n in range(2_000) for step in (post(n + 5_000, start + 150_000 + n * 60), 0.06)]
    source = Scripted(Policy(stall_ms=None, shed_after_ms=60_000), [OPEN, *late, *caught_up])
    notes, inbox = listen(source, 290)
    assert min(notes.shares) <= 1 / 8
    assert notes.shares[-1] == 1.0
    assert 0 < notes.sampled < 3_000
    kept, _ = inbox.take(10_000)
    assert len(kept) + notes.sampled == notes.events


def test_without_a_limit_nothing_is_sampled():
    start = 1_795_320_000_000 - 3_600_000
    notes, _ = listen(Scripted(Policy(stall_ms=None), [OPEN, *[post(n, start + n) for n in range(500)]]), 10)
    assert notes.sampled == 0


def test_a_defect_is_loud():
    async def play(loop):
        source = Scripted(Policy(), [OPEN, ZeroDivisionError()])
        await Listening(source, Inbox(), Notes(), now=lambda: loop.now_ms, draw=lambda: 0.0).run()

    with pytest.raises(ZeroDivisionError):
        run(play)


class Network:
    """A network with a memory: what it said can be asked for again from a cursor; it breaks, stalls, repeats and forgets."""

    name = "network"

    def __init__(self, seed, loop_now):
        self.draw = random.Random(seed)
        self.policy = Policy(stall_ms=20_000, backoff_max_ms=30_000)
        self.faults = Counter()
        self.said = 0
        self.now = loop_now

    async def listen(self, cursor, now_at):
        if self.draw.random() < 0.3:
            self.faults["refused"] += 1
            raise BrokenError(
                self.draw.choice(["unreachable", "tls", "rate_limited", "refused"]),
                retry_after_ms=self.draw.choice([None, 5_000]),
            )
        at = int(cursor or b"0")
        yield Opened(now_at)
        while self.draw.random() > 0.02:
            if at < 300:
                at += 1
                self.said = max(self.said, at)
                yield post(at, self.now())
            await asyncio.sleep(self.draw.choice([0.0, 0.1, 2.0]))
        kind = self.draw.choice(["cut", "stall", "end"])
        self.faults[kind] += 1
        if kind == "cut":
            raise BrokenError("closed")
        if kind == "stall":
            await asyncio.sleep(100_000)


@pytest.mark.parametrize("first", range(0, 200, 25))
def test_no_event_is_lost_or_doubled_over_many_seeds(first):
    faults = Counter()
    for seed in range(first, first + 25):
        notes, inbox = Notes(), Inbox(max_lines=7)
        taken = []

        async def play(loop, seed=seed, notes=notes, inbox=inbox, taken=taken):
            network = Network(seed, lambda: loop.now_ms)
            listening = Listening(network, inbox, notes, now=lambda: loop.now_ms, draw=random.Random(seed).random)
            task = asyncio.create_task(listening.run())
            until = loop.time() + 50_000
            while len(taken) < 300 and loop.time() < until:
                lines, _ = inbox.take(5)
                taken.extend(json.loads(raw)["id"] for _, _, raw in lines)
                await asyncio.sleep(0.5)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return network.faults

        faults += run(play)
        assert taken == list(range(1, 301)), f"seed {seed}"
    assert {"refused", "cut", "stall", "end"} <= set(faults)
