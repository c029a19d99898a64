"""Towns that tests speak of: a maker of any, and true ones of France."""

from __future__ import annotations

from tocsin.model import Admin, Place

REGIONS = {"06": "93", "13": "93", "29": "53", "35": "53", "44": "52", "69": "84"}
"""INSEE code of the region, by that of the département."""


def town(
    name: str, lat: float, lon: float, people: int = 50_000, *, code: str | None = None, **changes: object
) -> Place:
    """A town that a post surely means; with an INSEE ``code`` a commune of France; anything else by name."""
    departement = None if code is None else code[:2]
    fields: dict[str, object] = {
        "id": name if code is None else f"fr:{code}",
        "name": name,
        "kind": "town",
        "lat": lat,
        "lon": lon,
        "uncertainty_km": 4.0,
        "country": "FR",
        "admin": Admin(region=REGIONS.get(departement or ""), departement=departement, commune=code),
        "score": 0.9,
        "population": people,
    }
    return Place(**(fields | changes))  # type: ignore[arg-type]


NANTES = town("Nantes", 47.218, -1.554, 320_000, code="44109", uncertainty_km=5.0)
BREST = town("Brest", 48.39, -4.486, 139_000, code="29019", uncertainty_km=5.0)
RENNES = town("Rennes", 48.111, -1.68, 220_000, code="35238", uncertainty_km=5.0)
LYON = town("Lyon", 45.764, 4.836, 520_000, code="69123", uncertainty_km=6.0)
NICE = town("Nice", 43.7, 7.268, 342_000, code="06088", uncertainty_km=5.0)
MARSEILLE = town("Marseille", 43.2967, 5.3764, 870_000, code="13055", uncertainty_km=8.0)
