"""Laws of the simulated world."""

from __future__ import annotations

from bisect import bisect

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.simulation.background import day_factor
from tocsin.simulation.events import delay_secs
from tocsin.simulation.said import author_id, post_id
from tocsin.simulation.scenario import Background, Curve, Faults, IncidentPlan, Scenario
from tocsin.simulation.stream import Stream
from tocsin.time import HOUR_MS

curves = st.builds(
    Curve,
    onset_secs=st.floats(0, 600),
    growth_secs=st.floats(1, 3_600),
    decay_secs=st.floats(1, 7_200),
)


@given(curves, st.floats(0, 0.999999), st.floats(0, 0.999999))
def test_delays_rise_with_the_die_and_never_precede_the_onset(curve, one, other):
    low, high = sorted((one, other))
    assert curve.onset_secs <= delay_secs(curve, low) <= delay_secs(curve, high)


@given(curves)
@settings(max_examples=25)
def test_delays_follow_the_declared_curve(curve):
    """Against the density itself, summed step by step: a triangle up to the peak, then the exponential."""
    steps = 2_000
    delays = [delay_secs(curve, (n + 0.5) / steps) for n in range(steps)]
    whole = curve.growth_secs / 2 + curve.decay_secs
    for share in (0.1, 0.4, 0.7):
        at = delays[int(share * steps)]
        rising = min(at - curve.onset_secs, curve.growth_secs)
        width = rising / 400
        mass = sum((n + 0.5) * width / curve.growth_secs * width for n in range(400))
        past = at - curve.onset_secs - curve.growth_secs
        if past > 0:
            width = past / 2_000
            mass += sum(2.718281828459045 ** (-(n + 0.5) * width / curve.decay_secs) * width for n in range(2_000))
        assert abs(mass / whole - share) < 0.01


@given(st.floats(0.0, 1.0))
def test_a_day_has_the_declared_mean_and_floor(floor):
    factors = [day_factor(minute * 60_000, floor) for minute in range(1_440)]
    assert abs(sum(factors) / 1_440 - 1.0) < 1e-9
    assert abs(min(factors) / max(factors) - floor) < 1e-3


@given(st.integers(0, 2**63), st.integers(0, 2**62), st.integers(0, 2**62))
def test_two_posts_never_share_an_identity(seed, one, other):
    assert (post_id(seed, one) == post_id(seed, other)) == (one == other)
    assert (author_id(seed, one) == author_id(seed, other)) == (one == other)


@given(st.integers(0, 10_000), st.floats(0.1, 1.0))
@settings(max_examples=15, deadline=None)
def test_a_longer_stream_begins_as_the_shorter_one(seed, hours):
    """The stream is made as it goes: what is told does not depend on what comes after."""

    def lines(length):
        plan = IncidentPlan(name="it", hazard="flood", town="Metz", after_secs=60, witnesses=10)
        faults = Faults(retract_share=0.0)
        scenario = Scenario(
            hours=length, seed=seed, background=Background(rate_per_min=20), incidents=(plan,), faults=faults
        )
        return scenario, list(Stream(scenario))

    short, told = lines(hours)
    _, longer = lines(hours + 0.5)
    # The last minute of the short stream is cut in its middle, and late lines of it come after its end.
    safe_at = short.end_at - short.end_at % 60_000
    cut = bisect([sent.received_at for sent in longer], safe_at - 1)
    assert [sent.line for sent in told[:cut]] == [sent.line for sent in longer[:cut]]
    assert short.end_at - safe_at < HOUR_MS
