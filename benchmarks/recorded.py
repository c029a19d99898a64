"""Recordings of the scenarios of a data folder, heard once and kept; and the score of what a detector says of them.

Shared by ``ablation.py`` and ``calibration.py``. A recording holds no text.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tocsin.analysis.hearing import record
from tocsin.analysis.recording import Recording, read, write
from tocsin.model import Incident
from tocsin.pipeline.outputs import LineOutputs
from tocsin.scoring import read_alerts, read_truth, read_voices, score
from tocsin.settings import load_settings

TRUTH = ".truth.json"


def scenarios(folders: Iterable[Path]) -> dict[str, Path]:
    """Give the base path of every scenario (``NAME.posts.jsonl.gz`` and so on) below some folders, by name."""
    found = {path.name.removesuffix(TRUTH): path for folder in folders for path in sorted(folder.rglob(f"*{TRUTH}"))}
    return {name: path.with_name(name) for name, path in found.items()}


def heard(base: Path, work: Path) -> Recording:
    """Give the recording of a scenario: read it from the work folder, or hear the posts and keep it there."""
    kept = work / f"{base.name}.mentions.jsonl.gz"
    if kept.exists():
        return read([kept])
    settings = load_settings(None, os.environ)
    settings = settings.model_copy(update={"runtime": settings.runtime.model_copy(update={"extract_processes": 0})})
    work.mkdir(parents=True, exist_ok=True)
    recording = record([Path(f"{base}.posts.jsonl.gz")], settings)
    write(recording, kept)
    return recording


def scored(base: Path, said: Iterable[Incident | dict]) -> dict:
    """Score what was said of a scenario: incidents, or the lines of another detector."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as stream:
        lines = LineOutputs(stream)  # type: ignore[arg-type]
        for one in said:
            if isinstance(one, Incident):
                lines.incident(one)
            else:
                stream.write(json.dumps(one).encode() + b"\n")
        stream.flush()
        alerts = read_alerts(Path(stream.name))
    voices = read_voices(Path(f"{base}.posts.jsonl.gz"), Path(f"{base}.labels.jsonl.gz"))
    return json.loads(json.dumps(score(read_truth(Path(f"{base}{TRUTH}")), alerts, voices)))
