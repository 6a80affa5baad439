"""State machines and laws, one module a component; none knows which backend it runs."""
