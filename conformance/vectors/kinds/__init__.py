"""The kinds of vector: one module says how lines of a kind are checked and made."""
