"""The analyst's tools: play a recording again under other settings, ask why and why not, test scenarios, find what cannot be heard.

Everything here goes by one idea: what the detector hears is recorded once (``recording``), then played as often as there are questions
(``play``), through the same detector that runs live. Results are plain values; pictures and tables are made of them by others.
"""
