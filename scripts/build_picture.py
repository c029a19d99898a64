"""Photograph the demo's map for the README: a maintainers' chore; the picture ships.

Usage: python scripts/build_picture.py [MAP] [--out docs/images/demo.png] [--incident HAZARD] [--share 0.62]

MAP is what `tocsin demo` wrote (out/demo-map.html by default). The picture shows the instant at ``--share`` of the time line with the
first incident of ``--incident`` opened. It needs Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTH, HEIGHT = 1280, 800
SET_CLOCK = """(slider, share) => {
  slider.value = Math.round(share * slider.max);
  slider.dispatchEvent(new Event("input"));
}"""
FIND = """(hazard) => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const shown = [...document.querySelectorAll("#list button[data-incident]")].map((one) => one.dataset.incident);
  const found = data.incidents.find(([first]) => first.hazard === hazard && shown.includes(first.incident_id));
  return found ? found[0].incident_id : null;
}"""


def main() -> int:
    """Run the chore."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("map", type=Path, nargs="?", default=Path("out/demo-map.html"))
    parser.add_argument("--out", type=Path, default=Path("docs/images/demo.png"))
    parser.add_argument("--incident", default="explosion")
    parser.add_argument("--share", type=float, default=0.62)
    options = parser.parse_args()
    program = shutil.which("chromium")
    if program is None:
        print("build_picture: expected chromium on the path, got none", file=sys.stderr)
        return 2
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(options.map.resolve().as_uri())
        page.wait_for_selector("html[data-ready=true]", state="attached")
        if page.locator("html").get_attribute("lang") != "en":
            page.locator("#lang").click()
        page.locator("#clock").evaluate(SET_CLOCK, options.share)
        chosen = page.evaluate(FIND, options.incident)
        if chosen is None:
            print(f"build_picture: expected an incident of hazard {options.incident}, got none", file=sys.stderr)
            return 1
        page.locator(f'#list button[data-incident="{chosen}"]').click()
        page.screenshot(path=str(options.out))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
