"""A geocoding server on loopback that speaks the documented forms of BAN (addok), Nominatim and Photon, and can be made ill.

Written from the documentation of the three: https://adresse.data.gouv.fr/api-doc/adresse, https://nominatim.org/release-docs/latest/api/,
https://github.com/komoot/photon. The streets are invented, the towns are not.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STREETS = {
    # words of the name -> (name, town, insee, lat, lon, half the size in degrees)
    "aubagne": ("Rue d'Aubagne", "Marseille", "13201", 43.2948, 5.3812, 0.003),
    "lices": ("Boulevard des Lices", "Arles", "13004", 43.6749, 4.6287, 0.002),
    "jaures": ("Lycée Jean Jaurès", "Montreuil", "93048", 48.8612, 2.4431, 0.001),
}


class GeocoderServer:
    """``speaks``: ban, nominatim or photon. ``ills``: what the next requests suffer, one each; ``always`` what all do."""

    def __init__(self, speaks: str, path: str | None = None) -> None:
        self.speaks = speaks
        self.path = path or ("/api" if speaks == "photon" else "/search")
        self.requests: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.ills: list[str] = []
        self.always = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.serve(self)

            def log_message(self, *_: object) -> None:
                """Be silent."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def domain(self) -> str:
        return f"127.0.0.1:{self._http.server_address[1]}"

    @property
    def asked(self) -> list[str]:
        """The questions, as they came."""
        return [query["q"] for _, query, _ in self.requests]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        url = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        self.requests.append((url.path, query, {name.lower(): value for name, value in handler.headers.items()}))
        ill = self.ills.pop(0) if self.ills else self.always
        if url.path != self.path:
            self._send(handler, 404, b'{"code":404,"message":"not found"}')
        elif ill:
            self._suffer(handler, ill, query)
        else:
            self._send(handler, 200, json.dumps(self._answer(query)).encode())

    def _suffer(self, handler: BaseHTTPRequestHandler, ill: str, query: dict[str, str]) -> None:
        kind, _, value = ill.partition("=")
        if kind == "status":
            self._send(handler, int(value), f"error for {query['q']}".encode())
        elif kind == "limited":
            self._send(handler, 429, b"slow down", {"Retry-After": value})
        elif kind == "redirect":
            self._send(handler, 302, b"", {"Location": value})
        elif kind == "slow":
            time.sleep(float(value))  # the illness itself, not a wait of the test
            self._send(handler, 200, json.dumps(self._answer(query)).encode())
        elif kind == "drip":
            handler.send_response(200)
            handler.end_headers()
            for _ in range(int(value)):
                try:
                    handler.wfile.write(b" ")
                    handler.wfile.flush()
                except OSError:
                    return  # the other side has had enough
                time.sleep(0.05)
        elif kind == "body":
            self._send(handler, 200, value.encode())
        elif kind == "huge":
            self._send(handler, 200, b'{"features":[' + b" " * int(value) + b"]}")
        else:
            raise AssertionError(ill)

    def _send(
        self, handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str] | None = None
    ) -> None:
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json; charset=utf-8")
            handler.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            return  # the other side has had enough

    def _answer(self, query: dict[str, str]) -> object:
        words = query["q"].lower().replace("è", "e").replace("é", "e")
        street = next((street for word, street in STREETS.items() if word in words), None)
        town = next((s for s in STREETS.values() if s[1].lower() in words), None)
        return getattr(self, f"_{self.speaks}")(street, town)

    def _ban(self, street, town) -> object:
        features = []
        if street is not None:
            name, city, insee, lat, lon, _ = street
            kind = "street"
            features.append(
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [lon, lat]},
                    "properties": {
                        "label": f"{name} 13000 {city}",
                        "score": 0.87,
                        "id": f"{insee}_0432",
                        "name": name,
                        "postcode": "13000",
                        "citycode": insee,
                        "x": 893000.1,
                        "y": 6246000.2,
                        "city": city,
                        "context": "13, Bouches-du-Rhône",
                        "type": kind,
                        "importance": 0.61,
                        "street": name,
                    },
                }
            )
        elif town is not None:  # what addok does with a street that it does not know
            features.append(
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [town[4], town[3]]},
                    "properties": {
                        "label": town[1],
                        "score": 0.55,
                        "name": town[1],
                        "city": town[1],
                        "type": "municipality",
                    },
                }
            )
        return {"type": "FeatureCollection", "version": "draft", "features": features, "attribution": "BAN",
                "licence": "ETALAB-2.0", "query": "", "limit": 5}  # fmt: skip

    def _nominatim(self, street, town) -> object:
        found = []
        if street is not None:
            name, city, _, lat, lon, half = street
            site = name.startswith("Lycée")
            found.append(
                {
                    "place_id": 1,
                    "licence": "ODbL",
                    "osm_type": "way",
                    "osm_id": 2,
                    "boundingbox": [str(lat - half), str(lat + half), str(lon - half), str(lon + half)],
                    "lat": str(lat),
                    "lon": str(lon),
                    "display_name": f"{name}, {city}, France",
                    "class": "amenity" if site else "highway",
                    "type": "school" if site else "residential",
                    "importance": 0.2,
                    "address": {"road": name, "city": city, "country": "France", "country_code": "fr"},
                }
            )
        return found

    def _photon(self, street, town) -> object:
        features = []
        if street is not None:
            name, city, _, lat, lon, half = street
            site = name.startswith("Lycée")
            features.append(
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [lon, lat]},
                    "properties": {
                        "osm_type": "W",
                        "osm_id": 2,
                        "osm_key": "amenity" if site else "highway",
                        "osm_value": "school" if site else "residential",
                        "type": "house" if site else "street",
                        "name": name,
                        "city": city,
                        "country": "France",
                        "countrycode": "FR",
                        "postcode": "13000",
                        "extent": [lon - half, lat + half, lon + half, lat - half],
                    },
                }
            )
        return {"type": "FeatureCollection", "features": features}
