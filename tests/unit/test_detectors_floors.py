"""What is asked besides the evidence, each floor by itself, on hand-made mentions; the talk of the last hour against a slow twin."""

from __future__ import annotations

import random

import msgspec
import pytest
from mentions import T0, mention
from towns import town as any_town

from detectors import Detector
from detectors.talk import TALK_MS, UNIT, Talk
from detectors.telling import listen, may_pass
from detectors.voices import Voice
from tocsin.model import HAZARDS, Admin, Incident, Mention, Place
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS, SECOND_MS


def town(name: str, lat: float, lon: float, country: str = "GT", people: int = 30_000, score: float = 0.9) -> Place:
    fields = {"id": f"{country}:{name}", "country": country, "admin": Admin(region=f"{country}-1"), "score": score}
    return any_town(name, lat, lon, people, uncertainty_km=3.0, **fields)


COAST = town("Coast", 14.3, -91.9)
SMALL_COUNTRY = Place(
    id="c:GT", name="Small", kind="country", lat=15.5, lon=-90.2, uncertainty_km=223, country="GT", score=0.9
)
LARGE_COUNTRY = Place(
    id="c:US", name="Large", kind="country", lat=39.8, lon=-98.6, uncertainty_km=2_279, country="US", score=0.9
)


def said(number: int, secs: float, *places: Place, **changes: object) -> Mention:
    return mention(number, secs, *places, **({"hazard": "earthquake"} | changes))  # type: ignore[arg-type]


def alerts(items: list[Mention], **settings: object) -> list[Incident]:
    detector = Detector(DetectorSettings.model_validate(settings))
    detector.feed(items)
    return [i for i in detector.finish() if i.reason == "raised" and i.state == "open"]


def test_a_town_and_its_country_agree_on_a_quake() -> None:
    heard = [said(0, 0, COAST), said(1, 20, SMALL_COUNTRY), said(2, 40), said(3, 60)]
    assert [i.place for i in alerts(heard)] == ["Coast"]


def test_a_town_and_a_continent_do_not() -> None:
    inland = town("Inland", 39.0, -97.0, "US")
    assert alerts([said(0, 0, inland), said(1, 20, LARGE_COUNTRY), said(2, 40), said(3, 60)]) == []


def test_a_town_and_its_country_do_not_agree_on_a_fire() -> None:
    fire = {"hazards": {"fire": 1.0}}
    heard = [said(0, 0, COAST, **fire), said(1, 20, SMALL_COUNTRY, **fire), said(2, 40, **fire), said(3, 60, **fire)]
    assert alerts(heard) == []


def spun(bits: int) -> list[Mention]:
    """Six accounts with one text, in which each exchanges so many bits of the first one's fingerprint, each other ones."""
    first = int.from_bytes(random.Random(7).randbytes(7))
    words = [sum(1 << bit for bit in random.Random(n).sample(range(56), bits)) for n in range(5)]
    return [said(n, 20 * n, COAST, fingerprint=first ^ word) for n, word in enumerate([0, *words])]


def test_a_text_spun_by_many_accounts_is_one_witness() -> None:
    assert alerts(spun(bits=12)) == []
    assert [i.place for i in alerts(spun(bits=12), template_bits=9)] == ["Coast"]


def test_different_texts_of_one_event_are_different_witnesses() -> None:
    assert [i.place for i in alerts(spun(bits=25))] == ["Coast"]


DOUBTED = [
    {"probability": 0.45},
    {"probability": 0.9, "witness": "media"},
    {"probability": 0.9, "modality": "question"},
    {"probability": 0.9, "perception_only": True},
]


@pytest.mark.parametrize("changes", DOUBTED, ids=["hardly likely", "newsrooms", "questions", "a noise"])
def test_while_few_voices_are_believed_more_evidence_is_asked(changes: dict[str, object]) -> None:
    """Two ordinary people name the coast among voices that nobody would act on: one more who is believed makes two."""
    heard = [said(0, 0, COAST, probability=0.9), said(1, 5, COAST, probability=0.45)]
    heard += [said(n, 25 * n, COAST, **changes) for n in range(2, 14)]
    settings = {"doubt_nats": 14.0, "watch_secs": 0.0, "crowd_voices": 99}
    (strict,) = alerts(heard, **settings)
    (loose,) = alerts(heard, **settings | {"doubt_nats": 0.0})
    assert strict.raised_at > loose.raised_at
    assert strict.evidence >= strict.threshold + 14.0
    (sooner,) = alerts([*heard, said(90, 30, COAST, probability=0.9)], **settings)
    assert sooner.raised_at < strict.raised_at


