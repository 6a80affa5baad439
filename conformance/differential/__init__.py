"""The differential: two readers get the same bytes, and wherever they differ it is written down.

``items`` are pieces of CBOR, ``inputs`` makes the bytes, ``readers`` asks and compares, ``run``
counts and keeps the state that a later start goes on from.
"""
