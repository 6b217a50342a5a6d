"""The totals of a dump by PyPI's udmp-parser: `what key bytes`, a line each, as minidump_totals prints them."""

import sys
from collections import Counter
from pathlib import Path

import udmp_parser

FREE, COMMIT = 0x10000, 0x1000


def main(path):
    dump = udmp_parser.UserDumpParser()
    if not dump.Parse(Path(path)):
        sys.exit("refused by udmp-parser")
    state, kind, protect = Counter(), Counter(), Counter()
    total, largest, kept, ranges = 0, (0, 0), 0, 0
    blocks = dump.Memory()
    for block in blocks.values():
        size, code = block.RegionSize, block.State
        total += size
        state[code] += size
        if code != FREE:
            kind[block.Type] += size
        elif size > largest[1]:
            largest = (block.BaseAddress, size)
        if code == COMMIT:
            protect[block.Protect] += size
        if block.DataSize:
            ranges, kept = ranges + 1, kept + block.DataSize
    print("regions", len(blocks), total)
    for name, rows in (("state", state), ("type", kind), ("protect", protect)):
        for code, size in sorted(rows.items()):
            print(name, hex(code), size)
    print("largest-free", hex(largest[0]), largest[1])
    print("kept", ranges, kept)


if len(sys.argv) > 1:  # without: what starting takes
    main(sys.argv[1])
