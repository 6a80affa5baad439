"""How a backend is searched for violations: budgets, sessions, suites, limits on calls."""
