"""The verdict gate: who is told, what a verdict does, what interrupts. Every expected side is worked out by hand."""

from __future__ import annotations

import msgspec
import pytest
from examples import ANGERS, LOIRE, LUCON, MAINE, NANTES, T0, VENDEE, incident, verdict

from dispatch.memory import HELD_MS, KEPT_MS, MAX_HELD
from dispatch.verdicts import VerdictGate
from tocsin.model import ExerciseWindow
from tocsin.settings.territory import TerritorySettings

CENTRES = (LOIRE, MAINE, VENDEE)


def gate(**other):
    return VerdictGate(CENTRES, **other)


def brief(alerts):
    return [(one.centre, one.status, one.msg_type, one.cause) for one in alerts]


def test_every_centre_with_enough_mass_is_told_and_the_largest_leads():
    alerts = gate().feed(incident())
    assert [(one.centre, one.mass, one.lead) for one in alerts] == [("cta-44", 0.7, True), ("cta-49", 0.2, False)]
    assert {one.incident_id for one in alerts} == {"i1"}
    assert {(one.status, one.msg_type, one.evaluation, one.certainty) for one in alerts} == {
        ("Draft", "Alert", "unjudged", "Possible")
    }
    assert alerts[0].recipients == ("fr.fire.sdis440",)
    assert len({one.alert_id for one in alerts}) == 2


def test_where_nobody_has_enough_the_one_with_most_is_told_and_what_is_elsewhere_nobody():
    thin = [msgspec.structs.replace(area, mass=0.1) for area in (NANTES, ANGERS)]
    assert [one.centre for one in gate().feed(incident(areas=tuple(thin)))] == ["cta-44"]
    paris = msgspec.structs.replace(NANTES, departement="75")
    assert gate().feed(incident(areas=(paris,))) == []


def test_without_territories_one_centre_is_told_of_everything():
    assert brief(VerdictGate().feed(incident(areas=()))) == [("everywhere", "Draft", "Alert", "raised")]


def test_a_confirmation_is_actual_for_its_own_centre_alone():
    judge = gate()
    judge.feed(incident())
    alerts = judge.feed(verdict())
    assert brief(alerts) == [
        ("cta-44", "Actual", "Alert", "verdict:confirmed"),
        ("cta-49", "Draft", "Update", "verdict:confirmed"),
    ]
    assert [one.evaluation for one in alerts] == ["confirmed", "unjudged"]
    assert [one.certainty for one in alerts] == ["Observed", "Possible"]
    assert [(one.centre, one.decision) for one in alerts[1].opinions] == [("cta-44", "confirmed")]
    assert {one.delivery for one in alerts} == {"silent"}


def test_an_actual_notice_says_what_the_person_saw_and_later_revisions_only_propose():
    judge = gate()
    judge.feed(incident())
    judge.feed(incident(2, place="Rezé"))
    actual = judge.feed(verdict(revision=1))[0]
    assert (actual.status, actual.incident.revision, actual.incident.place) == ("Actual", 1, "Nantes")
    later = judge.feed(incident(3, reason="moved"))[0]
    assert (later.status, later.msg_type, later.proposal, later.evaluation) == ("Draft", "Update", True, "confirmed")
    assert actual.alert_id in [one.alert_id for one in later.references]
    gone = judge.feed(incident(4, msg_type="Cancel", reason="withdrawn", state="explained"))[0]
    assert (gone.status, gone.msg_type, gone.proposal) == ("Draft", "Cancel", True)


def test_a_second_confirmation_updates_the_first_and_a_rejection_cancels_it():
    judge = gate()
    judge.feed(incident())
    first = judge.feed(verdict())[0]
    judge.feed(incident(2))
    second = judge.feed(verdict(at=T0 + 120_000))[0]
    assert (second.status, second.msg_type, second.incident.revision) == ("Actual", "Update", 2)
    assert first.alert_id in [one.alert_id for one in second.references]
    end = judge.feed(verdict("rejected", at=T0 + 180_000))[0]
    assert (end.status, end.msg_type) == ("Actual", "Cancel")
    assert [one.alert_id for one in end.references] == [first.alert_id, second.alert_id]


