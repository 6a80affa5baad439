"""The models: each says what is modelled, in words of the specification, as plain functions."""
