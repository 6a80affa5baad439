"""Tests of the judgement of concurrent histories."""
