"""Executable reference implementation of the telltale durability specification.

Start with :mod:`telltale_spec.backends.contract`, the contracts of a backend.
"""

import lazy_loader

# The names and their modules are in the stub beside this file. Each is imported on first use:
# a command that prints usage, or a test run that judges nothing, must start at once.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
