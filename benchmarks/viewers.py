"""How the console bears a full board: 1,000 open incidents, 200 viewers who listen, changes that go to all of them.

One process serves, on one core; this one holds the viewers and makes the changes. Printed: time of a whole board, delay of a change at its
slowest viewer against the delay with one viewer in the same run, processor time a change and viewer, memory before and after.

    python benchmarks/viewers.py [--viewers 200] [--incidents 1000] [--changes 300]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from console.accounts import Account, Accounts
from tocsin.model import Incident
from tocsin.pipeline.page import open_console
from tocsin.runtime.audit import AuditLog
from tocsin.settings.console import ConsoleSettings

START = 1_780_344_000_000


def revision(number, revised):
    return Incident(
        incident_id=f"i{number:04}",
        revision=revised,
        msg_type="Alert" if revised == 1 else "Update",
        reason="raised" if revised == 1 else "grown",
        state="open",
        hazard="fire",
        hazards={"fire": 0.9, "explosion": 0.1},
        lat=43.0 + number % 70 / 10,
        lon=-1.0 + number % 80 / 10,
        radius_km=3.0,
        r50_km=1.5,
        place=f"Commune {number}",
        place_id=f"fr:{number}",
        country="FR",
        raised_at=START + number * 1_000,
        updated_at=START + number * 1_000 + revised,
        first_voice_at=START,
        voices=3 + revised,
        witnesses=2,
        networks=("bluesky", "mastodon"),
        evidence=12.5,
        threshold=10.674,
        expected=0.001,
        window_ms=600_000,
        terms=("flammes", "fumee noire"),
        reported=("people trapped: 2 voices",),
    )


def serve(pipe, incidents):
    """Run the console on one core; answer what the other process asks."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        audit = AuditLog(Path(folder) / "audit.jsonl")
        with open_console(
            ConsoleSettings(port=0), Accounts([]), decide=lambda _: None, audit=audit, now=lambda: START
        ) as server:
            for number in range(incidents):
                server.incident(revision(number, 1))
            viewer = Account(name="viewer", role="viewer", centre="c", password="")
            pipe.send((server.invite(viewer), server.address))
            while (asked := pipe.recv()) is not None:
                if asked == "cost":
                    usage = resource.getrusage(resource.RUSAGE_SELF)
                    pages = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
                    pipe.send((usage.ru_utime + usage.ru_stime, pages / 1e6))
                else:
                    server.incident(revision(*asked))


async def listen(client, address, seen, ready):
    async with client.stream("GET", f"{address}/events", timeout=None) as stream:
        ready.release()
        async for line in stream.aiter_lines():
            if line.startswith("data: ") and '"row"' in line:
                seen.append(time.perf_counter())


async def changes(pipe, address, cookies, viewers, incidents, count, first):
    """Give for each change the delay of its slowest viewer, in milliseconds."""
    limits = httpx.Limits(max_connections=viewers + 10)
    async with httpx.AsyncClient(cookies=cookies, limits=limits) as client:
        ready = asyncio.Semaphore(0)
        seen = [[] for _ in range(viewers)]
        tasks = [asyncio.create_task(listen(client, address, one, ready)) for one in seen]
        for _ in range(viewers):
            await ready.acquire()
        delays = []
        for change in range(count):
            for one in seen:
                one.clear()
            began = time.perf_counter()
            pipe.send((change % incidents, first + change // incidents))
            until = began + 30
            while not all(seen) and time.perf_counter() < until:  # noqa: ASYNC110  # nobody tells when all viewers have it
                await asyncio.sleep(0.002)
            assert all(seen), "a viewer was not told"
            delays.append((max(one[0] for one in seen) - began) * 1_000)
            await asyncio.sleep(0.02)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return delays


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--incidents", type=int, default=1_000)
    parser.add_argument("--changes", type=int, default=300)
    given = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, given.incidents), daemon=True)
    process.start()
    if not ours.poll(60):
        raise SystemExit("the console did not start")
    invitation, address = ours.recv()

    def cost():
        ours.send("cost")
        return ours.recv()

    with httpx.Client(follow_redirects=True, timeout=60) as client:
        client.get(invitation)
        times = []
        for _ in range(5):
            began = time.perf_counter()
            page = client.get(address + "/")
            times.append((time.perf_counter() - began) * 1_000)
        cookies = client.cookies
    print(
        f"{given.incidents} open incidents: the whole board is {len(page.content) / 1e6:.2f} MB, first {times[0]:.0f} ms, then {statistics.median(times[1:]):.0f} ms"
    )
    few = asyncio.run(changes(ours, address, cookies, 1, given.incidents, min(100, given.changes), 2))
    before, memory_before = cost()
    many = asyncio.run(changes(ours, address, cookies, given.viewers, given.incidents, given.changes, 1_000))
    after, memory_after = cost()
    cpu_us = (after - before) / given.changes / given.viewers * 1e6
    slow = sorted(many)
    print(
        f"{given.viewers} viewers: a change has reached the last of them after {statistics.median(many):.0f} ms (median), {slow[int(len(slow) * 0.99)]:.0f} ms (99 %); "
        f"one viewer alone {statistics.median(few):.1f} ms; ratio {statistics.median(many) / statistics.median(few):.1f}"
    )
    print(
        f"{cpu_us:.0f} µs of processor a change and viewer; {1e6 / (cpu_us * given.viewers):.0f} changes a second would fill the core"
    )
    print(f"memory {memory_before:.0f} MB with one viewer, {memory_after:.0f} MB with {given.viewers}")
    ours.send(None)
    process.join(20)


if __name__ == "__main__":
    main()
