from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from types import TracebackType
from typing import Any, Optional, Union, final

_Path = Union[str, PathLike[str]]

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
class Scan(Iterator[dict[str, Any]]):
    """Dumps as they are done. It ends early with ``close``, at the end of a ``with``, or when it is dropped."""

    def __iter__(self) -> Scan: ...
    def __next__(self) -> dict[str, Any]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Scan: ...
    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None: ...

def report(
    path: _Path, *, symbols: Sequence[_Path] = (), include_secrets: bool = False
) -> dict[str, Any]:
    """Everything that is known about a dump: what ``dumplens report PATH`` prints as JSON.

    What the dump does not have is None, and what of it is damaged is in ``warnings``. A file that gives no report at all
    raises DumpError.
    """

def scan(
    paths: Union[_Path, Iterable[_Path]],
    *,
    all: bool = False,
    jobs: Optional[int] = None,
    timeout: Optional[float] = 120.0,
    symbols: Sequence[_Path] = (),
) -> Scan:
    """Looks at files, folders, and patterns with ``*`` and ``?``, and gives a dict for each dump as soon as it is done.

    Each is an object of ``dumplens scan --jsonl``: ``path``, and beside it the report's fields, or ``error`` with
    ``code`` and ``message``. No error of a file ends the scan. ``jobs`` dumps are read at once, by default as many as
    there are processors; each may take ``timeout`` seconds, and None is no limit.
    """
