"""What the answers of a backend mean: pure judges, oracles and words."""
