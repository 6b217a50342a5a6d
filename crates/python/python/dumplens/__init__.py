"""Reads Windows crash dumps and says what happened to the process's memory."""

from ._dumplens import Scan, __version__, census, diff, report, scan, trim, waits, why
from ._error import DumpError

__all__ = ["DumpError", "Scan", "__version__", "census", "diff", "report", "scan", "trim", "waits", "why"]
