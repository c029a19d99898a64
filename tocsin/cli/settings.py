"""``tocsin settings``: change the detector's settings while the workers run, and see which are in force."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path  # the command line resolves the annotations at run time
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
import tomlkit
from cyclopts import Parameter

from tocsin import topics, wire
from tocsin.distributed.keeping import open_store
from tocsin.model import SettingsChange
from tocsin.runtime.kafka import Cluster, ClusterError
from tocsin.runtime.store import StoreError
from tocsin.settings import load_settings
from tocsin.time import format_instant, parse_instant

if TYPE_CHECKING:
    from tocsin.settings import Settings
    from tocsin.settings.detector import DetectorSettings

DONE, FAILED, BAD_INPUT = 0, 1, 2
SECTION: Final = "detector"


def settings(
    action: Annotated[
        Literal["apply", "show"],
        Parameter(help="`apply`: send the `[detector]` section of FILE. `show`: print the one in force."),
    ],
    file: Annotated[Path | None, Parameter(help="`apply`: settings file (TOML) that holds the new section.")] = None,
    *,
    config: Annotated[Path, Parameter(help="Settings file (TOML) of the workers.")],
    at: Annotated[
        str | None, Parameter(help="`apply`: instant (ISO 8601) from whose pane on it acts; now if not given.")
    ] = None,
) -> int:
    """Change the settings of the running detector, or show them.

    The section is checked like any settings file, then written to `mentions` as a record: it acts from the pane of its instant on, or
    from the first that is still open, and whoever takes over goes on with it. It replaces the whole section: a key that FILE does not
    hold has its default. Other sections act when their worker is started again. Keep the workers' own file the same: it decides where
    no checkpoint is.
    """
    workers = load_settings(config, os.environ)
    try:
        if action == "show":
            return _show(workers, config, file, at)
        return _apply(workers, file, at)
    except (ClusterError, StoreError) as error:
        return _refuse(f"{action}: {error}", FAILED)


def _apply(workers: Settings, file: Path | None, at: str | None) -> int:
    if file is None:
        return _refuse("apply: expected a settings file, got none", BAD_INPUT)
    loaded = load_settings(file, os.environ)
    if SECTION not in loaded.model_fields_set:
        return _refuse(f"apply: {file}: expected a section [{SECTION}], got none", BAD_INPUT)
    try:
        acts_at = time.time_ns() // 1_000_000 if at is None else parse_instant(at)
    except ValueError:
        return _refuse(f"apply: --at: expected an instant as 2026-06-01T06:00:00Z, got {at}", BAD_INPUT)
    cluster = Cluster(workers.kafka)
    producer = cluster.producer()
    try:
        change = SettingsChange(at=acts_at, toml=_toml(loaded.detector))
        producer.send(cluster.name(topics.MENTIONS), 0, wire.encode_batch([change]))
        producer.settle()
    finally:
        producer.close()
    sys.stdout.write(f"sent: acts from {format_instant(acts_at)} on, or from the first pane that is still open\n")
    for name in _differing(workers.detector, loaded.detector):
        was, now = (_value(one, name) for one in (workers.detector, loaded.detector))
        sys.stdout.write(f"  {SECTION}.{name} = {now} (the workers' file: {was})\n")
    return DONE


def _show(workers: Settings, config: Path, file: Path | None, at: str | None) -> int:
    if file is not None or at is not None:
        return _refuse("show: expected no file and no instant, got one", BAD_INPUT)
    store = open_store(workers.store)
    try:
        last = store.load("detect")
    finally:
        store.close()
    if last is None:
        sys.stdout.write(f"# No detector has kept a checkpoint yet: it will begin with those of {config}.\n")
        sys.stdout.write(_toml(workers.detector))
        return DONE
    from detectors import Detector  # noqa: PLC0415 - only where there is one to be looked at
    from tocsin.distributed.detect import DetectState  # noqa: PLC0415

    try:
        state = msgspec.msgpack.decode(last.state, type=DetectState)
        in_force = Detector.restore(state.detector, workers.time.panes()).settings
    except msgspec.MsgspecError as error:
        return _refuse(f"show: the checkpoint of detect is of another version: {error}", FAILED)
    sys.stdout.write(f"# In force at checkpoint {last.epoch}; keys that are not here have their defaults.\n")
    sys.stdout.write(_toml(in_force))
    return DONE


def _toml(section: DetectorSettings) -> str:
    """Give the section with what is not a default, as TOML."""
    return str(tomlkit.dumps({SECTION: section.model_dump(mode="json", exclude_defaults=True)}))


def _differing(one: DetectorSettings, other: DetectorSettings) -> list[str]:
    return [name for name in type(one).model_fields if getattr(one, name) != getattr(other, name)]


def _value(section: DetectorSettings, name: str) -> str:
    return json.dumps(section.model_dump(mode="json")[name])


def _refuse(message: str, code: int) -> int:
    sys.stderr.write(f"tocsin settings {message}\n")
    return code
