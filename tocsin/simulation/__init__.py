"""The simulated world: seeded streams of posts with a ground truth, at any volume.

Nothing here knows the lexicon, the gazetteer or the detectors: towns, words and rates are this room's own, so that it can stand as an
oracle for the rest. The same scenario gives the same bytes.
"""
