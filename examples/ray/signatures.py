"""Dumps counted by signature, on Ray: each task pipes a batch of paths through `dumplens scan --jsonl -`.

    python3 signatures.py --dumplens /usr/local/bin/dumplens --rows rows.jsonl FOLDER...

Paths travel, not bytes. dumplens and the folders must be found under the same path on every node.
"""

import argparse
import os
import subprocess
import sys

import ray

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rows as shared


def triage(dumplens, paths):
    """The rows of some dumps. Fails if dumplens does; a dump that cannot be read is a row of its own."""
    command = [dumplens, "scan", "--jsonl", "--jobs", "1", "-"]
    done = subprocess.run(command, input="\n".join(paths), stdout=subprocess.PIPE, check=True, encoding="utf-8")
    return [shared.row(line) for line in done.stdout.splitlines()]


def batches(paths, size):
    batch = []
    for path in paths:
        batch.append(path)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dumplens", default="dumplens")
    arguments.add_argument("--rows", help="write the rows to this file")
    arguments.add_argument("--batch", type=int, default=50)
    arguments.add_argument("folders", nargs="+")
    options = arguments.parse_args()

    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    ray.init(runtime_env={"env_vars": {"PYTHONPATH": here}}, include_dashboard=False, log_to_driver=False)
    task = ray.remote(triage)
    most = 4 * int(ray.cluster_resources().get("CPU", 1))
    rows, running = [], []
    for batch in batches(shared.dumps(options.folders), options.batch):
        running.append(task.remote(options.dumplens, batch))
        # No more tasks at once than will be started soon.
        if len(running) >= most:
            done, running = ray.wait(running)
            rows.extend(row for batch in ray.get(done) for row in batch)
    rows.extend(row for batch in ray.get(running) for row in batch)

    for count, signature, kind, cause in shared.signatures(rows):
        print(count, signature, kind, cause, sep="\t")
    if options.rows:
        shared.write(rows, options.rows)
    ray.shutdown()


if __name__ == "__main__":
    main()
