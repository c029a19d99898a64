"""``tocsin geocode``: ask the geocoder about recorded mentions, and write its answers for a replay."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from tocsin.geocoder.clerk import OUTCOMES, Clerk, question_of
from tocsin.model import Mention
from tocsin.pipeline.outputs import whole
from tocsin.runtime import metrics as declared
from tocsin.runtime.files import whole_file
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.store import MemoryStore
from tocsin.settings import load_settings
from tocsin.time import SECOND_MS

DONE, BAD_INPUT = 0, 2
MAX_LINE_BYTES = 1 << 20


def geocode(
    mentions: Annotated[
        Path, Parameter(help="Mentions as JSON Lines (`tocsin replay --mentions`), made with `geocoder.enabled`.")
    ],
    *,
    answers: Annotated[str, Parameter(help="File for the answers, one JSON line each.", allow_leading_hyphen=True)],
    config: Annotated[Path | None, Parameter(help="Settings file (TOML).")] = None,
    after_secs: Annotated[float, Parameter(help="Stream time after its post at which an answer acts, as live.")] = 5.0,
) -> int:
    """Ask the configured geocoder for the streets, quarters and sites of recorded mentions.

    Only the words of the place and the name of its town go out. The answers are for `tocsin replay --answers`: a replay itself asks
    nobody.
    """
    settings = load_settings(config, os.environ)
    if not settings.geocoder.enabled:
        return _refuse("expected geocoder.enabled, got a geocoder that is off")
    if after_secs < 0:
        return _refuse(f"--after-secs: expected 0 or more, got {after_secs:g}")
    metrics = Metrics()
    clerk = Clerk(settings.geocoder, MemoryStore(), metrics)
    decoder, encoder = msgspec.json.Decoder(Mention), msgspec.json.Encoder()
    try:
        with mentions.open("rb") as lines, whole_file(answers) as out:
            number = 0
            while line := lines.readline(MAX_LINE_BYTES):
                number += 1
                try:
                    question = question_of(decoder.decode(line))
                except msgspec.MsgspecError as error:
                    return _refuse(f"{mentions}:{number}: expected a mention, got {error}")
                answer = None if question is None else clerk.answer(question)
                if answer is not None:
                    late = msgspec.structs.replace(answer, at=answer.at + round(after_secs * SECOND_MS))
                    out.write(encoder.encode(whole(late)) + b"\n")
    finally:
        clerk.close()
    told = {outcome: int(metrics.value(declared.GEOCODER_QUESTIONS, outcome)) for outcome in OUTCOMES}
    words = ", ".join(f"{count} {outcome}" for outcome, count in told.items() if count)
    Console(stderr=True).print(f"{sum(told.values())} questions: {words or 'none'}")
    return DONE


def _refuse(message: str) -> int:
    sys.stderr.write(f"tocsin geocode: {message}\n")
    return BAD_INPUT