@pytest.mark.parametrize(
    ("changes", "voices"), [({"probability": 0.45}, [6]), *((change, []) for change in DOUBTED[1:])]
)
def test_six_who_tell_of_it_are_enough_though_none_is_believed(changes: dict[str, object], voices: list[int]) -> None:
    """Newsrooms, questions and noises are no crowd: they wait for the evidence."""
    heard = [said(n, 25 * n, COAST, probability=0.45) for n in range(3)]
    heard += [said(n, 25 * n, COAST, **changes) for n in range(3, 14)]
    found = alerts(heard, doubt_nats=90.0, watch_secs=0.0)
    assert [one.voices for one in found] == voices
    assert alerts(heard, doubt_nats=90.0, watch_secs=0.0, crowd_voices=99) == []


def test_three_witnesses_who_took_half_an_hour_are_enough() -> None:
    slow = [said(n, 17 * 60 * n, COAST, hazards={"rail_accident": 1.0}) for n in range(3)]
    assert [one.voices for one in alerts(slow)] == [3]
    assert (
        alerts([msgspec.structs.replace(one, probability=0.4) for one in slow]) == []
    )  # who would not be believed is doubted


def test_a_name_that_two_towns_share_waits_until_one_is_likelier() -> None:
    here, there = town("Twin", 42.3, -71.0, "US", 20_000, 0.5), town("Twin", 52.9, 0.0, "GB", 20_000, 0.45)
    even = [said(n, 25 * n, here, there, hazards={"fire": 1.0}) for n in range(5)]
    sure = alerts(even, min_place_mass=0.5)
    assert [i.country for i in sure] == ["US"]
    assert alerts(even, min_place_mass=0.95) == []


