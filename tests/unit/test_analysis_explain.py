"""``explain`` on hand-made history: whatever it claims is claimed again by a detector fed from scratch, without the machinery."""

from __future__ import annotations

import math

import msgspec
import pytest
from analysis_world import T0, burst, said
from towns import BREST, NANTES, NICE

from detectors import Detector, looking
from tocsin.analysis import explain_page
from tocsin.analysis.explain_words import of_what_if, of_why, of_why_not, of_would
from tocsin.analysis.recording import made
from tocsin.analysis.stage import ExplainError
from tocsin.analysis.unheard import unheard
from tocsin.analysis.whereabouts import meant
from tocsin.analysis.why import NEVER, raised_incidents, why
from tocsin.analysis.whynot import why_not
from tocsin.ids import pseudonym
from tocsin.model import Admin
from tocsin.settings import Settings
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS, Panes, format_instant

BASE = DetectorSettings(doubt_nats=0.0)  # the voices below are weak, so that each one tells
ROUGH = [said(n, 900 + 150 * n, NANTES, probability=p) for n, p in enumerate((0.30, 0.16, 0.22, 0.12, 0.25))]
FOUR = DetectorSettings(doubt_nats=0.0, min_placed_voices=4, min_placed_agreed_voices=4)
ORDINARY = [said(50 + n, 60 * n, BREST, hazard="flood", probability=0.2) for n in range(2)]
HISTORY = made("history", [*ORDINARY, *ROUGH])


def fresh(mentions, settings=BASE):
    """What a detector fed at once raises: the slow twin, without snapshots, stages or recordings."""
    detector = Detector(settings)
    detector.feed(mentions)
    return [i for i in detector.finish() if i.reason == "raised" and i.state == "open"]


@pytest.fixture(scope="module")
def found():
    (incident,) = raised_incidents(HISTORY, FOUR, Panes())
    return why(HISTORY, FOUR, incident.incident_id[:8])


def test_it_explains_the_incident_that_was_raised(found):
    (alert,) = fresh([*ORDINARY, *ROUGH], FOUR)
    assert found.incident == alert
    assert found.threshold == round(math.log(43_200), 3)
    assert {voice.post_id for voice in found.voices} <= {mention.post_id for mention in ROUGH}
    assert len(found.voices) == alert.voices
    assert all(floor.met for floor in found.floors)


def test_the_time_line_holds_the_evidence_of_the_raise(found):
    at_raise = {moment.at: moment.nats for moment in found.moments}[found.incident.raised_at]
    assert at_raise == pytest.approx(found.incident.evidence, abs=1e-3)
    assert [m.voices for m in found.moments if m.at < found.incident.raised_at][-1] == 3  # the fourth raised it
    assert max(m.at for m in found.moments) - found.incident.raised_at == 30 * MINUTE_MS


def test_leaving_out_the_strongest_does_what_a_recording_without_them_does(found):
    strongest = sorted(found.voices, key=lambda voice: -voice.worth_nats)
    tried = [one for one in found.what_if if one.change.startswith("without the")]
    assert tried[-1].result == "not raised"
    for count, one in enumerate(tried, 1):
        gone = {voice.post_id for voice in strongest[:count]}
        again = fresh([*ORDINARY, *(m for m in ROUGH if m.post_id not in gone)], FOUR)
        assert (one.result == "not raised") == (again == []), one.change
        if again:
            assert one.later_s == (again[0].raised_at - found.incident.raised_at) / 1_000
            assert (one.voices, one.place, one.evidence) == (again[0].voices, again[0].place, again[0].evidence)


def test_a_stricter_budget_does_what_a_detector_with_that_budget_does(found):
    for one, factor in zip((w for w in found.what_if if "budget" in w.change), (10.0, 100.0), strict=True):
        again = fresh([*ORDINARY, *ROUGH], FOUR.model_copy(update={"false_alarm_budget_mins": 43_200.0 * factor}))
        assert (one.result == "not raised") == (again == []), one.change
        if again:
            assert one.later_s == (again[0].raised_at - found.incident.raised_at) / 1_000


def test_the_worth_of_a_voice_is_the_evidence_missing_without_it(found):
    voice = max(found.voices, key=lambda v: v.worth_nats)
    kept = [m for m in [*ORDINARY, *ROUGH] if m.post_id != voice.post_id]
    detector = Detector(FOUR.model_copy(update=NEVER))
    detector.feed(kept)
    detector.advance(found.incident.raised_at)
    rest = looking.weighed(detector, "fire", NANTES)
    assert rest is not None
    assert voice.worth_nats == pytest.approx(found.incident.evidence - rest.nats, abs=1e-2)


