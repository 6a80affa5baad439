"""Judging a recorded history: operations and answers of a run that is over, without any harness."""
