import os
import subprocess
import sys
import textwrap
import threading
import time

import pytest

import dumplens


def test_is_what_the_program_prints(fixtures, printed):
    for dump in fixtures:
        assert dumplens.report(dump) == printed("report", dump), dump
        secret = dumplens.report(str(dump), include_secrets=True)
        assert secret == printed("report", "--include-secrets", dump), dump


def test_symbols_are_looked_for_where_the_program_does(fixtures, printed, tmp_path, monkeypatch):
    monkeypatch.setenv("_NT_SYMBOL_PATH", f"{tmp_path};srv*https://symbols.example/x")
    dump = fixtures[0]
    report = dumplens.report(dump, symbols=[tmp_path / "more"])
    assert any("symbols.example" in warning["message"] for warning in report["warnings"])
    assert report == printed("report", "--symbols", tmp_path / "more", dump)


def test_knows_what_went_into_a_dump(fixtures):
    (story,) = (dump for dump in fixtures if dump.parent.name == "story-commit-limit")
    report = dumplens.report(story)
    # fixtures/story-commit-limit/truth.toml
    assert report["verdict"]["allocation"]["requested_bytes"] == 968651191
    assert report["memory"]["commit_bytes"] == 19649474560
    assert report["exception"]["code"] == "0xe06d7363"


def test_a_file_without_a_report_is_an_error(tmp_path):
    text = tmp_path / "text.dmp"
    text.write_text("this is no dump at all, whatever it is called")
    for path, code in [(text, "not_a_dump"), (tmp_path / "none.dmp", "not_found"), (tmp_path, "not_a_file")]:
        with pytest.raises(dumplens.DumpError) as caught:
            dumplens.report(path)
        error = caught.value
        assert (error.code, error.path) == (code, str(path))
        assert error.message and str(error) == f"{path}: {error.message} ({code})"
        assert isinstance(error, Exception) and error.args == (code, error.message, str(path))


def test_a_dump_that_was_cut_off_still_answers(fixtures, tmp_path):
    """Absent, present, damaged: what is lost is a warning, not an error."""
    for dump in fixtures:
        cut = tmp_path / f"{dump.parent.name}.dmp"
        whole = dump.read_bytes()
        cut.write_bytes(whole[: len(whole) // 2])
        try:
            report = dumplens.report(cut)
        except dumplens.DumpError as error:
            assert error.code in ("not_a_dump", "unreadable")
        else:
            assert report["dump"]["truncated"] and report["warnings"]


def test_wrong_arguments_are_type_errors(fixtures):
    for wrong in [None, 3, ["a.dmp"]]:
        with pytest.raises(TypeError):
            dumplens.report(wrong)
    with pytest.raises(TypeError):
        dumplens.report(fixtures[0], no_such_option=True)


def test_names_in_any_script(fixtures, tmp_path):
    path = tmp_path / "дамп 転倒 é.dmp"
    path.write_bytes(fixtures[0].read_bytes())
    assert dumplens.report(path)["dump"]["path"] == str(path)


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="such names are there on Linux only")
def test_names_that_are_no_text(fixtures, tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.dmp"
    with open(path, "wb") as file:
        file.write(fixtures[0].read_bytes())
    assert dumplens.report(os.fsdecode(path))["dump"]["path"].endswith("\ufffd.dmp")


def test_other_threads_run_meanwhile(fixtures):
    """A thread that only counts gets on while dumps are read."""
    counted = 0
    done = threading.Event()

    def count():
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    big = max(fixtures, key=lambda dump: dump.stat().st_size)
    before, begin = counted, time.monotonic()
    dumplens.report(big)
    spent = time.monotonic() - begin
    after = counted
    done.set()
    counter.join()
    # With the lock held there would be none, or one at its edge; a tenth of what fits is far from both.
    assert after - before > spent * 1000 / 10 - 2, (after - before, spent)


def test_many_threads_at_once(fixtures):
    expected = [dumplens.report(dump) for dump in fixtures]
    found = [None] * len(fixtures)

    def ask(n):
        found[n] = dumplens.report(fixtures[n])

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(fixtures))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


@pytest.mark.skipif(os.name == "nt", reason="a signal")
def test_ctrl_c_ends_it(fixtures):
    program = textwrap.dedent(
        """
        import dumplens, os, signal, threading, sys
        # Whoever runs the tests in the background has it ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        try:
            while True:
                for dump in dumplens.scan(sys.argv[1]):
                    dumplens.report(dump["path"])
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(fixtures[0].parents[1])], capture_output=True, text=True, timeout=60
    )
    assert run.stdout == "interrupted\n", run.stderr
