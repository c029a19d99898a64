"""Where it is: how well what a voice names fits a place, the posterior over the places named, and its medoid.

``fit(c, z)`` is the probability that a witness of an event at ``z`` names ``c``: the share of the kind of ``c``, times a kernel in the
distance ``d`` between them,

    K(d) = (1 + d² / s²) ** -1.5        s² = spread² + u_c² + u_z²

heavy-tailed (Student) with the spread of the hazard and the uncertainties of both, times ``(spread² + u_c²) / s²``: a vague zone
spreads its mass over all it covers, so that a named quarter is not pulled to the town hall. A country, region or département fits all
it contains alike, so it only breaks ties. What is said to be *near* a place (outside it, north of it) is seldom in the place itself.

The answer is the **medoid**: the named place with the least expected distance to the truth under the posterior, never a mean (a mean of
two towns is a field between them). r50 and r90 hold half and nine tenths of the mass.

Fails when: all voices misname the place; when the candidates hold no right one. Source: P. J. Rousseeuw, L. Kaufman, 1987 (medoids); B.
Wing, J. Baldridge, ACL 2011 (text geolocation as a posterior over places).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from detectors.geometry import Floats, distance_km, distances_km
from detectors.pool import coarse_key, containing_keys
from detectors.voices import Voice
from tocsin.model import COARSE_KINDS, AreaMass, Place

NONE_SHARE: Final = 0.35
"""Share of witnesses who name no place."""
FINE_SHARE: Final = 0.25
"""Share of witnesses who name a quarter, a street or another place below the town."""
TOWN_SHARE: Final = 0.30
"""Share of witnesses who name the town."""
COARSE_SHARES: Final = {"departement": 0.05, "region": 0.05, "country": 0.05}
WIDE_COARSE_SHARES: Final = {"departement": 0.05, "region": 0.08, "country": 0.15}
"""A quake or a storm is often named by its region or country."""
WIDE_KM: Final = 15.0
"""Hazards that spread at least so far are wide."""
NARROW_BLUR: Final = 0.5
WIDE_BLUR: Final = 2.0
"""Part of the spread by which r90 is widened (in quadrature): witnesses name where they are, not where it is."""
ERRANT: Final = 0.01
"""Share of voices whose place has nothing to do with the event."""
BESIDE: Final = frozenset({"near", "journey"})
"""Methods of a place that the thing is said to be near, outside or north of, or on the way to or from."""
OWN_PART: Final = 0.4
"""The part of such a place's uncertainty that is the place itself."""
BESIDE_ITSELF: Final = 0.25
"""Who says "near Waco" seldom means Waco: how well a zone within Waco itself fits that, against one as far off as "near" goes."""
PRIOR_POWER: Final = 0.5
"""Where an event is thought to be goes by the square root of the people: of two places named, the larger was named for its size already."""
MOST_AREAS: Final = 16
"""Areas told of an incident: those with the most mass."""
LEAST_AREA_MASS: Final = 0.005
LARGEST_RADIUS_KM: Final = 400.0
SMALLEST_RADIUS_KM: Final = 0.5


def share_of(place: Place, spread_km: float) -> float:
    """Give the share of witnesses who name a place of this kind."""
    if place.kind in COARSE_KINDS:
        return (WIDE_COARSE_SHARES if spread_km >= WIDE_KM else COARSE_SHARES)[place.kind]
    return TOWN_SHARE if place.kind in ("town", "road") else FINE_SHARE


def kernel(distance: Floats, spread_km: float, uncertainty_c: Floats, uncertainty_z: Floats) -> Floats:
    """Give ``K(d) * (spread² + u_c²) / s²`` for a matrix of distances (rows: zones, columns: places named).

    >>> import numpy as np
    >>> np.round(kernel(np.array([[0.0, 30.0]]), 3.0, np.array([4.0, 4.0]), np.array([0.0])), 3).tolist()
    [[1.0, 0.004]]
    """
    own = spread_km**2 + uncertainty_c[None, :] ** 2
    scale = own + uncertainty_z[:, None] ** 2
    result: Floats = own / scale * (1.0 + distance**2 / scale) ** -1.5
    return result


