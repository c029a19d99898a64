"""Tocsin: early, explained, geolocated signals of emergencies from public posts.

The kernel: messages, time, identities, the topology of the pipeline and the runtimes that drive it.
"""

__version__ = "0.1.0"