def test_what_a_person_confirmed_stands_until_a_person_takes_it_back():
    judge = gate()
    judge.feed(incident())
    actual = judge.feed(verdict())[0]
    judge.feed(incident(2, msg_type="Cancel", reason="withdrawn", state="explained"))  # the machine proposes
    end = judge.feed(verdict("rejected", at=T0 + 180_000))[0]
    assert (end.status, end.msg_type) == ("Actual", "Cancel")
    assert [one.alert_id for one in end.references] == [actual.alert_id]


def test_contradicting_verdicts_stand_side_by_side():
    judge = gate()
    judge.feed(incident())
    judge.feed(verdict())
    alerts = judge.feed(verdict("rejected", centre="cta-49", at=T0 + 100_000))
    assert brief(alerts) == [
        ("cta-49", "Draft", "Cancel", "verdict:rejected"),
        ("cta-44", "Draft", "Update", "verdict:rejected"),
    ]
    assert alerts[1].proposal
    assert [(one.centre, one.decision, one.reason) for one in alerts[1].opinions] == [
        ("cta-44", "confirmed", ""),
        ("cta-49", "rejected", "nothing seen on site"),
    ]
    assert judge.evaluation("i1") == {"cta-44": "confirmed", "cta-49": "rejected"}


def test_no_name_of_a_person_goes_out():
    judge = gate()
    alerts = [*judge.feed(incident()), *judge.feed(verdict())]
    assert all(b"operator-7" not in msgspec.json.encode(one) for one in alerts)


def test_not_ours_hands_the_lead_on():
    judge = gate()
    judge.feed(incident())
    alerts = judge.feed(verdict("not_ours"))
    assert brief(alerts) == [
        ("cta-44", "Draft", "Cancel", "verdict:not_ours"),
        ("cta-49", "Draft", "Update", "verdict:not_ours"),
    ]
    assert [one.lead for one in alerts] == [False, True]


def test_already_known_keeps_since_when_and_makes_nothing_actual():
    judge = gate()
    judge.feed(incident())
    alerts = judge.feed(verdict("already_known", known_at=T0 - 30_000))
    assert {one.status for one in alerts} == {"Draft"}
    assert alerts[1].opinions[0].known_at == T0 - 30_000


def test_seen_is_told_to_its_own_centre_only():
    judge = gate()
    judge.feed(incident())
    assert brief(judge.feed(verdict("seen"))) == [("cta-44", "Draft", "Update", "verdict:seen")]


def test_what_a_centre_has_rejected_is_told_again_only_when_something_happens():
    judge = gate()
    judge.feed(incident())
    judge.feed(verdict("rejected"))
    assert [one.centre for one in judge.feed(incident(2))] == ["cta-49"]
    again = judge.feed(incident(3, reason="surge"))
    assert brief(again)[0] == ("cta-44", "Draft", "Alert", "surge")
    assert again[0].evaluation == "rejected"
    assert again[0].references == ()


def test_a_verdict_waits_for_its_incident_and_for_its_revision():
    judge = gate()
    assert judge.feed(verdict()) == []
    assert len(judge.memory.held) == 1
    alerts = judge.feed(incident())
    assert [one.status for one in alerts] == ["Draft", "Draft", "Actual", "Draft"]
    assert len(judge.memory.held) == 0
    assert judge.feed(verdict("rejected", revision=2, at=T0 + 99_000)) == []
    assert "Cancel" in [one.msg_type for one in judge.feed(incident(2))]