def test_copies_of_a_voice_go_with_it():
    print_of = 0x0F0F_0F0F_0F0F_0F0F
    copied = [said(0, 0, fingerprint=print_of), said(1, 10, fingerprint=print_of ^ 1), *burst(2, 40, count=2)]
    history = made("copies", copied)
    (incident,) = raised_incidents(history, BASE, Panes())
    assert incident.voices == 3
    first = next(
        w for w in why(history, BASE, incident.incident_id).what_if if w.change == "without the strongest voice"
    )
    assert first.result == "not raised"  # were the copy left, it would be a third voice


def test_an_unknown_or_ambiguous_incident_is_refused():
    with pytest.raises(ExplainError, match="expected the beginning of one incident"):
        why(HISTORY, BASE, "zz")
    several = made("two", [*burst(0, 0.0), *burst(20, 60.0, NICE)])
    with pytest.raises(ExplainError, match="got several"):
        why(several, BASE, "")


@pytest.mark.parametrize(
    "settings", [BASE, DetectorSettings(doubt_nats=9.0), DetectorSettings(min_mean_probability=0.75)]
)
@pytest.mark.parametrize(
    "changes", [{}, {"witness": "media"}, {"witness": "relay"}, {"probability": 0.05}, {"hazards": {"open": 1.0}}]
)
def test_an_incident_is_raised_when_evidence_and_all_floors_are_there_and_not_before(settings, changes):
    mentions = burst(0, 0.0, count=6, gap=200.0, **changes)
    raising, looked_at = Detector(settings), Detector(settings.model_copy(update=NEVER))
    for detector in (raising, looked_at):
        detector.feed(mentions)
    for at in range(T0, T0 + 40 * MINUTE_MS, 10_000):
        raised = [i for i in raising.advance(at) if i.reason == "raised" and i.state == "open"]
        looked_at.advance(at)
        hypothesis = looking.weighed(looked_at, "fire", NANTES)
        ready = hypothesis is not None and (
            hypothesis.nats >= math.log(43_200) and all(floor.met for floor in looking.floors(hypothesis, settings))
        )
        assert bool(raised) <= ready
        if ready and any(m.event_at >= at - 25_000 for m in mentions if m.event_at < at):  # something new was heard
            assert raised
        if raised:
            return


def reasons(mentions, place=NANTES, at=T0 + 10 * MINUTE_MS, hazard="fire", settings=BASE):
    answer = why_not(made("h", mentions), settings, place, at, hazard)
    return answer, " ".join(of_why_not(answer, settings))


def test_two_voices_are_too_few():
    answer, words = reasons(burst(0, 300.0, count=2))
    assert (answer.raised, answer.nats, len(answer.voices)) == ((), None, 2)
    assert "Too few voices: 2 that no incident owned told of fire at or near Nantes" in words


def test_what_would_have_raised_it_raises_it():
    weak = burst(0, 300.0, count=3, gap=500.0, probability=0.16)
    answer, words = reasons(weak, at=T0 + 20 * MINUTE_MS)
    assert answer.raised == ()
    assert answer.nats is not None
    assert answer.nats < answer.threshold
    assert "The evidence was too weak" in words
    (budget,) = [w for w in answer.what_if if w.change.startswith("with a budget")]
    assert budget.result != "not raised"
    period = math.floor(100 * math.exp(answer.nats)) / 100
    assert len(fresh(weak, BASE.model_copy(update={"false_alarm_budget_mins": period}))) == 1
    assert fresh(weak, BASE.model_copy(update={"false_alarm_budget_mins": period * 1.1})) == []


def test_a_floor_that_was_not_met_is_named():
    answer, words = reasons(burst(0, 300.0, count=6, witness="media", probability=0.9))
    assert answer.raised == ()
    assert "A floor was not met: min_unmediated_voices needs at least 2, there was 0." in words
    assert any(w.result != "not raised" for w in answer.what_if)


def test_voices_of_an_open_incident_are_not_of_another():
    answer, words = reasons(
        [*burst(0, 0.0, count=6), *burst(10, 4_000.0, count=3)], at=T0 + 100 * MINUTE_MS, hazard="explosion"
    )
    assert answer.raised == ()
    assert "belonged to the fire at Nantes" in words
    assert sum(answer.claimed_by.values()) == len(answer.voices) == 3


def test_an_explanation_that_stands_is_named():
    drill = [said(30 + n, 280.0 + n, modality="exercise", probability=0.1) for n in range(4)]
    answer, words = reasons([*drill, *burst(0, 300.0, count=4, consequences=())])
    assert answer.raised == ()
    assert answer.explained == "exercise"
    assert "Another explanation stood: exercise" in words


def test_what_was_raised_is_said_first():
    answer, words = reasons(burst(0, 300.0))
    assert [i.place for i in answer.raised] == ["Nantes"]
    assert words.startswith("It was raised: fire at Nantes")
    assert answer.what_if == ()


