import itertools
import json
import threading

import pytest

import dumplens


def by_path(dumps):
    return sorted(dumps, key=lambda dump: dump["path"])


@pytest.fixture
def folder(fixtures, tmp_path):
    """Every fixture twice, in folders, and two files that are no dumps."""
    for n, dump in itertools.product(range(2), fixtures):
        (tmp_path / f"day {n}").mkdir(exist_ok=True)
        (tmp_path / f"day {n}" / f"{dump.parent.name}.dmp").write_bytes(dump.read_bytes())
    (tmp_path / "text.dmp").write_text("this is no dump at all, whatever it is called")
    (tmp_path / "notes.txt").write_text("not looked at")
    return tmp_path


def lines(program, *arguments):
    printed = program("scan", "--jsonl", *arguments)
    return [json.loads(line) for line in printed.decode().splitlines()]


def test_is_what_the_program_prints(program, folder, fixtures):
    found = by_path(dumplens.scan(folder))
    assert len(found) == 2 * len(fixtures) + 1
    assert found == by_path(lines(program, folder))
    (failed,) = (dump for dump in found if "error" in dump)
    assert failed["path"] == str(folder / "text.dmp")
    assert list(failed) == ["path", "schema_version", "error"] and failed["error"]["code"] == "not_a_dump"


def test_a_dict_is_the_report_and_the_path(fixtures):
    (found,) = dumplens.scan(fixtures[0])
    assert list(found)[0] == "path" and found.pop("path") == str(fixtures[0])
    assert found == dumplens.report(fixtures[0])


def test_paths_of_many_kinds(folder, fixtures):
    one = folder / "day 0" / f"{fixtures[0].parent.name}.dmp"
    for paths in [str(one), one, [one], (str(one),), {one}, iter([one]), (path for path in [one])]:
        assert [dump["path"] for dump in dumplens.scan(paths)] == [str(one)]
    assert len(list(dumplens.scan(str(folder / "day*" / "*.dmp")))) == 2 * len(fixtures)
    assert list(dumplens.scan([])) == []
    (none,) = dumplens.scan(folder / "no*such")
    assert none["error"]["code"] == "not_found"


def test_files_of_any_name(folder, fixtures):
    (folder / "notes.txt").write_bytes(fixtures[0].read_bytes())
    assert len(list(dumplens.scan(folder, all=True))) == len(list(dumplens.scan(folder))) + 1


@pytest.mark.parametrize("jobs", [1, 2, 7])
def test_as_many_at_once_as_wanted(folder, fixtures, jobs):
    assert len(list(dumplens.scan(folder, jobs=jobs))) == 2 * len(fixtures) + 1


def test_a_limit_of_time(fixtures):
    (late,) = dumplens.scan(fixtures[0], timeout=0.0)
    assert late["error"]["code"] == "timed_out"
    (found,) = dumplens.scan(fixtures[0], timeout=None)
    assert "error" not in found


def test_wrong_arguments():
    for wrong in [{"jobs": 0}, {"jobs": 1000}, {"timeout": -1.0}, {"timeout": float("nan")}]:
        with pytest.raises(ValueError):
            dumplens.scan([], **wrong)
    for wrong in [None, 3, [None], [b"a.dmp"]]:
        with pytest.raises(TypeError):
            dumplens.scan(wrong)


def test_it_ends_early(folder):
    before = threading.active_count()
    with dumplens.scan(folder, jobs=1) as dumps:
        next(dumps)
    assert list(dumps) == []
    dumps = dumplens.scan(folder)
    next(dumps)
    dumps.close()
    dumps.close()
    with pytest.raises(StopIteration):
        next(dumps)
    next(dumplens.scan(folder))  # and is dropped
    assert threading.active_count() == before
