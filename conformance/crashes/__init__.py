"""Crashes of a system under test: what is left of its files, and whether it opens again.

The backend runs as a child process under ``strace``. ``system_calls`` reads the lines of a trace,
``recorder`` makes events on files of them, ``persistence`` says what a loss of power can leave,
``states`` makes the states of each class, ``opener`` opens them, and ``oracle`` judges what an
opening shows. No code of the backend is touched and no privilege is needed.
"""
