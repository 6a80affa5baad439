"""Tests of a backend as somebody would write them in an afternoon, with Hypothesis alone.

They are what the suite is compared with, so they are written to be good: nothing of the suite is
imported but the declarations of a backend, and nothing is left out that comes to mind at once.
"""
