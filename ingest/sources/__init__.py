"""One module a network: transport and words, nothing else. What keeps a source connected is ``ingest.listen``."""
