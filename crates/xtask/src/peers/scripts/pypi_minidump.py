"""The totals of a dump by PyPI's minidump: `what key bytes`, a line each, as minidump_totals prints them.

Its enumerations know no PAGE_GUARD | PAGE_READWRITE: protections are left out.
"""

import sys
from collections import Counter

from minidump.minidumpfile import MinidumpFile

FREE = 0x10000


def main(path):
    dump = MinidumpFile.parse(path)
    state, kind = Counter(), Counter()
    total, largest = 0, (0, 0)
    infos = dump.memory_info.infos
    for info in infos:
        size, code = info.RegionSize, info.State.value
        total += size
        state[code] += size
        if code != FREE:
            kind[info.Type.value] += size
        elif size > largest[1]:
            largest = (info.BaseAddress, size)
    print("regions", len(infos), total)
    for name, rows in (("state", state), ("type", kind)):
        for code, size in sorted(rows.items()):
            print(name, hex(code), size)
    print("largest-free", hex(largest[0]), largest[1])
    ranges = dump.memory_segments_64.memory_segments
    print("kept", len(ranges), sum(part.size for part in ranges))


if len(sys.argv) > 1:  # without: what starting takes
    main(sys.argv[1])
