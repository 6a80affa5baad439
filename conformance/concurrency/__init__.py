"""Calls that overlap, judged as a whole: does one order of them explain every answer.

``calls`` says what a history of concurrent calls is. ``logs`` judges one of a log by the order that
its longest load gives, so that nothing is searched unless equal entries can be taken for each
other (``placing``). ``caches`` judges one of a cache id by id, by a search for an order
(``registers``). ``cores`` leaves out what a contradiction does not need. Everything here depends on
the history alone: no clock, no chance, no backend.
"""
