"""How the packaged gazetteer is made from its sources: a maintainers' chore, never run by users."""
