"""Pages and drawings of what searches of models found."""
