"""`why`, `waits`, `census`, `diff` and `trim`: each gives what the program prints as JSON."""

import pytest

import dumplens

QUESTIONS = {"why": dumplens.why, "waits": dumplens.waits, "census": dumplens.census}


@pytest.mark.parametrize("name", QUESTIONS)
def test_is_what_the_program_prints(name, fixtures, printed):
    for dump in fixtures:
        assert QUESTIONS[name](dump) == printed(name, "--format", "json", dump), dump


@pytest.mark.parametrize("name", QUESTIONS)
def test_symbols_and_images_are_looked_for_where_the_program_does(name, fixtures, printed, tmp_path):
    (story,) = (dump for dump in fixtures if dump.parent.name == "story-commit-limit")
    folders = {"symbols": [tmp_path / "none"], "images": [tmp_path]}
    found = QUESTIONS[name](story, **folders)
    options = ["--symbols", tmp_path / "none", "--images", tmp_path]
    assert found == printed(name, "--format", "json", *options, story)
    # PDBs that were looked for and not found are a warning; a census without unnamed classes looks for none.
    assert name == "census" or found["warnings"] != QUESTIONS[name](story)["warnings"]


def test_all_of_a_census(fixtures, printed):
    for dump in fixtures:
        taken = dumplens.census(dump, all=True, show_strings=True)
        assert taken == printed("census", "--all", "--show-strings", "--format", "json", dump), dump


def test_differences(fixtures, printed):
    old, new = (dump for dump in fixtures if dump.parent.name in ("leak-1", "leak-2"))
    for options, arguments in [({}, []), ({"census": True}, ["--census"])]:
        difference = dumplens.diff(old, new, **options)
        assert difference == printed("diff", "--format", "json", *arguments, old, new)
        assert ("census" in difference) == bool(options)
    assert difference["identity"]["kind"] == "same_process"


def test_a_trimmed_copy_is_the_programs(fixtures, printed, program, tmp_path):
    for n, dump in enumerate(fixtures):
        ours, theirs = tmp_path / f"{n}.dmp", tmp_path / f"{n}-program.dmp"
        told = dumplens.trim(dump, ours)
        assert told == printed("trim", "--format", "json", dump, theirs)
        assert ours.read_bytes() == theirs.read_bytes() and told["size_bytes"] == ours.stat().st_size
        redacted = dumplens.trim(dump, ours, redact=True, force=True)
        assert redacted == printed("trim", "--redact", "--force", "--format", "json", dump, theirs)
        assert ours.read_bytes() == theirs.read_bytes()
    assert {file.suffix for file in tmp_path.iterdir()} == {".dmp"}, "no drafts are left"


def test_nothing_is_replaced_unasked(fixtures, tmp_path):
    (there := tmp_path / "there.dmp").write_text("as it was")
    with pytest.raises(FileExistsError):
        dumplens.trim(fixtures[0], there)
    with pytest.raises(OSError, match="is a directory"):
        dumplens.trim(fixtures[0], tmp_path, force=True)
    with pytest.raises(OSError):
        dumplens.trim(fixtures[0], tmp_path / "no such folder" / "a.dmp")
    (copy := tmp_path / "copy.dmp").write_bytes(fixtures[0].read_bytes())
    with pytest.raises(OSError, match="is the dump itself"):
        dumplens.trim(copy, copy, force=True)
    assert there.read_text() == "as it was" and copy.read_bytes() == fixtures[0].read_bytes()
    assert sorted(tmp_path.iterdir()) == [copy, there]


def test_a_file_without_an_answer_is_an_error(fixtures, tmp_path):
    (text := tmp_path / "text.dmp").write_text("this is no dump at all, whatever it is called")
    calls = [lambda ask=ask: ask(text) for ask in QUESTIONS.values()]
    calls += [
        lambda: dumplens.trim(text, tmp_path / "to.dmp"),
        lambda: dumplens.diff(text, fixtures[0]),
        lambda: dumplens.diff(fixtures[0], text),
    ]
    for call in calls:
        with pytest.raises(dumplens.DumpError) as caught:
            call()
        assert (caught.value.code, caught.value.path) == ("not_a_dump", str(text))
    assert list(tmp_path.iterdir()) == [text]


def test_the_version_is_the_programs(program):
    assert program("--version").decode().split() == ["dumplens", dumplens.__version__]
