"""Against a server on loopback that speaks the three wire formats and suffers what servers suffer."""

import logging
import time

import pytest
from geocoder_server import GeocoderServer
from towns import MARSEILLE, town

from tocsin.geocoder.judge import place_of
from tocsin.geocoder.service import KINDS, GeopyService, ServiceError
from tocsin.model import Ask
from tocsin.settings.geocoder import GeocoderSettings

MONTREUIL = town("Montreuil", 48.8638, 2.4483, code="93048")
AUBAGNE = Ask("rue d'Aubagne", ("aubagne",), "street", MARSEILLE, 0.8)
JAURES = Ask("lycée Jaurès", ("jaures",), "school", MONTREUIL, 0.8)
UNKNOWN = Ask("rue du Pré Vert", ("pre", "vert"), "street", MARSEILLE, 0.8)


def settings(server: GeocoderServer, **changed) -> GeocoderSettings:
    given = {
        "enabled": True,
        "service": server.speaks,
        "domain": server.domain,
        "scheme": "http",
        "delay_secs": 0.0,
        "timeout_secs": 2.0,
    }
    return GeocoderSettings(**(given | changed))


@pytest.fixture(params=["ban", "nominatim", "photon"])
def server(request):
    serving = GeocoderServer(request.param)
    yield serving
    serving.close()


@pytest.fixture
def ban():
    serving = GeocoderServer("ban")
    yield serving
    serving.close()


def test_a_street_is_found_where_the_server_has_it(server) -> None:
    service = GeopyService(settings(server))
    place = place_of(AUBAGNE, service.find(AUBAGNE), server.speaks)
    assert place is not None
    assert (place.lat, place.lon) == (43.2948, 5.3812)
    assert (place.name, place.kind, place.method) == ("Rue d'Aubagne (Marseille)", "street", "geocoder")
    assert place.admin.commune == "13055"
    assert place.country == "FR"
    # half the diagonal of a box of 0.006 by 0.006 degrees at 43.3 N: hypot(0.667, 0.486) / 2; BAN tells no box
    assert place.uncertainty_km == pytest.approx(0.6 if server.speaks == "ban" else 0.413, abs=0.002)


def test_a_school_is_a_site_and_no_house(server) -> None:
    place = place_of(JAURES, GeopyService(settings(server)).find(JAURES), server.speaks)
    assert place is not None
    assert (place.kind, place.lat) == ("school", 48.8612)


def test_the_town_in_place_of_an_unknown_street_is_no_answer(server) -> None:
    assert place_of(UNKNOWN, GeopyService(settings(server)).find(UNKNOWN), server.speaks) is None


def test_only_the_words_and_the_town_go_out(server) -> None:
    GeopyService(settings(server, user_agent="tocsin (centre@example.org)")).find(AUBAGNE)
    ((path, query, headers),) = server.requests
    assert path == server.path
    assert query.pop("q") == "rue d'Aubagne, Marseille"
    # What else goes out is of the town or of the form: nothing of a post.
    allowed = {
        "ban": {"limit"},
        "nominatim": {"limit", "format", "addressdetails", "viewbox", "bounded", "countrycodes"},
        "photon": {"limit", "lat", "lon"},
    }
    assert set(query) <= allowed[server.speaks]
    if server.speaks == "photon":
        assert (float(query["lat"]), float(query["lon"])) == (43.2967, 5.3764)
    assert headers["user-agent"] == "tocsin (centre@example.org)"
    assert not {"cookie", "referer", "authorization"} & set(headers)


def test_the_path_of_a_server_of_ones_own(ban) -> None:
    ban.path = "/geocodage/search"
    assert GeopyService(settings(ban, path="/geocodage/search")).find(AUBAGNE)
    assert ban.requests[0][0] == "/geocodage/search"


@pytest.mark.parametrize(
    ("ill", "kind"),
    [
        ("status=500", "ill"),
        ("status=503", "slow"),  # as geopy reads it
        ("status=504", "slow"),
        ("status=401", "refused"),
        ("status=403", "refused"),
        ("status=400", "refused"),
        ("limited=7", "limited"),
        ("redirect=http://127.0.0.1:1/elsewhere", "ill"),
        ("slow=1.0", "slow"),
        ("drip=40", "slow"),
        ("body=", "malformed"),
        ("body=<html>busy</html>", "malformed"),
        ("body=[[[[", "malformed"),
        ("body=17", "malformed"),
        ('body={"features": 3}', "malformed"),
        ('body={"features": [{}]}', "malformed"),
        ('body={"features": [{"geometry": {"coordinates": ["a", "b"]}, "properties": {}}]}', "malformed"),
        ('body={"features": [{"geometry": {"coordinates": [5.0, 543.0]}, "properties": {"name": "x"}}]}', "malformed"),
        ('body={"features": [{"geometry": {"coordinates": [5.0, 43.0]}, "properties": {"name": 4}}]}', "malformed"),
        ('body={"features": [{"geometry": {"coordinates": [5.0, 43.0]}, "properties": null}]}', "malformed"),
        ("huge=1100000", "ill"),
    ],
)
def test_every_illness_has_its_name(ban, ill: str, kind: str) -> None:
    ban.ills = [ill]
    service = GeopyService(settings(ban, timeout_secs=0.4))
    with pytest.raises(ServiceError) as caught:
        service.find(AUBAGNE)
    assert caught.value.kind == kind
    assert kind in KINDS
    assert caught.value.wait_secs == (7.0 if kind == "limited" else None)
    assert "ubagne" not in str(caught.value)
    assert service.find(AUBAGNE), "the next question finds the server well"


@pytest.mark.parametrize("speaks", ["nominatim", "photon"])
@pytest.mark.parametrize(
    "body", ['{"a": 1}', "[1]", '[{"lat": "x"}]', '{"features": null}', '{"features": [1]}', "null", '"no"']
)
def test_no_malformed_answer_comes_out_as_anything_else(speaks: str, body: str) -> None:
    server = GeocoderServer(speaks)
    server.always = "body=" + body
    said: object
    try:
        said = GeopyService(settings(server)).find(AUBAGNE)
    except ServiceError as error:
        said = error.kind
    finally:
        server.close()
    assert said in ("malformed", [])


def test_nobody_listens() -> None:
    server = GeocoderServer("photon")
    chosen = settings(server)
    server.close()
    with pytest.raises(ServiceError) as caught:
        GeopyService(chosen).find(AUBAGNE)
    assert caught.value.kind == "away"


def test_requests_keep_their_distance(ban) -> None:
    service = GeopyService(settings(ban, delay_secs=0.2))
    began = time.monotonic()
    for _ in range(3):
        service.find(AUBAGNE)
    assert time.monotonic() - began >= 0.4


def test_the_words_are_in_no_log(ban, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    ban.ills = ["status=500"]
    service = GeopyService(settings(ban))
    with pytest.raises(ServiceError):
        service.find(AUBAGNE)
    service.find(AUBAGNE)
    assert "ubagne" not in caplog.text
