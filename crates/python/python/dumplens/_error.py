class DumpError(Exception):
    """A file gives no report.

    What a dump does not have is None in its report, and what of it is damaged is in the report's ``warnings``: neither is
    an error.
    """

    def __init__(self, code: str, message: str, path: str) -> None:
        super().__init__(code, message, path)
        self.code = code
        self.message = message
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.message} ({self.code})"