class Candidates(msgspec.Struct, frozen=True):
    """The candidate places of some voices, side by side: which voice, which place, the probability that it is meant."""

    owner: list[int]
    places: list[Place]
    scores: Floats


def candidates_of(voices: Sequence[Voice]) -> Candidates:
    """Lay the candidate places of voices side by side; ``owner`` counts from 0 in the order given."""
    owner = [index for index, voice in enumerate(voices) for _ in voice.places]
    places = [place for voice in voices for place in voice.places]
    return Candidates(owner, places, np.array([place.score for place in places], dtype=np.float64))


def fits(zones: Sequence[Place], named: Sequence[Place], spread_km: float) -> Floats:
    """Give the matrix of ``fit(c, z)``: rows are zones, columns the places named.

    >>> quarter = Place(id="q", name="Gerland", kind="quarter", lat=45.727, lon=4.833, uncertainty_km=1, country="FR")
    >>> town = Place(id="t", name="Lyon", kind="town", lat=45.76, lon=4.84, uncertainty_km=5, country="FR")
    >>> bool(fits([quarter], [town], 3.0) > 0.1), bool(fits([quarter], [quarter], 3.0) > fits([town], [quarter], 3.0))
    (True, True)
    """
    if not zones or not named:
        return np.zeros((len(zones), len(named)))
    zone_lat, zone_lon, zone_unc = _columns(zones)
    lat, lon, unc = _columns(named)
    apart = distances_km(zone_lat, zone_lon, lat, lon)
    matrix = kernel(apart, spread_km, unc, zone_unc)
    matrix *= np.array([share_of(place, spread_km) for place in named])[None, :]
    beside = np.array([place.method in BESIDE for place in named])
    if beside.any():
        matrix[:, beside] *= np.where(apart[:, beside] < OWN_PART * unc[beside], BESIDE_ITSELF, 1.0)
    containing = [frozenset(containing_keys(zone)) for zone in zones]
    inside: dict[str, Floats] = {}
    for column, place in enumerate(named):
        key = coarse_key(place)
        if key is not None:
            if key not in inside:
                inside[key] = np.array([float(key in keys) for keys in containing])
            matrix[:, column] = inside[key] * share_of(place, spread_km)
    return matrix


class Whereabouts(msgspec.Struct, frozen=True):
    """The posterior over zones: its medoid, radii, and the mass of each zone (same order as the zones)."""

    zones: tuple[Place, ...]
    mass: tuple[float, ...]
    medoid: int
    r50_km: float
    r90_km: float

    @property
    def place(self) -> Place:
        """The medoid: a place that was named."""
        return self.zones[self.medoid]

    def areas(self) -> tuple[AreaMass, ...]:
        """Give the mass of each commune (of each place, outside communes), largest first, at most ``MOST_AREAS``."""
        masses: dict[tuple[str, str], float] = {}
        likeliest: dict[tuple[str, str], tuple[float, Place]] = {}
        for zone, mass in zip(self.zones, self.mass, strict=True):
            key = ("commune", zone.admin.commune) if zone.admin.commune else ("place", zone.id)
            masses[key] = masses.get(key, 0.0) + mass
            if key not in likeliest or mass > likeliest[key][0]:
                likeliest[key] = (mass, zone)
        ranked = sorted(masses, key=lambda key: (-round(masses[key], 6), key))[:MOST_AREAS]
        return tuple(
            AreaMass(
                place=zone.name,
                mass=round(masses[key], 4),
                lat=round(zone.lat, 6),
                lon=round(zone.lon, 6),
                country=zone.country,
                region=zone.admin.region,
                departement=zone.admin.departement,
                commune=zone.admin.commune,
            )
            for key, zone in ((key, likeliest[key][1]) for key in ranked)
            if masses[key] >= LEAST_AREA_MASS
        )

    def within(self, radius_km: float) -> float:
        """Give the mass of the zones within a distance of the medoid, from 0 to 1."""
        inside = (
            mass
            for zone, mass in zip(self.zones, self.mass, strict=True)
            if distance_km(zone.lat, zone.lon, self.place.lat, self.place.lon) <= radius_km
        )
        return round(sum(inside), 6)

    def commune(self, least: float) -> tuple[str, float] | None:
        """Give the commune that holds at least ``least`` of the mass, with that mass."""
        masses: dict[str, float] = {}
        for zone, mass in zip(self.zones, self.mass, strict=True):
            if zone.admin.commune:
                masses[zone.admin.commune] = masses.get(zone.admin.commune, 0.0) + mass
        best = max(masses, key=lambda code: (masses[code], code), default=None)
        return (best, masses[best]) if best is not None and masses[best] >= least else None


