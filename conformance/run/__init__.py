"""One run: what is judged, where, and in which order."""
