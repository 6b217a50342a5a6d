"""What the functions return has the shape that `dumplens.types` says, field by field."""

import subprocess
import sys
import typing
from pathlib import Path

import pytest

import dumplens
from dumplens import types


def conforms(value, hint, where):
    """Fails, with the place, where a value is not what its annotation says."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        if value is None:
            assert type(None) in arguments, where
            return
        (hint,) = (one for one in arguments if one is not type(None))
        conforms(value, hint, where)
    elif origin is typing.Literal:
        assert value in arguments, (where, value)
    elif origin is list:
        assert isinstance(value, list), where
        for n, one in enumerate(value):
            conforms(one, arguments[0], f"{where}[{n}]")
    elif hasattr(hint, "__required_keys__"):
        assert isinstance(value, dict), where
        fields = typing.get_type_hints(hint)
        assert hint.__required_keys__ <= value.keys() <= fields.keys(), (where, value.keys() ^ fields.keys())
        for name, one in value.items():
            conforms(one, fields[name], f"{where}.{name}")
    else:
        # A whole number is a float too, as type checkers have it; True is no number here.
        wanted = (int, float) if hint is float else hint
        assert isinstance(value, wanted) and (hint is bool or not isinstance(value, bool)), (where, value)


def test_every_answer(fixtures, tmp_path):
    for n, dump in enumerate(fixtures):
        conforms(dumplens.report(dump, include_secrets=True), types.Report, "report")
        conforms(dumplens.why(dump), types.Why, "why")
        conforms(dumplens.waits(dump), types.Waits, "waits")
        conforms(dumplens.census(dump, all=True, show_strings=True), types.Census, "census")
        conforms(dumplens.trim(dump, tmp_path / f"{n}.dmp"), types.Trimmed, "trim")
        for other in fixtures:
            conforms(dumplens.diff(dump, other), types.Difference, "diff")
    for scanned in dumplens.scan([fixtures[0], tmp_path / "none.dmp"]):
        conforms(scanned, types.Scanned, "scan")


def test_what_differs_is_found(fixtures):
    why = dumplens.why(fixtures[0])
    for change in [{"more": 1}, {"findings": None}, {"schema_version": "2"}, {"schema_version": True}]:
        with pytest.raises(AssertionError):
            conforms({**why, **change}, types.Why, "why")
    del why["verdict"]
    with pytest.raises(AssertionError):
        conforms(why, types.Why, "why")


def test_type_checkers_follow(tmp_path):
    pytest.importorskip("mypy")
    (right := tmp_path / "right.py").write_text(
        "import dumplens\n"
        "from dumplens.types import Finding, Why\n"
        "why: Why = dumplens.why('a.dmp')\n"
        "first: Finding = why['findings'][0]\n"
        "sizes: list[int] = [d['dump']['size_bytes'] or 0 for d in dumplens.scan('dumps') if 'dump' in d]\n"
    )
    (wrong := tmp_path / "wrong.py").write_text("import dumplens\ndumplens.why('a.dmp')['verdit']\n")
    run = lambda file: subprocess.run(  # noqa: E731
        [sys.executable, "-m", "mypy", "--strict", file], cwd=tmp_path, capture_output=True, text=True
    )
    passed, failed = run(right), run(wrong)
    assert passed.returncode == 0, passed.stdout
    assert failed.returncode == 1 and "verdit" in failed.stdout, failed.stdout
    assert (Path(dumplens.__file__).parent / "py.typed").exists()
