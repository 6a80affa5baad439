"""The commands of the command line, a module each.

Every module has ``NAME``, ``add`` (its options) and ``run`` (arguments to exit status). Modules
import what they need inside ``run``: a command line that prints usage must start at once.
"""
