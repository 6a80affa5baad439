"""The wire form of every value, from shapes to bytes."""