def test_a_verdict_without_its_incident_is_refused_after_a_day():
    judge = gate()
    judge.feed(verdict())
    judge.feed(incident(incident_id="other", updated_at=T0 + 90_000 + HELD_MS))
    assert judge.refused() == []
    judge.feed(incident(2, incident_id="other", updated_at=T0 + 90_000 + HELD_MS + 60_001))
    assert [one.verdict.incident_id for one in judge.refused()] == ["i1"]
    assert (len(judge.memory.held), judge.refused()) == (0, [])
    assert (sum(judge.tally.values()), judge.tally["refused"]) == (3, 1)


def test_no_more_than_so_many_verdicts_wait():
    judge = gate()
    for number in range(MAX_HELD + 1):
        judge.feed(verdict(incident_id=f"x{number}"))
    assert len(judge.memory.held) == MAX_HELD
    assert len(judge.refused()) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"centre": "cta-99"}, "expected a centre"),
        ({"operator": " "}, "name of the person"),
        ({"decision": "rejected", "reason": ""}, "reason"),
        ({"decision": "duplicate", "duplicate_of": "i1"}, "another incident"),
        ({"decision": "already_known", "known_at": T0 + 90_001}, "known_at"),
    ],
)
def test_a_verdict_that_cannot_be_meant_is_refused_and_changes_nothing(wrong, said):
    judge = gate()
    judge.feed(incident())
    before = judge.memory.snapshot()
    assert judge.feed(msgspec.structs.replace(verdict(), **wrong)) == []
    assert said in judge.refused()[0].why
    assert judge.memory.snapshot() == before


def test_a_verdict_on_a_revision_long_gone_is_refused():
    judge = gate()
    for revision in range(1, 11):
        judge.feed(incident(revision))
    assert judge.feed(verdict(revision=2, at=T0 + 10**6)) == []
    assert "look again" in judge.refused()[0].why
    assert judge.feed(verdict(revision=3, at=T0 + 10**6))[0].incident.revision == 3


def test_an_older_word_of_a_centre_does_not_replace_a_newer_one():
    judge = gate()
    judge.feed(incident())
    judge.feed(verdict("rejected", at=T0 + 100_000))
    assert judge.feed(verdict("confirmed", at=T0 + 99_000)) == []
    assert judge.evaluation("i1") == {"cta-44": "rejected"}


def test_of_one_instant_a_judgement_stands_over_a_look():
    # Enough of them that a fixed order by hash alone would put some look over some judgement.
    for number in range(20):
        for order in (("seen", "confirmed"), ("confirmed", "seen")):
            judge = gate()
            judge.feed(incident())
            for decided in order:
                judge.feed(verdict(decided, at=T0 + 100_000 + number))
            assert judge.evaluation("i1") == {"cta-44": "confirmed"}


def test_the_same_item_again_gives_nothing():
    judge = gate()
    for item in (incident(), verdict(), incident(2)):
        assert judge.feed(item)
        assert judge.feed(item) == []
    assert judge.feed(incident()) == []


def test_watch_and_explained_are_silent_and_a_withdrawn_one_is_cancelled():
    judge = gate()
    assert judge.feed(incident(state="watch")) == []
    raised = judge.feed(incident(2, msg_type="Alert", reason="raised"))
    assert {one.msg_type for one in raised} == {"Alert"}
    gone = judge.feed(incident(3, msg_type="Cancel", reason="withdrawn", state="explained"))
    assert {(one.msg_type, one.urgency, one.certainty) for one in gone} == {("Cancel", "Past", "Unlikely")}
    assert [one.alert_id for one in gone[0].references] == [raised[0].alert_id]
    assert judge.feed(incident(4, reason="closed", state="closed")) == []


def test_a_person_may_confirm_what_the_machine_only_watches():
    judge = gate()
    judge.feed(incident(state="watch"))
    assert brief(judge.feed(verdict())) == [("cta-44", "Actual", "Alert", "verdict:confirmed")]


