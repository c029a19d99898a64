"""Laws of instants, panes and the watermark."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.time import Panes, format_instant, of_datetime, parse_instant

instants = st.integers(min_value=-(10**13), max_value=10**13)
grids = st.builds(Panes, st.integers(1, 10**7), st.integers(0, 10**7))


@given(grids, instants)
def test_panes_tile_time(panes, at):
    start, end = panes.start(at), panes.end(at)
    assert start <= at < end
    assert end - start == panes.width_ms
    assert start % panes.width_ms == 0
    assert panes.start(end) == end  # the next pane begins where this one ends
    assert panes.start(start - 1) == start - panes.width_ms


@given(grids, instants, instants)
def test_a_pane_is_closed_exactly_from_its_closing_instant_on(panes, at, watermark):
    assert (at < panes.closed_before(watermark)) == (watermark >= panes.closes_at(at))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001  naive on purpose
def test_instants_agree_with_the_calendar(moment, offset_mins):
    """Python's own calendar is the oracle: an instant does not depend on the offset it was written with."""
    aware = moment.replace(tzinfo=UTC)
    expected = (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert of_datetime(moment) == expected
    local = (aware + timedelta(minutes=offset_mins)).replace(tzinfo=None)
    sign = "+" if offset_mins >= 0 else "-"
    offset = f"{sign}{abs(offset_mins) // 60:02d}:{abs(offset_mins) % 60:02d}"
    assert parse_instant(local.isoformat() + offset) == expected
    assert parse_instant(format_instant(expected)) == expected


@pytest.mark.parametrize(("width", "lateness"), [(0, 0), (-1, 0), (1, -1)])
def test_impossible_grids_are_refused(width, lateness):
    with pytest.raises(ValueError, match="must be positive"):
        Panes(width, lateness)
