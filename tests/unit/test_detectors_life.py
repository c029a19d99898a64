"""The life of incidents, on hand-made mentions."""

from __future__ import annotations

import pytest
from mentions import T0, mention
from towns import BREST, NANTES

from detectors import Detector
from tocsin.model import Admin, GeocodeResult, Incident, Mention, Place, Retraction, SettingsChange
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS, SECOND_MS

LOIRE_ATLANTIQUE = Place(
    id="fr-dep:44", name="Loire-Atlantique", kind="departement", lat=47.35, lon=-1.68, uncertainty_km=60, country="FR",
    admin=Admin(region="52", departement="44"), score=0.9,
)  # fmt: skip
_made = iter(range(10**9))


def said(secs: float, place: Place | None = NANTES, hazard: str = "fire", **changes: object) -> Mention:
    places = () if place is None else (place,)
    return mention(next(_made), secs, *places, hazard=hazard, **({"consequences": ("damage",)} | changes))  # type: ignore[arg-type]


def heard(*mentions: Mention, settings: DetectorSettings | None = None, until_secs: float = 0) -> list[Incident]:
    detector = Detector(settings)
    detector.feed(mentions)
    out = detector.finish()
    return out + (detector.advance(T0 + round(until_secs * SECOND_MS)) if until_secs else [])


def raised(incidents: list[Incident]) -> list[Incident]:
    return [incident for incident in incidents if incident.reason == "raised" and incident.state == "open"]


def fire(count: int = 6, start: float = 0, place: Place | None = NANTES, **changes: object) -> list[Mention]:
    return [said(start + 25 * index, place, **changes) for index in range(count)]


def test_witnesses_of_one_place_raise_one_incident_there() -> None:
    incidents = heard(*fire())
    (alert,) = raised(incidents)
    assert (alert.place, alert.hazard, alert.msg_type, alert.revision) == ("Nantes", "fire", "Alert", 1)
    assert alert.evidence >= alert.threshold == pytest.approx(10.674, abs=1e-3)  # ln 43,200
    assert alert.voices >= 3
    assert alert.witnesses == alert.voices
    assert alert.commune == "44109"


def test_it_is_raised_when_the_pane_of_its_last_needed_voice_closes() -> None:
    (alert,) = raised(heard(*fire()))
    last = T0 + 25 * SECOND_MS * (alert.voices - 1)
    assert alert.raised_at == last - last % 10_000 + 15_000


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_voices_raise_nothing(count: int) -> None:
    assert raised(heard(*fire(count))) == []


def test_one_author_is_one_voice() -> None:
    assert raised(heard(*fire(12, author="the same"))) == []


def test_reposts_add_nothing() -> None:
    first = said(0)
    assert raised(heard(first, *fire(12, start=5, repost_of=first.post_id))) == []


def test_near_copies_add_nothing() -> None:
    texts = [0x0F0F_0F0F_0F0F ^ (1 << bit) for bit in range(12)]
    copies = [said(25 * index, fingerprint=text) for index, text in enumerate(texts)]
    assert raised(heard(*copies)) == []


def test_voices_without_any_fine_place_raise_nothing() -> None:
    assert raised(heard(*fire(12, place=None))) == []
    assert raised(heard(*fire(12, place=LOIRE_ATLANTIQUE))) == []


def test_voices_without_a_place_join_the_one_that_has_one() -> None:
    mentions = [said(0), said(20, None), said(40), said(60, None), said(80), said(100, None)]
    (alert,) = raised(heard(*mentions))
    assert alert.place == "Nantes"
    assert alert.voices > alert.located_voices


def test_newsrooms_alone_raise_nothing() -> None:
    assert raised(heard(*fire(12, witness="media"))) == []


def test_improbable_voices_raise_nothing() -> None:
    assert raised(heard(*fire(12, probability=0.03))) == []


def test_later_voices_of_the_place_and_family_belong_to_it() -> None:
    incidents = heard(*fire(6), *fire(20, start=200, hazard="explosion"))
    assert len(raised(incidents)) == 1
    assert incidents[-1].voices == 26


def test_two_towns_are_two_incidents() -> None:
    incidents = heard(*fire(6), *fire(6, start=3, place=BREST))
    assert sorted(incident.place for incident in raised(incidents)) == ["Brest", "Nantes"]


def test_an_incompatible_hazard_in_the_same_town_is_another_incident() -> None:
    incidents = heard(*fire(6), *fire(6, start=3, hazard="flood"))
    assert sorted(incident.hazard for incident in raised(incidents)) == ["fire", "flood"]


def test_the_same_town_three_days_later_is_another_incident() -> None:
    incidents = heard(*fire(8), *fire(8, start=3 * 86_400))
    first, second = raised(incidents)
    assert first.incident_id != second.incident_id
    closed = [incident for incident in incidents if incident.reason == "closed"]
    assert [incident.incident_id for incident in closed] == [first.incident_id]
    assert closed[0].closed_at is not None


