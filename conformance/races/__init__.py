"""Races that are made and not waited for: one call is held at a system call while another runs.

``file_calls`` says which system calls matter, ``tracing`` holds a process at one of them,
``waiting`` tells whether another one waits, ``meetings`` lets two calls meet in that way, ``plans``
lists which ones, and ``parked_suites`` judges what came of it. ``threads`` is about threads that
share one handle, which are left to luck again.
"""
