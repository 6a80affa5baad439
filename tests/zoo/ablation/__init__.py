"""How much each part of the search finds: the zoo hunted with one part left out at a time.

Usage: ``python -m tests.zoo.ablation``; see docs/ablation.md for what it measured. Needs Linux, and
strace for the zoo of crashes.
"""
