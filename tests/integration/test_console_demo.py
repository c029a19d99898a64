"""A newcomer opens the console of the demonstration: sees an incident come, opens it, confirms it with one key, and the alert goes out.

With ``DOC_PICTURES`` set to a folder, the pictures of the documentation are taken on the way.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_demo_plays import SCENARIO

pytestmark = pytest.mark.slow
LIMIT_S = 240.0
DRAWN = "() => !document.querySelector('.leaflet-zoom-anim')"
"""The map is not on its way: while it zooms its ground is hidden."""


@pytest.fixture
def demo(tmp_path):
    """The demonstration, playing for a while; and the address it invites to."""
    plan = tmp_path / "plan.toml"
    plan.write_text(SCENARIO, encoding="utf-8")
    command = [sys.executable, "-m", "tocsin", "demo", "--secs", "20", "--stay", "--map", str(tmp_path / "map.html")]
    if "DOC_PICTURES" not in os.environ:
        command += ["--scenario", str(plan)]
    out = tmp_path / "out.txt"
    with out.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=subprocess.STDOUT, env=os.environ | {"PYTHONUNBUFFERED": "1"}
        )
        try:
            yield process, lambda pattern: said(out, process, pattern)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def said(out, process, pattern):
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        found = re.search(pattern, out.read_text(encoding="utf-8").replace("\n", " "))
        if found:
            return found[1]
        if process.poll() is not None:
            pytest.fail(f"the demonstration ended: {out.read_text()}", pytrace=False)
        time.sleep(0.1)
    pytest.fail(f"not said within {LIMIT_S:g} s: {pattern}\n{out.read_text()}", pytrace=False)


def picture(window, name):
    folder = os.environ.get("DOC_PICTURES")
    if folder:
        window.wait_for_function(DRAWN)
        window.screenshot(path=Path(folder) / f"{name}.png")


def test_a_newcomer_sees_opens_and_confirms(demo, chromium):
    process, word = demo
    address = word(r"Console: (\S+)")
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", reduced_motion="reduce")
    window = context.new_page()
    complaints = []
    window.on("pageerror", lambda error: complaints.append(str(error)))
    window.goto(address)
    window.wait_for_selector("html[data-ready=true]", state="attached")
    assert window.locator(".list[data-section=open] .row").count() == 0, "nothing has happened yet"
    window.evaluate("window.untouched = true")
    window.wait_for_selector(".list[data-section=open] .row", timeout=LIMIT_S * 1_000)
    assert window.evaluate("window.untouched") is True
    if "DOC_PICTURES" in os.environ:
        word(r"Enter by: (\S+)")
        window.locator(".menu summary").click()
        window.locator(".menu button[lang=en]").click()
        window.wait_for_selector("html[lang=en][data-ready=true]", state="attached")
        picture(window, "console-map")
    window.keyboard.press("j")
    window.keyboard.press("Enter")
    window.wait_for_selector("#sheet .sheet")
    window.wait_for_selector(".row a[aria-current=true]")
    picture(window, "console")
    window.keyboard.press("c")
    window.wait_for_selector("#sheet .notices li:has-text('Actual')", timeout=20_000)
    word(r"Enter by: (\S+)")
    base = address.partition("/enter")[0]
    window.goto(base + "/tuning")
    window.locator("#k-min_voices").fill("6")
    window.locator("button[value=try]").click()
    window.wait_for_selector("#trial img.curves", timeout=LIMIT_S * 1_000)
    window.locator("img.curves").evaluate("one => one.decode()")
    picture(window, "console-tuning")
    window.goto(base + "/audit")
    assert "verdict.confirmed" in window.locator("main").inner_text()
    assert complaints == []
    context.close()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
