"""WFDB: a text header (``.hea``) with signal files (``.dat``, MATLAB ``.mat``, any name) beside it."""

from .record import FORMAT

__all__ = ["FORMAT"]
