"""Recordings of the scenarios of a data folder, heard once and kept; and the score of what a detector says of them.

Shared by ``evaluate.py``, ``ablation.py``, ``calibration.py`` and ``radius.py``. A recording holds no text. It is kept under a digest of the posts and of all
that hears them: code and data of ``ingest`` and ``nlp``. What was heard by another tree is heard again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import ingest
import nlp
from tocsin.analysis.hearing import record
from tocsin.analysis.recording import Recording, read, write
from tocsin.model import Incident
from tocsin.pipeline.outputs import LineOutputs
from tocsin.scoring import read_alerts, read_truth, read_voices, score
from tocsin.settings import load_settings

TRUTH = ".truth.json"
HEARING = (ingest, nlp)
READINGS = Path(__file__).parents[1] / "training" / "readings.npz"
"""What encoders that had not seen the event of a training post say of it."""


def scenarios(folders: Iterable[Path]) -> dict[str, Path]:
    """Give the base path of every scenario (``NAME.posts.jsonl.gz`` and so on) below some folders, by name."""
    found = {path.name.removesuffix(TRUTH): path for folder in folders for path in sorted(folder.rglob(f"*{TRUTH}"))}
    return {name: path.with_name(name) for name, path in found.items()}


def unseen(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the environment in which a training post is read by an encoder that had not seen its event."""
    return {"TOCSIN_NLP__READINGS_PATH": str(READINGS), **environ}


@lru_cache(maxsize=1)
def hearing() -> bytes:
    """Give a digest of all that turns posts into mentions."""
    digest = hashlib.blake2b(READINGS.read_bytes(), digest_size=16)
    for package in HEARING:
        folder = Path(package.__file__ or "").parent
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in {".pyc", ".md"}):
            digest.update(str(path.relative_to(folder)).encode() + b"\0")
            digest.update(hashlib.blake2b(path.read_bytes(), digest_size=16).digest())
    return digest.digest()


def kept_as(base: Path, work: Path) -> Path:
    """Give where the recording of a scenario is kept."""
    posts = hashlib.blake2b(Path(f"{base}.posts.jsonl.gz").read_bytes(), digest_size=4, key=hearing())
    return work / f"{base.name}.{posts.hexdigest()}.mentions.jsonl.gz"


def heard(base: Path, work: Path) -> Recording:
    """Give the recording of a scenario: read it from the work folder, or hear the posts and keep it there."""
    kept = kept_as(base, work)
    if kept.exists():
        return read([kept])
    settings = load_settings(None, unseen(os.environ))
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
