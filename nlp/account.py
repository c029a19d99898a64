"""An analysis as plain data: what ``tocsin extract --json`` writes, one object a post."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlp.hazards import leading

if TYPE_CHECKING:
    from nlp.extract import Analysis
    from nlp.lexicon import Hit
    from nlp.resolve import Toponym
    from nlp.sense import Sense
    from tocsin.model import Place


def account(post_id: str, analysis: Analysis, *, gated: bool = False) -> dict[str, Any]:
    """Give an analysis as JSON-ready data; offsets are code points of the original text, half-open.

    With ``gated`` a post that the pipeline would drop has neither mentions nor places.
    """
    dropped = None if analysis.gate else "gate_closed"
    dropped = dropped or analysis.dropped
    shown = analysis.sense.telling and not (gated and dropped)
    return {
        "post_id": post_id,
        "lang": analysis.sense.lang,
        "gate": list(analysis.gate),
        "dropped": dropped,
        "mentions": [_mention(analysis)] if shown else [],
        "places": [_toponym(one) for one in analysis.resolution.toponyms if one.place is not None],
    }


def leading_hit(sense: Sense) -> Hit | None:
    """Give the hit that says most: a hazard before a perception before the rest, then the stronger, then the earlier."""
    order = {"hazard": 0, "perception": 1, "consequence": 2, "responder": 3, "denial": 4}
    told = [hit for hit in sense.reading.hits if hit.entry.role in order]
    return min(told, key=lambda hit: (order[hit.entry.role], -hit.entry.strength, hit.start), default=None)


def _mention(analysis: Analysis) -> dict[str, Any]:
    sense = analysis.sense
    hit = leading_hit(sense)
    places = analysis.resolution.places
    return {
        "hazard": leading(sense.hazards),
        "hazards": sense.hazards,
        "terms": list(sense.terms),
        "modality": sense.frame.modality,
        "witness": sense.witness,
        "probability": sense.judgement.probability,
        "reasons": list(sense.judgement.reasons),
        "denial": sense.frame.denial,
        "perception_only": sense.perception_only,
        "consequences": list(sense.consequences),
        "start": hit.start if hit else 0,
        "end": hit.end if hit else 0,
        "spans": [{"start": span.start, "end": span.end, "entry": span.entry} for span in sense.spans],
        "place": _place(places[0]) if places else None,
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "id": place.id,
        "name": place.name,
        "kind": place.kind,
        "lat": place.lat,
        "lon": place.lon,
        "uncertainty_km": place.uncertainty_km,
        "country": place.country,
        "method": place.method,
        "score": place.score,
    }


def _toponym(one: Toponym) -> dict[str, Any]:
    assert one.place is not None
    return {
        "start": one.start,
        "end": one.end,
        "text": one.text,
        **_place(one.place),
        "candidates": [_place(candidate) for candidate in one.candidates],
    }
