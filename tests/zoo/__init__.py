"""Systems under test that are kept for their faults, and others for their unusual build."""
