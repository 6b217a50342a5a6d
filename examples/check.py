"""Runs both examples on this machine, and compares their rows with those of a local scan.

    python3 check.py --dumplens target/release/dumplens FOLDER...

Needs `pip install pyspark ray`, and Java for Spark. An example whose package is missing is named and left out; exit code
1 if rows differ, 2 if nothing could be run.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time

import rows as shared

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = {"spark": "pyspark", "ray": "ray"}


def local(dumplens, folders):
    command = [dumplens, "scan", "--jsonl", *folders]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, encoding="utf-8")
    return [shared.row(line) for line in done.stdout.splitlines()]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dumplens", default="dumplens")
    arguments.add_argument("folders", nargs="+")
    options = arguments.parse_args()
    dumplens = os.path.abspath(options.dumplens) if os.sep in options.dumplens else options.dumplens
    folders = [os.path.abspath(folder) for folder in options.folders]
    scratch = tempfile.mkdtemp(prefix="dumplens-check-")

    begin = time.monotonic()
    rows = local(dumplens, folders)
    wanted = os.path.join(scratch, "local.jsonl")
    shared.write(rows, wanted)
    print(f"local: {len(rows)} rows, {len(shared.signatures(rows))} signatures, {time.monotonic() - begin:.1f} s")
    counts = "".join("\t".join(map(str, each)) + "\n" for each in shared.signatures(rows))

    ran, differ = 0, False
    for name, package in EXAMPLES.items():
        if importlib.util.find_spec(package) is None:
            print(f"{name}: skipped, there is no {package}")
            continue
        begin = time.monotonic()
        found = os.path.join(scratch, f"{name}.jsonl")
        script = os.path.join(HERE, name, "signatures.py")
        command = [sys.executable, script, "--dumplens", dumplens, "--rows", found, *folders]
        printed = subprocess.run(command, stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout
        with open(wanted, encoding="utf-8") as one, open(found, encoding="utf-8") as other:
            same = one.read() == other.read() and printed == counts
        ran, differ = ran + 1, differ or not same
        print(f"{name}: {'the same rows and counts' if same else 'DIFFERS, see ' + scratch}, {time.monotonic() - begin:.1f} s")
    if not ran:
        return 2
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
