"""What both examples and the check share: which files are dumps, and what of a line of `dumplens scan --jsonl` is a row."""

import json
import os

ENDINGS = (".dmp", ".mdmp", ".hdmp")
COLUMNS = ("path", "error", "signature", "kind", "cause", "requested")


def dumps(folders):
    """The dumps below the folders. On a cluster: of a share that every worker has under the same path."""
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                if name.lower().endswith(ENDINGS):
                    yield os.path.join(where, name)


def row(line):
    """A line of JSON as a row, in the order of COLUMNS; None for what is not known."""
    answer = json.loads(line)
    error, verdict = answer.get("error") or {}, answer.get("verdict") or {}
    allocation = verdict.get("allocation") or {}
    return (
        answer["path"],
        error.get("code"),
        (answer.get("signature") or {}).get("id"),
        verdict.get("kind"),
        verdict.get("cause"),
        # A number above 2^53 does not survive every reader; as hex it does.
        allocation.get("requested_hex"),
    )


def write(rows, to):
    """Rows as lines of JSON, sorted by path."""
    with open(to, "w", encoding="utf-8") as out:
        for each in sorted(rows, key=lambda row: row[0]):
            out.write(json.dumps(dict(zip(COLUMNS, each))) + "\n")


def signatures(rows):
    """How many dumps each signature has, most frequent first."""
    counts = {}
    for _, _, signature, kind, cause, _ in rows:
        if signature is not None:
            key = (signature, kind, cause)
            counts[key] = counts.get(key, 0) + 1
    return sorted(((count, *key) for key, count in counts.items()), key=lambda c: (-c[0], c[1]))
