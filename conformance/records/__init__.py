"""What a run says and keeps, as plain data: results, verdicts, replays, baselines."""
