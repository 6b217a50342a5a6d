"""Reads Windows crash dumps and says what happened to the process's memory."""

from ._dumplens import Scan, report, scan
from ._error import DumpError

__all__ = ["DumpError", "Scan", "report", "scan"]
