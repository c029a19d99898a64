"""One ``tocsin run`` as a process, by its settings; it can be killed, waited for and asked for its metrics."""

import os
import subprocess
import sys
import time
import urllib.request

from conftest import free_port


class Running:
    """A run whose folder holds ``tocsin.toml`` and ``log``; ``port`` is for its metrics."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.process = None

    def start(self):
        command = [sys.executable, "-m", "tocsin", "run", "--config", self.folder / "tocsin.toml"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, env=os.environ | {"OMP_NUM_THREADS": "1"})

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def log(self):
        return (self.folder / "log").read_text()[-2_000:]

    def until(self, done, limit_s=90.0):
        until = time.monotonic() + limit_s
        while not done():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < until, self.log()
            time.sleep(0.05)

    def page(self):
        """The lines of the metrics page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as page:
            return page.read().decode().splitlines()

    def metric(self, name):
        """One series; ``None`` while there is none, or no page."""
        try:
            lines = self.page()
        except OSError:
            return None
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), None)
