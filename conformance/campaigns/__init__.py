"""Campaigns: many seeds on many workers for a long time, with everything kept in a folder."""