def test_an_incident_that_moves_away_is_cancelled_where_it_is_no_more():
    judge = gate()
    judge.feed(incident())
    angers = msgspec.structs.replace(ANGERS, mass=0.97)
    moved = judge.feed(incident(2, reason="corrected", areas=(angers, msgspec.structs.replace(NANTES, mass=0.03))))
    assert brief(moved) == [("cta-44", "Draft", "Cancel", "left"), ("cta-49", "Draft", "Update", "corrected")]
    assert moved[0].delivery == "interrupt"
    assert moved[1].lead


def test_a_centre_that_was_told_stays_told_down_to_a_twentieth():
    judge = gate()
    judge.feed(incident())
    areas = (msgspec.structs.replace(NANTES, mass=0.94), msgspec.structs.replace(ANGERS, mass=0.06))
    assert [one.centre for one in judge.feed(incident(2, areas=areas))] == ["cta-44", "cta-49"]


# Interruptions -----------------------------------------------------------------------------------------------------


def rings(judge, number, minute, **other):
    area = msgspec.structs.replace(NANTES, mass=1.0, **{key: other[key] for key in ("lat", "lon") if key in other})
    at = T0 + minute * 60_000
    return judge.feed(incident(incident_id=f"n{number}", updated_at=at, areas=(area,), **other))[0].delivery


def test_three_an_hour_ring_and_the_rest_is_told_in_a_digest():
    judge = gate()
    assert [rings(judge, n, n) for n in range(5)] == ["interrupt"] * 3 + ["digest"] * 2
    assert rings(judge, 5, 6, hazard="flood") == "interrupt"
    assert rings(judge, 6, 7, lat=47.218 + 0.2) == "interrupt"
    assert rings(judge, 7, 8, lat=47.218 + 0.1) == "digest"
    assert (
        rings(judge, 8, 62) == "interrupt"
    )  # the three of minutes 0 to 2 are an hour old: two have rung within the hour
    digests = judge.digests(T0 + 30 * 60_000)
    assert [(one.centre, len(one.alerts)) for one in digests] == [("cta-44", 3)]
    assert digests[0].lines[0].startswith("Incendie, Nantes")
    assert judge.digests(T0 + 40 * 60_000) == []


def test_growth_does_not_ring_and_a_correction_does():
    judge = gate()
    judge.feed(incident())
    assert judge.feed(incident(2))[0].delivery == "silent"
    assert judge.feed(incident(3, reason="corrected"))[0].delivery == "interrupt"
    assert judge.feed(incident(4, reason="grown", hazard="explosion"))[0].delivery == "interrupt"


def test_the_end_of_what_never_rang_does_not_ring():
    judge = gate(an_hour=1)
    rings(judge, 0, 0)
    assert rings(judge, 1, 1) == "digest"
    assert judge.feed(incident(2, incident_id="n1", msg_type="Cancel", reason="withdrawn"))[0].delivery == "silent"
    assert judge.feed(incident(2, incident_id="n0", msg_type="Cancel", reason="withdrawn"))[0].delivery == "digest"


# Exercises ---------------------------------------------------------------------------------------------------------


def window(**other):
    values = {
        "window_id": "w1",
        "centre": "cta-44",
        "operator": "operator-7",
        "declared_at": T0 - 3_600_000,
        "from_at": T0 - 60_000,
        "until_at": T0 + 3_600_000,
        "label": "ORSEC 44",
        "hazards": ("fire",),
        "recipients": ("exercise-cell",),
    }
    return ExerciseWindow(**(values | other))


def test_an_exercise_labels_and_routes_apart_and_suppresses_nothing():
    judge = gate()
    judge.feed(window())
    own, other = judge.feed(incident())
    assert (own.status, own.exercise, own.exercise_of, own.delivery) == ("Exercise", "ORSEC 44", "cta-44", "interrupt")
    assert own.recipients == ("fr.fire.sdis440", "exercise-cell")
    assert (other.status, other.exercise, other.recipients) == ("Draft", "ORSEC 44", ("fr.fire.sdis490",))
    assert judge.feed(verdict())[0].status == "Actual"


