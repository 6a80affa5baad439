"""Holds the site to what it says: its pages, its links, and every block of its tutorials."""
