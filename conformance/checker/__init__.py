"""Exhaustive checking of small models of the specification.

``model`` says what a model is, ``tables`` turns one into integers, ``plain`` and
``vector`` search it, ``engines`` chooses between the two, ``models`` has the
models themselves. A random search says that it found no fault; a search here
says that there is none within the bound, or gives a shortest way to one.
"""