def test_exercises_do_not_use_up_the_budget_of_real_events():
    judge = gate()
    judge.feed(window())
    assert [rings(judge, n, n, hazard="fire") for n in range(4)] == ["interrupt"] * 3 + ["digest"]
    late = T0 + 5 * 60_000
    assert judge.feed(incident(incident_id="old", raised_at=T0 - 61_000, updated_at=late))[0].delivery == "interrupt"


@pytest.mark.parametrize(
    "other",
    [
        {"hazards": ("flood",)},
        {"from_at": T0 + 1},
        {"until_at": T0},
        {"communes": ("44143",)},
        {"withdrawn": True},
        {"centre": "cta-85"},
    ],
)
def test_a_window_covers_only_its_time_hazard_and_area(other):
    judge = gate()
    judge.feed(window(**other))
    areas = (NANTES, msgspec.structs.replace(LUCON, mass=0.1))
    assert all(one.exercise == "" for one in judge.feed(incident(areas=areas)))


def test_a_window_declared_late_or_withdrawn_changes_the_label_of_what_stands():
    judge = gate()
    judge.feed(incident())
    labelled = judge.feed(window(declared_at=T0 + 5_000))
    assert brief(labelled) == [("cta-44", "Exercise", "Update", "exercise"), ("cta-49", "Draft", "Update", "exercise")]
    real = judge.feed(window(declared_at=T0 + 6_000, withdrawn=True))
    assert brief(real) == [("cta-44", "Draft", "Update", "exercise"), ("cta-49", "Draft", "Update", "exercise")]
    assert judge.feed(window(declared_at=T0 + 5_000)) == []


# Limits and the rest -----------------------------------------------------------------------------------------------


def test_in_a_trial_everything_is_a_test():
    judge = gate(trial=True)
    alerts = [*judge.feed(incident()), *judge.feed(verdict()), *judge.feed(incident(2))]
    assert {one.status for one in alerts} == {"Test"}


def test_a_centre_that_the_settings_no_longer_name_is_forgotten():
    judge = gate()
    judge.feed(incident())
    fewer = VerdictGate((MAINE,))
    fewer.restore(judge.memory.snapshot())
    assert [(one.centre, one.msg_type, one.lead) for one in fewer.feed(incident(2))] == [("cta-49", "Update", True)]


def test_a_console_whose_clock_is_wrong_uses_up_no_budget():
    judge = gate(an_hour=1)
    judge.feed(incident())
    judge.feed(verdict("checking", at=T0 + 90_000 + 86_400_000))
    judge.feed(incident(2, reason="corrected"))
    assert rings(judge, 9, 62) == "interrupt"


def test_what_ended_long_ago_is_forgotten():
    judge = gate()
    judge.feed(incident())
    judge.feed(incident(2, state="closed", reason="closed"))
    judge.feed(incident(incident_id="i2", updated_at=T0 + KEPT_MS))
    assert len(judge.memory.known) == 2
    judge.feed(incident(2, incident_id="i2", updated_at=T0 + KEPT_MS + 120_001))
    assert len(judge.memory.known) == 1


def test_a_polygon_and_a_box_are_territories_too():
    square = TerritorySettings(centre="square", polygon=((47.0, -2.0), (47.0, -1.0), (47.5, -1.0), (47.5, -2.0)))
    box = TerritorySettings(centre="box", bbox=(47.3, -1.0, 47.6, 0.0))
    assert [(one.centre, one.mass) for one in VerdictGate((square, box)).feed(incident())] == [
        ("box", 0.2),
        ("square", 0.7),
    ]


@pytest.mark.parametrize(
    "wrong", [{"bbox": (48.0, 0.0, 47.0, 1.0)}, {"polygon": ((1.0, 1.0), (2.0, 2.0))}, {"centre": "CTA 44"}]
)
def test_a_territory_that_cannot_be_meant_is_refused(wrong):
    with pytest.raises(ValueError, match=r"expected|String should match"):
        TerritorySettings(**({"centre": "c"} | wrong))
