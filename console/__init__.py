"""The web page of dispatchers and analysts (not built yet: see the road map in CHANGELOG.md)."""
