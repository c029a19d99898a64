"""A worker of the real command line whose gate and extractor are simple words: it starts fast and can be known by heart."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from words import WordExtractor, WordGate

from tocsin.cli import main

packaged_gate = "--packaged-gate" in sys.argv
if packaged_gate:
    sys.argv.remove("--packaged-gate")
if "ingest" in sys.argv and not packaged_gate:
    import tocsin.distributed.ingest_worker

    tocsin.distributed.ingest_worker._packaged_gate = lambda _settings: WordGate()
if "extract" in sys.argv:
    import tocsin.distributed.extract_worker

    tocsin.distributed.extract_worker.packaged_extractor = lambda _settings: WordExtractor()

if __name__ == "__main__":
    sys.exit(main(["--log-format", "json", "worker", *sys.argv[1:]]))