def test_denials_withdraw_it() -> None:
    no = [said(200 + 20 * n, hazards={"fire": 1.0}, denial=True, modality="negated", probability=0.1) for n in range(8)]
    incidents = heard(*fire(6), *no)
    assert [(incident.msg_type, incident.reason) for incident in incidents][-1] == ("Cancel", "withdrawn")


def test_one_official_denial_withdraws_a_small_incident_but_not_a_grown_one() -> None:
    no = said(300, denial=True, modality="negated", witness="official", probability=0.1)
    assert heard(*fire(5), no)[-1].reason == "withdrawn"
    assert "withdrawn" not in {incident.reason for incident in heard(*fire(10), no)}


def test_two_first_hand_voices_reopen_it() -> None:
    no = said(300, denial=True, modality="negated", witness="official", probability=0.1)
    incidents = heard(*fire(5), no, said(400), said(430))
    assert [incident.reason for incident in incidents][-1] == "reopened"
    assert incidents[-1].state == "open"


def test_a_standing_explanation_refuses_visibly() -> None:
    drill = [said(n, modality="exercise", probability=0.1, witness="unknown") for n in (1, 2)]
    incidents = heard(*drill, *fire(8, start=10, probability=0.3, witness="unknown", consequences=()))
    assert raised(incidents) == []
    assert {incident.state for incident in incidents} == {"explained"}


def test_a_question_about_a_drill_explains_nothing() -> None:
    asked = [said(n, modality="question", probability=0.4) for n in (1, 2)]
    assert len(raised(heard(*asked, *fire(8, start=10)))) == 1


def test_sure_witnesses_of_a_consequence_stand_against_an_explanation() -> None:
    match = [said(n, modality="sport", probability=0.1, witness="unknown") for n in (1, 2)]
    assert len(raised(heard(*match, *fire(8, start=10, consequences=("injured",))))) == 1


def test_mere_perceptions_wait_for_a_consequence() -> None:
    boom = [said(n * 5, perception_only=True, consequences=(), hazards={"explosion": 1.0}) for n in range(8)]
    incidents = heard(*boom)
    assert raised(incidents) == []
    assert [incident.state for incident in incidents] == ["watch"]
    incidents = heard(*boom, said(60, hazard="explosion", consequences=("injured",)))
    assert len(raised(incidents)) == 1


def test_mere_perceptions_are_raised_after_the_watch() -> None:
    boom = [said(n * 15, perception_only=True, consequences=(), hazards={"explosion": 1.0}) for n in range(12)]
    (alert,) = raised(heard(*boom))
    assert alert.raised_at - T0 >= 120 * SECOND_MS


def test_a_deleted_post_is_heard_no_more() -> None:
    mentions = fire(6)
    gone = [Retraction(post_id=mention.post_id, at=mention.event_at + 1) for mention in mentions[:4]]
    detector = Detector()
    detector.feed([*mentions, *gone])
    assert raised(detector.finish()) == []


def test_an_incident_whose_voices_are_deleted_is_withdrawn() -> None:
    mentions = fire(6)
    gone = [Retraction(post_id=mention.post_id, at=T0 + 10 * MINUTE_MS) for mention in mentions]
    detector = Detector()
    detector.feed([*mentions, *gone])
    incidents = detector.finish()
    assert [incident.reason for incident in incidents][-1] == "withdrawn"
    assert incidents[-1].updated_at == T0 - T0 % 10_000 + 10 * MINUTE_MS + 15_000


def test_a_geocoder_sharpens_a_place() -> None:
    vague = [said(n * 10, None) for n in range(6)]
    answers = [GeocodeResult(post_id=mention.post_id, at=mention.event_at, place=NANTES) for mention in vague]
    detector = Detector()
    detector.feed([*vague, *answers])
    detector.feed(fire(2, start=70))
    (alert,) = raised(detector.finish())
    assert alert.located_voices > 2


def test_new_settings_act_from_the_next_pane() -> None:
    deaf = SettingsChange(at=T0 - MINUTE_MS, toml="[detector]\nmin_voices = 50\n")
    detector = Detector()
    detector.feed([deaf, *fire(12)])
    assert raised(detector.finish()) == []


def test_a_larger_budget_is_a_lower_threshold() -> None:
    hourly = DetectorSettings(false_alarm_budget_mins=60)
    monthly = raised(heard(*fire(8)))[0]
    assert raised(heard(*fire(8), settings=hourly))[0].raised_at <= monthly.raised_at


def test_a_late_item_is_refused_by_name() -> None:
    detector = Detector()
    detector.feed([said(0)])
    detector.advance(T0 + MINUTE_MS)
    with pytest.raises(ValueError, match="closed"):
        detector.feed([said(1)])


def test_the_sentence_names_voices_hazard_and_place() -> None:
    (alert,) = raised(heard(*fire()))
    assert f"{alert.voices} independent voices" in alert.sentence
    assert "a fire at Nantes" in alert.sentence
    assert alert.reported == (f"damage: {alert.voices} voices",)
    assert "whether anybody is hurt" in alert.unknown
