"""Scoring: how well a file of incidents tells the truth of a scenario."""

from tocsin.scoring.convention import score
from tocsin.scoring.reading import Alert, ScoringError, alerts_of, read_alerts, read_truth, read_voices

__all__ = ["Alert", "ScoringError", "alerts_of", "read_alerts", "read_truth", "read_voices", "score"]