def test_where_nothing_was_heard_it_says_so():
    answer, words = reasons(burst(0, 300.0), place=NICE)
    assert (answer.voices, answer.moments[-1].nats) == ((), None)
    assert "Nothing was heard: in two hours no mention of fire names Nice" in words


def test_the_hazard_that_came_nearest_is_chosen():
    answer, _ = reasons(
        [*burst(0, 300.0, count=3, probability=0.3, gap=300.0), said(9, 310.0, hazard="flood")], hazard=None
    )
    assert answer.hazard == "fire"


def test_pages_open_offline_and_hold_the_pictures(found):
    answer, _ = reasons(burst(0, 300.0, count=2))
    for page in (explain_page.page_of_why(found), explain_page.page_of_why_not(answer, BASE)):
        text = page.decode()
        assert text.count("<svg") == 2
        assert "<script" not in text
        assert not [part for part in ("src=", "@import", "url(http") if part in text]
    assert "a000000" not in explain_page.page_of_why(found).decode()  # no author


def test_answers_are_plain_values(found):
    answer, _ = reasons(burst(0, 300.0, count=2))
    assert msgspec.json.decode(msgspec.json.encode(found))["incident"]["place"] == "Nantes"
    assert msgspec.json.decode(msgspec.json.encode(answer))["hazard"] == "fire"


def test_words_tell_what_was_tried(found):
    assert any(sentence.startswith("It would not have been raised") for sentence in of_why(found))
    lines = [of_what_if(one) for one in found.what_if]
    assert any(line.endswith("(evidence 10.7 at that moment)") or "not raised" in line for line in lines)
    assert len(set(lines)) == len(lines)


def test_a_place_is_found_by_name_by_position_and_by_the_voices_that_named_it():
    assert meant("nantes", HISTORY) == NANTES
    assert meant("Grenoble", HISTORY).admin.commune == "38185"
    near = meant("47.22, -1.55", HISTORY)
    assert (near.kind, near.admin.departement, near.lat) == ("point", "44", 47.22)
    with pytest.raises(ExplainError, match="expected a place"):
        meant("Xyzzyville", HISTORY)
    with pytest.raises(ExplainError, match="in degrees"):
        meant("99, 0", HISTORY)


def test_what_was_not_heard_is_counted_and_not_shown(tmp_path):
    texts = ["Grosse fumée à Nantes, ça brûle", "Il fait beau à Nantes", "Pizza à Brest", "nantes!! quel match"]
    path = tmp_path / "p.jsonl"
    path.write_text(
        "".join(
            f'{{"id":"{n}","source":"s","author":"a{n}","created_at":"{format_instant(T0 + n)}","text":"{text}"}}\n'
            for n, text in enumerate(texts)
        )
    )
    from ingest.privacy import PUBLIC_REPLAY_KEY

    heard = made("h", [said(0, 0.0, post_id=pseudonym(PUBLIC_REPLAY_KEY, "post", "0"))])
    found = unheard([path], heard, Settings(), "Nantes", T0, T0 + 60_000)
    assert found is not None
    assert (found.posts, found.naming, found.heard) == (4, 3, 1)
    assert found.no_term + found.set_aside == 2
    assert found.no_term >= 1
    assert unheard([path], heard, Settings(), "X", T0, T0 + 60_000) is None


def test_of_several_places_a_voice_may_mean_the_one_asked_about_is_shown():
    homonym = msgspec.structs.replace(NICE, id="x", name="Nantes", score=0.5)
    either = msgspec.structs.replace(NANTES, score=0.4)
    answer, _ = reasons([said(n, 300.0 + n, places=(homonym, either)) for n in range(2)])
    assert {voice.place.id for voice in answer.voices if voice.place} == {NANTES.id}


def test_what_would_have_raised_it_is_said_from_the_instant_that_was_asked_about():
    answer, words = reasons(burst(0, 300.0, count=6, witness="media", probability=0.9))
    assert "The evidence was enough" in words
    lines = [of_would(one) for one in answer.what_if]
    assert any("raised" in line and "before that instant (fire at Nantes" in line for line in lines)


def test_of_a_mass_event_it_says_from_where_people_told_of_it(found):
    east = msgspec.structs.replace(NANTES, id="east", name="Ancenis", lat=47.366, lon=-1.176, admin=Admin())
    history = [
        said(300 + n, 20 * n, (NANTES, NANTES, east)[n % 3], hazard="storm", probability=0.85) for n in range(32)
    ]
    recording = made("storm", history)
    (incident,) = raised_incidents(recording, BASE, Panes())
    told = why(recording, BASE, incident.incident_id)
    assert [(zone.place, zone.voices) for zone in told.zones] == [
        ("Nantes", 16),
        ("Ancenis", 8),
    ]  # of 24: said when it had doubled
    assert "In the end people told of it in Nantes (16 voices), Ancenis (8 voices)." in of_why(told)
    assert found.zones == ()