def test_what_names_no_place_is_shared_out_by_the_located_talk() -> None:
    """The same three voices at the coast, while as many or far more tell of quakes in many other towns."""

    def waits(elsewhere: int) -> int:
        far = [town(f"far{n}", -30.0 + n % 20, 20.0 + n // 20, "ZA") for n in range(elsewhere)]
        talk = [said(100 + n, n, place, author=f"far{n}", probability=0.3) for n, place in enumerate(far)]
        here = [said(n, 400 + 30 * n, COAST) if n % 2 == 0 else said(n, 400 + 30 * n) for n in range(12)]
        raised = [i for i in alerts([*talk, *here]) if i.place == "Coast"]
        return raised[0].raised_at if raised else 2**62

    assert waits(0) <= waits(200)


def voice(number: int, at: int, hazards: dict[str, float], *, located: bool = True, lang: str = "") -> Voice:
    return Voice(
        number=number, post_id=f"p{number}", author=f"a{number}", source="s", lang=lang, at=at, hazards=hazards,
        main="fire", probability=0.5, weight=1.0, places=(COAST,) if located else (),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_the_talk_of_the_last_hour_is_what_counting_anew_gives(seed: int) -> None:
    rng = random.Random(seed)
    talk, held = Talk(), {}
    now = 0
    for number in range(300):
        now += rng.randrange(2 * MINUTE_MS)
        told: dict[str, float] = (
            {rng.choice(HAZARDS): 1.0} if rng.random() < 0.7 else {"open": 0.5, rng.choice(HAZARDS): 0.5}
        )
        held[number] = voice(number, now, told, located=rng.random() < 0.8, lang=rng.choice(["fr", "en", ""]))
        talk.add(held[number])
        if rng.random() < 0.2:
            gone = rng.choice(list(held))
            del held[gone]
            talk.remove(gone)
        talk.forget(now)
    kept = [v for v in held.values() if v.places and v.at >= now - TALK_MS]
    for hazard in ("rescue", "landslide"):
        kin = {  # by hand, from the table of kinship
            "rescue": {"rescue": 1.0, "flood": 0.3, "storm": 0.3, "landslide": 0.3, "collapse": 0.3},
            "landslide": {"landslide": 1.0, "storm": 0.4, "flood": 0.4, "rescue": 0.3},
        }[hazard]
        support = [(v.lang, sum(mass * kin.get(told, 0.0) for told, mass in v.hazards.items())) for v in kept]
        for lang in ("", "fr", "en", "de"):
            said = [s for spoken, s in support if lang in ("", spoken)]
            assert talk.of(hazard, lang) == sum(round(UNIT * s) for s in said if s >= 0.2)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_not_weighed_could_not_have_passed(seed: int) -> None:
    """The cheap look before the weighing refuses nothing that the floors let through."""
    from detectors.floors import passes
    from detectors.hypothesis import weigh, weigh_told

    rng = random.Random(seed)
    settings = DetectorSettings(false_alarm_budget_mins=0.01)
    detector = Detector(settings.model_copy(update={"min_unmediated_voices": 1_000}))
    towns = [town(f"t{n}", 14.0 + n / 3, -91.0, score=rng.choice([0.3, 0.5, 0.9])) for n in range(6)]
    refused = let = below = 0
    for number in range(60):
        places = rng.choice([(), (SMALL_COUNTRY,), (rng.choice(towns),), (rng.choice(towns),)])
        hazard = rng.choice(["fire", "explosion", "earthquake"])
        detector.feed([said(number, 40 * number, *places, hazards={hazard: 0.8, "open": 0.2})])
        now = T0 + 40 * number * SECOND_MS + 25 * SECOND_MS
        detector.advance(now)
        pool, base, echo = detector._memory.pool, detector._memory.baseline, detector._memory.echo_rate
        for one in towns:
            told = listen(hazard, one, now, pool, settings)
            found = weigh(hazard, one, now, pool, base, echo, settings)
            if may_pass(told, hazard, settings):
                let += 1
            else:
                refused += 1
                assert found is None or not passes(found, settings)
            for least in (0.0, 8.0, 12.0, 16.0, 24.0):  # nor does the bound on the evidence
                looked = weigh_told(hazard, one, now, told, base, echo, settings, least)
                weak = found is not None and found.nats < least
                assert looked == (None if weak else found)
                below += weak
    assert refused > 20
    assert let > 20
    assert below > 10


def test_a_device_at_the_scene_and_two_who_name_no_place_are_enough() -> None:
    here = msgspec.structs.replace(COAST, kind="point", method="gps", uncertainty_km=0.3, population=0)
    fire = {"hazards": {"fire": 1.0}}
    nowhere = [said(1, 20, **fire), said(2, 40, **fire)]
    assert [i.place for i in alerts([said(0, 0, here, **fire), *nowhere])] == ["Coast"]
    assert alerts([said(0, 0, COAST, **fire), *nowhere]) == []
    assert alerts([said(0, 0, here, witness="relay", **fire), *nowhere]) == []


def test_what_names_no_place_tells_of_what_is_told_in_its_language() -> None:
    fire = {"hazards": {"fire": 1.0}}
    placed = [said(0, 0, COAST, lang="es", **fire), said(1, 20, COAST, lang="es-GT", **fire)]
    assert alerts([*placed, said(2, 40, lang="es", **fire)])
    assert alerts([*placed, said(2, 40, lang="", **fire)])
    assert alerts([*placed, said(2, 40, lang="en", **fire)]) == []


def test_an_open_incident_takes_in_what_names_no_place_only_in_its_language() -> None:
    fire = {"hazards": {"fire": 1.0}}
    placed = [said(n, 20 * n, COAST, lang="es", **fire) for n in range(4)]
    for lang, grows in (("es", True), ("en", False)):
        detector = Detector(DetectorSettings())
        detector.feed([*placed, *(said(10 + n, 200 + 20 * n, lang=lang, **fire) for n in range(4))])
        assert any(i.reason == "grown" for i in detector.finish()) is grows