def log_likelihood(zones: Sequence[Place], voices: Sequence[Voice], trust: Floats, spread_km: float) -> Floats:
    """Give for each zone the logarithm of the likelihood of all that voices name: ``sum of trust * log(errant + P(s | z))``."""
    named = candidates_of(voices)
    likelihood = np.zeros((len(zones), len(voices)))
    weighed = fits(zones, named.places, spread_km) * named.scores[None, :]
    for column, owner in enumerate(named.owner):
        likelihood[:, owner] += weighed[:, column]
    located = np.array([bool(voice.places) for voice in voices], dtype=bool)
    result: Floats = (np.log(ERRANT + likelihood[:, located]) * trust[None, located]).sum(axis=1)
    return result


def whereabouts(
    zones: Sequence[Place], prior: Floats, voices: Sequence[Voice], trust: Floats, spread_km: float
) -> Whereabouts:
    """Give the posterior over zones from what voices name.

    Args:
        zones: places that were named, finer than a département.
        prior: their prior weights.
        voices: the voices of the event; those without a place say nothing here.
        trust: the weight of each voice's word, from 0 to 1 (a relay repeats what others said).
        spread_km: the spread of the hazard.

    Raises:
        ValueError: there is no zone.
    """
    if not zones:
        raise ValueError("a posterior needs at least one zone")
    nats = PRIOR_POWER * np.log(prior) + log_likelihood(zones, voices, trust, spread_km)
    mass = np.exp(nats - nats.max())
    mass /= mass.sum()
    mass = np.round(mass, 9)
    lat, lon, unc = _columns(zones)
    apart = distances_km(lat, lon, lat, lon)
    reach = np.sqrt(apart**2 + unc[None, :] ** 2)
    medoid = int(np.argmin(np.round((apart * mass[None, :]).sum(axis=1), 6)))
    order = np.argsort(reach[medoid], kind="stable")
    running = np.cumsum(mass[order]) / mass.sum()
    r50, r90 = (float(reach[medoid][order][int(np.searchsorted(running, q - 1e-9))]) for q in (0.5, 0.9))
    blur = (WIDE_BLUR if spread_km >= WIDE_KM else NARROW_BLUR) * spread_km
    r50, r90 = math.hypot(r50, blur / 2), math.hypot(r90, blur)
    return Whereabouts(tuple(zones), tuple(mass.tolist()), medoid, _clamp(r50), _clamp(r90))


def nominate(voices: Sequence[Voice], most: int) -> list[Place]:
    """Give the places finer than a département that voices name, most supported first, at most ``most``."""
    support: dict[str, float] = {}
    places: dict[str, Place] = {}
    for voice in voices:
        for place in voice.fine:
            support[place.id] = support.get(place.id, 0.0) + place.score * voice.weight
            places.setdefault(place.id, place)
    ranked = sorted(support, key=lambda key: (-round(support[key], 6), key))
    return [places[key] for key in ranked[:most]]


def _clamp(radius_km: float) -> float:
    return round(min(max(radius_km, SMALLEST_RADIUS_KM), LARGEST_RADIUS_KM), 3)


def _columns(places: Sequence[Place]) -> tuple[Floats, Floats, Floats]:
    table = np.array([(place.lat, place.lon, place.uncertainty_km) for place in places], dtype=np.float64)
    return table[:, 0], table[:, 1], table[:, 2]
