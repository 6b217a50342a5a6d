"""Where the repository is, and the program to compare with: `cargo xtask python` builds it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"


@pytest.fixture(scope="session")
def fixtures():
    dumps = sorted(FIXTURES.glob("*/dump.dmp"))
    assert len(dumps) >= 8
    return dumps


@pytest.fixture(scope="session")
def program():
    """Runs the program, and returns what it printed."""
    name = os.environ.get("DUMPLENS_PROGRAM")
    if not name:
        pytest.skip("DUMPLENS_PROGRAM does not name the program dumplens")

    def run(*arguments):
        return subprocess.run([name, *map(str, arguments)], check=True, capture_output=True).stdout

    return run


@pytest.fixture(scope="session")
def printed(program):
    """What the program prints as JSON."""
    return lambda *arguments: json.loads(program(*arguments))
