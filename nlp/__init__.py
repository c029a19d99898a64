"""Hearing: what a post says of an emergency (terms, sense, place)."""
