"""The chapters of the requirement registry, as data."""
