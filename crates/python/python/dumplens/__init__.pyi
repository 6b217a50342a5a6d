from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from types import TracebackType
from typing import Optional, Union, final

from .types import Census, Difference, Report, Scanned, Trimmed, Waits, Why

_Path = Union[str, PathLike[str]]

__version__: str
"""The version, of package and program alike."""

class DumpError(Exception):
    """A file gives no report."""

    code: str
    """Why: ``not_found``, ``permission_denied``, ``not_a_file``, ``not_a_dump``, ``unreadable``, ``internal_error``."""
    message: str
    """The same in words."""
    path: str
    """The file, as it was named."""
    def __init__(self, code: str, message: str, path: str) -> None: ...

@final
class Scan(Iterator[Scanned]):
    """Dumps as they are done. It ends early with ``close``, at the end of a ``with``, or when it is dropped."""

    def __iter__(self) -> Scan: ...
    def __next__(self) -> Scanned: ...
    def close(self) -> None: ...
    def __enter__(self) -> Scan: ...
    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None: ...

def report(
    path: _Path,
    *,
    symbols: Sequence[_Path] = (),
    images: Sequence[_Path] = (),
    include_secrets: bool = False,
) -> Report:
    """Everything that is known about a dump: what ``dumplens report PATH`` prints as JSON.

    What the dump does not have is None, and what of it is damaged is in ``warnings``. A file that gives no report at all
    raises DumpError. PDBs are looked for in ``symbols``, in the local folders of _NT_SYMBOL_PATH and beside the dump; images
    (.exe, .dll) that a small dump left out, in ``images``.
    """

def why(path: _Path, *, symbols: Sequence[_Path] = (), images: Sequence[_Path] = ()) -> Why:
    """What happened, and why: what ``dumplens why PATH`` prints as JSON."""

def waits(path: _Path, *, symbols: Sequence[_Path] = (), images: Sequence[_Path] = ()) -> Waits:
    """Who waits for what, and on whom: what ``dumplens waits PATH`` prints as JSON."""

def census(
    path: _Path,
    *,
    all: bool = False,
    symbols: Sequence[_Path] = (),
    images: Sequence[_Path] = (),
    show_strings: bool = False,
) -> Census:
    """What fills the private memory: what ``dumplens census PATH`` prints as JSON.

    With ``all`` everything is read that the dump keeps, and all classes and sizes are listed. ``show_strings`` shows some
    characters of groups that are all text.
    """

def diff(old: _Path, new: _Path, *, census: bool = False) -> Difference:
    """What changed between two dumps of one program: what ``dumplens diff OLD NEW`` prints as JSON.

    With ``census`` what fills the private memory of both is read too.
    """

def trim(path: _Path, to: _Path, *, redact: bool = False, force: bool = False) -> Trimmed:
    """Writes a small dump that gives the same report: what ``dumplens trim PATH TO`` does, and prints as JSON.

    With ``redact`` environment, command line, names of objects and folders of PDBs are left out, and all memory that could be
    text is zero. A file that is there is replaced only with ``force``, else FileExistsError is raised; any other error of
    the file to be written is an OSError, one of the dump a DumpError.
    """

def scan(
    paths: Union[_Path, Iterable[_Path]],
    *,
    all: bool = False,
    jobs: Optional[int] = None,
    timeout: Optional[float] = 120.0,
    symbols: Sequence[_Path] = (),
    images: Sequence[_Path] = (),
) -> Scan:
    """Looks at files, folders, and patterns with ``*`` and ``?``, and gives a dict for each dump as soon as it is done.

    Each is an object of ``dumplens scan --jsonl``: ``path``, and beside it the report's fields, or ``error`` with
    ``code`` and ``message``. No error of a file ends the scan. ``jobs`` dumps are read at once, by default as many as
    there are processors; each may take ``timeout`` seconds, and None is no limit.
    """
