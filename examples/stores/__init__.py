"""Agreement logs and evidence caches on stores that people really use, judged as users would."""
