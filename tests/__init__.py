"""Tests that go across the packages."""
