"""From voices to incidents: pane by pane, by evidence against an ordinary day, explained."""

from detectors.detector import Detector

__all__ = ["Detector"]
