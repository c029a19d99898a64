"""Runtimes: what drives the pure stages (worker loop, in-memory stream, embedded runner, metrics, logging)."""
