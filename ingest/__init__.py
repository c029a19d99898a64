"""Ingest: public posts come in, are normalised and pseudonymised, and only those with a term of the lexicon go on."""
