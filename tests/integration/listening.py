"""What the tests of sources share: a listener with a short temper, and what it handed on."""

import json
import time
from collections import Counter

from ingest.inbox import Inbox
from ingest.listener import Listener
from ingest.source import Policy
from tocsin.runtime.metrics import Metrics

FAST = Policy(
    backoff_min_ms=2,
    backoff_max_ms=20,
    healthy_ms=1_000,
    stall_ms=80,
    connect_ms=2_000,
    overlap_ms=5_000,
    backfill_ms=3_600_000,
)


def now_ms():
    return time.time_ns() // 1_000_000


class Heard:
    """A listener and all that it handed on so far."""

    def __init__(self, *sources, positions=None, now=now_ms, inbox=None):
        self.metrics = Metrics()
        self.listener = Listener(
            sources,
            positions=positions or {},
            metrics=self.metrics,
            now=now,
            draw=lambda: 0.5,
            inbox=Inbox() if inbox is None else inbox,
        )
        self.lines = []
        self.gaps = []

    def poll(self):
        self.lines += [line for _, _, line in self.listener.poll()]
        self.gaps += self.listener.gaps

    def until(self, done, limit_s=20.0):
        """Poll until something is so; fail with what came when it takes too long."""
        until = time.monotonic() + limit_s
        while True:
            self.poll()
            if done():
                return
            assert time.monotonic() < until, f"waited {limit_s} s; heard {len(self.lines)} lines"
            time.sleep(0.001)

    def settle(self, for_s=0.02):
        """Poll a little longer, to see that nothing more comes."""
        until = time.monotonic() + for_s
        while time.monotonic() < until:
            self.poll()
            time.sleep(0.002)

    def told(self):
        """What the lines say, as (what, id); what cannot be read is ``("bad", "")``."""
        return [told(line) for line in self.lines]

    def count(self):
        return Counter(self.told())

    def close(self):
        self.listener.close()


def told(line):
    try:
        read = json.loads(line)
    except ValueError:
        return "bad", ""
    if not isinstance(read, dict):
        return "bad", ""
    if "retract_author" in read:
        return "account", read["retract_author"]
    if "retract" in read:
        return read.get("reason", "deleted"), read["retract"]
    return ("post", read["id"]) if "text" in read else ("bad", "")
