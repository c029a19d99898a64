"""The talk that talk draws: how many voices are expected because others were heard, without any event.

After a voice, others retell it: each draws ``alpha`` voices over ``tau`` minutes on average (a newsroom's or a relayed one more, and for
longer). So the rate that the next voice is measured against is

    b_i + sum over earlier voices j of alpha_j / tau_j * exp(-(t_i - t_j) / tau_j) * P0(s_i | s_j)

with ``P0`` the probability that a retelling of what ``j`` told names what ``i`` names: the same place mostly. It is the Hawkes
(self-exciting) form of over-dispersion: three voices that repeat one rumour weigh much less than three witnesses of an ordinary day.

Fails when: a cascade is faster than ``tau`` says (a celebrity retells): copies and marks must then hold it.

Sources: A. G. Hawkes, Biometrika 1971; Q. Zhao et al., "SEISMIC", KDD 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.geometry import Floats, distances_km
from detectors.place import NONE_SHARE, TOWN_SHARE
from detectors.voices import RETOLD, Voice
from tocsin.model import COARSE_KINDS
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS

COARSE_UNCERTAINTY_KM: Final = 150.0


def retold(voices: Sequence[Voice], spread_km: float, settings: DetectorSettings) -> Floats:
    """Give for each voice the voices a minute expected at its time and place because of the earlier ones.

    Args:
        voices: in canonical order.
        spread_km: the spread of the hazard, within which two places are told of as one.
        settings: ``retelling_*`` and ``relay_*`` are read.

    >>> from detectors.voices import Voice
    >>> said = [Voice(number=i, post_id=str(i), author=str(i), source="", at=i * 60_000, hazards={"fire": 1.0}, main="fire",
    ...     probability=0.5, weight=1.0) for i in range(2)]
    >>> retold(said, 3.0, DetectorSettings()).round(4).tolist()
    [0.0, 0.0023]

    What reads as first-hand is seldom a retelling: its expected rate is lowered by ``retold_as_own``.
    """
    count = len(voices)
    if count < 2:
        return np.zeros(count)
    at, relayed, passed_on, located, lat, lon, uncertainty = np.array([_row(v, settings) for v in voices]).T
    alpha = np.where(relayed, settings.relay_alpha, settings.retelling_alpha)
    tau = np.where(relayed, settings.relay_tau_mins, settings.retelling_tau_mins)
    drawn = np.tril(alpha / tau * np.exp(-np.maximum(at[:, None] - at[None, :], 0.0) / tau), k=-1)
    result: Floats = np.round(
        (drawn * _same_place(located > 0, lat, lon, uncertainty, spread_km)).sum(axis=1) * passed_on, 12
    )
    return result


def _row(voice: Voice, settings: DetectorSettings) -> tuple[float, ...]:
    """Give of a voice: when (minutes), whether relayed, its share of retellings, whether located, where, how surely (km)."""
    passed_on = settings.retold_as_own if voice.first_hand else 1.0
    if not voice.places:
        return voice.at / MINUTE_MS, voice.witness in RETOLD, passed_on, False, 0.0, 0.0, 0.0
    place = voice.places[0]
    uncertainty = COARSE_UNCERTAINTY_KM if place.kind in COARSE_KINDS else place.uncertainty_km
    return voice.at / MINUTE_MS, voice.witness in RETOLD, passed_on, True, place.lat, place.lon, uncertainty


def _same_place(
    located: npt.NDArray[np.bool_], lat: Floats, lon: Floats, uncertainty: Floats, spread_km: float
) -> Floats:
    """Give ``P0(s_i | s_j)`` for each later voice (rows) and earlier one (columns)."""
    if not located.any():
        return np.full((len(located), len(located)), NONE_SHARE)
    scale = spread_km**2 + uncertainty[:, None] ** 2 + uncertainty[None, :] ** 2
    close = TOWN_SHARE * (1.0 + distances_km(lat, lon, lat, lon) ** 2 / scale) ** -1.5
    result: Floats = np.where(located[:, None], np.where(located[None, :], close, 0.0), NONE_SHARE)
    return result
