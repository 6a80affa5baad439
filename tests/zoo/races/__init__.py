"""Logs and caches for several handles: some are wrong only where two calls meet at one place."""
