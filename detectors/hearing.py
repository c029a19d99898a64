"""Hearing: each item of a closed pane changes what is remembered, in canonical order."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Final

from detectors import claims
from detectors.incident import sharpen, take_back
from detectors.memory import Memory
from detectors.panes import Item
from detectors.voices import Voice, sharpened, voice_of
from tocsin.model import GeocodeResult, Mention, Retraction, SettingsChange
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS

COMPARED_TOGETHER: Final = 256
"""Items whose texts are looked up for copies in one step."""


def hear(memory: Memory, items: Sequence[Item]) -> list[Voice]:
    """Take in the items of a pane, all but changes of settings; give the voices that may speak of something new."""
    new: list[Voice] = []
    for low in range(0, len(items), COMPARED_TOGETHER):
        some = items[low : low + COMPARED_TOGETHER]
        prints = [item.fingerprint if isinstance(item, Mention) else 0 for item in some]
        for item, like_none in zip(some, memory.copies.like_none_before(prints), strict=True):
            if isinstance(item, Mention):
                voice = _hear(memory, item, like_none=like_none)
                if voice is not None:
                    new.append(voice)
            elif isinstance(item, Retraction):
                for post_id in item.post_ids:
                    _take_back(memory, post_id)
            elif isinstance(item, GeocodeResult):
                _sharpen(memory, item)
    return new


def change_settings(memory: Memory, items: Sequence[Item]) -> None:
    """Let the changes of settings of a pane act, once it is over."""
    for item in items:
        if isinstance(item, SettingsChange):
            section = tomllib.loads(item.toml).get("detector", {})
            memory.change(DetectorSettings.model_validate(section))


def learn(memory: Memory) -> None:
    """Let ordinary voices that are old enough become history."""
    guard_at = memory.now_at - int(memory.settings.baseline_guard_mins * MINUTE_MS)
    over: list[int] = []
    for number in memory.pending:
        voice = memory.pool.get(number)
        if voice is not None and voice.at > guard_at:
            break
        if voice is not None and voice.role == "event":
            memory.baseline.learn(voice)
        over.append(number)
    for number in over:
        del memory.pending[number]


def _hear(memory: Memory, mention: Mention, *, like_none: bool) -> Voice | None:
    """Take in a mention; give its voice if it is new and no incident claims it."""
    post_id, fingerprint, repost_of = mention.post_id, mention.fingerprint, mention.repost_of
    known = memory.copies.find(post_id, fingerprint, repost_of, like_none=like_none)
    if known is not None:
        memory.copies.add(known, post_id, fingerprint, repost_of)
        case = memory.case_of(known)
        if case is not None:
            case.copies += 1
        return None
    voice = voice_of(mention, memory.following, memory.settings)
    memory.following += 1
    memory.copies.add(voice.number, post_id, fingerprint, repost_of)
    case = claims.owner_of(voice, memory.reach().may_claim(voice), memory.settings) if memory.cases else None
    if case is not None:
        core = voice.role != "event" or claims.is_core(voice, case, memory.settings)
        memory.claim(voice, case, own=core or not voice.places)
        if core:
            return None
        memory.pool.add(voice)  # it may still be of another event, measured against the talk about this one
        return voice if voice.places else None
    memory.pool.add(voice)
    memory.pending[voice.number] = None
    if not voice.places and voice.role == "event":
        memory.baseline.hear_unlocated(voice)
    return voice


def _take_back(memory: Memory, post_id: str) -> None:
    """A post was deleted: its voice is gone, from the pool or from its incident."""
    number = memory.copies.forget(post_id)
    if number is None:
        return
    memory.pending.pop(number, None)
    memory.pool.remove(number)
    case = memory.cases.get(memory.owned.pop(number, ""))
    if case is not None:
        take_back(case, {post_id}, memory.settings)


def _sharpen(memory: Memory, answer: GeocodeResult) -> None:
    """A geocoder answered: the voice's place is sharper, in the pool or in the incident that owns it."""
    number = memory.copies.number_of(answer.post_id)
    if number is None:
        return
    voice = memory.pool.get(number)
    if voice is not None:
        memory.pool.remove(number)
        memory.pool.replace(sharpened(voice, answer.place))
    case = memory.case_of(number)
    if case is not None:
        sharpen(case, answer.post_id, answer.place, memory.settings)
