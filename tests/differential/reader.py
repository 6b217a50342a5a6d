"""A second reader of minidumps: memory map, kept ranges, threads, modules and exception, by the public structures.

It shares nothing with dumplens but the format and the rules for damaged files that docs/dev/differential.md lists, and is
written for clarity. Standard library only.

Standard input: for each dump its length as a 64-bit little-endian number, then its bytes. Standard output: one line of
JSON for each. A part is null if the dump has no such stream, "lost" if the stream cannot be read at all.
"""

import json
import struct
import sys

HEADER, DIRECTORY_ENTRY = 32, 12
THREADS, MODULES, MEMORY, EXCEPTION, SYSTEM, MEMORY64, REGIONS = 3, 4, 5, 6, 7, 9, 16
MOST_STREAMS, MOST_THREADS, MOST_MODULES, MOST_NAME, MOST_CONTEXT, MOST_ENTRY = 4096, 65536, 65536, 65534, 65536, 4096
KNOWN = (
    set(range(0, 25))
    | set(range(0x8000, 0x800D))
    | {0xFFFF, 0x43500001, 0x4B6B0002}
    | set(range(0x47670001, 0x4767000B))
    | set(range(0x4D7A0001, 0x4D7A0005))
)
FREE = (0x10000, 1, 0)
LOST = "lost"


class Lost(Exception):
    pass


class Refused(Exception):
    pass


class Dump:
    def __init__(self, data):
        self.data = data
        self.size = len(data)
        self.streams = self.directory()
        self.bits = self.width()

    def u16(self, at):
        return struct.unpack_from("<H", self.data, at)[0]

    def u32(self, at):
        return struct.unpack_from("<I", self.data, at)[0]

    def u64(self, at):
        return struct.unpack_from("<Q", self.data, at)[0]

    def present(self, at, size):
        return min(size, max(0, self.size - at))

    def directory(self):
        """Type to (place, listed size, size in the file), in the order of the file; of equal types the first that begins
        in the file. Those of which none does are lost."""
        if self.size < HEADER or self.data[:4] != b"MDMP" or self.u16(4) != 0xA793:
            raise Refused
        listed, at = self.u32(8), self.u32(12)
        streams, self.outside, self.cut, unwritten = {}, set(), False, False
        for n in range(min(listed, MOST_STREAMS)):
            entry = at + n * DIRECTORY_ENTRY
            if self.present(entry, DIRECTORY_ENTRY) < DIRECTORY_ENTRY:
                self.cut = True
                break
            kind, size, rva = struct.unpack_from("<III", self.data, entry)
            whole = size > 0 and rva > 0 and self.present(rva, size) == size
            if listed > MOST_STREAMS and kind != 0 and not whole:
                break
            if kind != 0 and not HEADER <= rva < self.size:
                self.outside.add(kind)
                unwritten |= rva < HEADER and kind in KNOWN
            elif kind != 0 and kind not in streams:
                streams[kind] = (rva, size, self.present(rva, size))
        if not unwritten and not any(kind in KNOWN for kind in streams):
            raise Refused
        return streams

    def stream(self, kind, least=0):
        rva, size, present = self.streams[kind]
        if present < least:
            raise Lost
        return rva, size, present

    def width(self):
        rva, _, present = self.streams.get(SYSTEM, (0, 0, 0))
        known = {0: 32, 5: 32, 9: 64, 12: 64, 0x8003: 64}
        bits = known.get(self.u16(rva)) if present >= 0x38 else None
        if bits is None and THREADS in self.streams:
            try:
                first = next(iter(self.plain(THREADS, 0x30, 1)), None)
            except Lost:
                first = None
            bits = 32 if first is not None and self.u32(first + 0x28) == 0x2CC else 64
        return bits or 64

    def plain(self, kind, stride, most):
        """Places of the entries of a list that begins with a 32-bit count, and maybe 4 bytes of padding."""
        rva, size, present = self.stream(kind, 4)
        count = self.u32(rva)
        before = 8 if count > 0 and size == count * stride + 8 else 4
        count = min(count, max(0, present - before) // stride, most)
        return range(rva + before, rva + before + count * stride, stride)

    def address(self, value):
        """32-bit writers extend the sign of addresses, some that of all."""
        return value & 0xFFFFFFFF if self.bits == 32 and value >> 32 == 0xFFFFFFFF else value

    def listed(self):
        rva, size, present = self.stream(REGIONS, 16)
        before, stride = self.u32(rva), self.u32(rva + 4)
        if before < 16 or before > size or stride < 48 or stride > MOST_ENTRY:
            raise Lost
        count = min(self.u64(rva + 8), max(0, present - before) // stride)
        regions = []
        for n in range(count):
            fields = struct.unpack_from("<QQIIQIII", self.data, rva + before + n * stride)
            base, allocation, allocation_protect, _, length, state, protect, kind = fields
            # Windows leaves it open what AllocationBase is of a free region.
            base, allocation = self.address(base), 0 if state == FREE[0] else self.address(allocation)
            regions.append([base, length, allocation, allocation_protect, state, protect, kind])
        return regions

    def ranges(self):
        """Start, size and place of what the file holds, by address. Neighbours that are listed one behind the other are
        one range; where ranges overlap, the lower one has the address."""
        found = []
        for kind in self.streams:
            try:
                if kind == MEMORY64:
                    join(found, self.ranges64())
                elif kind == MEMORY:
                    join(found, self.ranges32())
                else:
                    continue
            except Lost:
                pass
            found = settled(found)
        held = ([start, self.present(place, size), place] for start, size, place in found)
        return join([], held)

    def ranges32(self):
        for at in self.plain(MEMORY, 16, 1 << 32):
            start, size, rva = struct.unpack_from("<QII", self.data, at)
            # What has its place in the file's header was not written.
            if rva >= HEADER:
                yield self.address(start), size, rva

    def ranges64(self):
        rva, _, present = self.stream(MEMORY64, 16)
        count, place = self.u64(rva), self.u64(rva + 8)
        if place < HEADER and count > 0:
            raise Lost
        for n in range(min(count, (present - 16) // 16)):
            start, size = struct.unpack_from("<QQ", self.data, rva + 16 + n * 16)
            yield self.address(start), size, place
            place += size
            if place >= 1 << 64:
                return

    def threads(self):
        out = []
        for at in self.plain(THREADS, 0x30, MOST_THREADS):
            thread, suspended = struct.unpack_from("<II", self.data, at)
            size, place = struct.unpack_from("<II", self.data, at + 0x28)
            ip, sp = self.registers(place, size)
            out.append([thread, suspended, self.address(self.u64(at + 0x10)), ip, sp])
        return out

    def registers(self, place, size):
        """Instruction and stack pointer of a CONTEXT as Windows writes it for the processor; null for any other."""
        rva, _, present = self.streams.get(SYSTEM, (0, 0, 0))
        processor = self.u16(rva) if present >= 0x38 else None
        if size > MOST_CONTEXT or self.present(place, size) < size:
            return None, None
        # The highest five bits are notes of the kernel; the other high ones name the processor.
        if processor == 9 and size >= 0x4D0 and self.u32(place + 0x30) & 0x07FF0000 == 0x100000:
            return self.u64(place + 0xF8), self.u64(place + 0x98)
        if processor == 0 and size >= 0x2CC and self.u32(place) & 0x07FF0000 == 0x10000:
            return self.u32(place + 0xB8), self.u32(place + 0xC4)
        return None, None

    def modules(self):
        out = []
        for at in self.plain(MODULES, 0x6C, MOST_MODULES):
            base, size, _, time, name = struct.unpack_from("<QIIII", self.data, at)
            base = self.address(base)
            if size and base + size < 1 << 64:
                out.append([base, size, time, self.name(name)])
        return out

    def name(self, rva):
        if rva == 0 or self.present(rva, 4) < 4:
            return ""
        size = self.u32(rva)
        if size > MOST_NAME or size % 2 or self.present(rva + 4, size) < size:
            return ""
        units = struct.unpack_from(f"<{size // 2}H", self.data, rva + 4)
        text, n = [], 0
        while n < len(units):
            high, low = units[n], units[n + 1] if n + 1 < len(units) else 0
            n += 1
            if 0xD800 <= high < 0xDC00 and 0xDC00 <= low < 0xE000:
                text.append(chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)))
                n += 1
            else:
                text.append("\ufffd" if 0xD800 <= high < 0xE000 else chr(high))
        return "".join(text)

    def most(self, modules):
        """The end of the addresses of a 32-bit program: 2 GB if the first module's header lacks LARGE_ADDRESS_AWARE."""
        if self.bits == 64:
            return None
        base = modules[0][0] if isinstance(modules, list) and modules else None
        lfanew = self.memory(base, 0x3C, "<I")
        header = base + lfanew if lfanew is not None else None
        flags = self.memory(header, 0x16, "<H")
        known = self.memory(header, 0, "<I") == 0x4550 and flags is not None
        return 1 << 31 if known and not flags & 0x20 else 1 << 32

    def memory(self, base, offset, form):
        """A number out of the process's memory; None if the file does not hold all of it."""
        if base is None:
            return None
        at, data = base + offset, b""
        for start, size, place in self.ranges():
            if start <= at + len(data) < start + size:
                data += self.data[place + at + len(data) - start : place + size]
        length = struct.calcsize(form)
        return struct.unpack(form, data[:length])[0] if len(data) >= length else None

    def exception(self):
        rva, _, _ = self.stream(EXCEPTION, 0xA8)
        thread, _, code, flags = struct.unpack_from("<IIII", self.data, rva)
        count = min(self.u32(rva + 0x20), 15)
        # Some 32-bit writers leave anything in the upper halves.
        bits = (1 << self.bits) - 1
        parameters = [self.u64(rva + 0x28 + 8 * n) & bits for n in range(count)]
        address = self.u64(rva + 0x18) & bits
        if code == 0 and address == 0 and not parameters:
            raise Lost
        return [thread, code, flags, address, parameters]


def join(found, ranges):
    for start, size, place in ranges:
        last = found[-1] if found else None
        if size == 0 or start + size >= 1 << 64 or place + size >= 1 << 64:
            continue
        if last and last[0] + last[1] == start and last[2] + last[1] == place:
            last[1] += size
        else:
            found.append([start, size, place])
    return found


def settled(found):
    out, covered = [], 0
    for start, size, place in sorted(found, key=lambda f: f[0]):
        hidden = min(max(0, covered - start), size)
        covered = max(covered, start + size)
        if size > hidden:
            out.append([start + hidden, size - hidden, place + hidden])
    return out


def repaired(listed, most):
    """The map: of regions that begin at one address the first; each ends at the next, and at the end of the addresses that
    the program can have. What lies between is not known, but for the first 64 KiB, where nothing is ever allocated."""
    if most is None:
        most = 1 << 56 if any(1 << 55 < base + size <= 1 << 56 for base, size, *_ in listed) else 1 << 47
    by_base = {}
    for region in listed:
        if region[1] > 0:
            by_base.setdefault(region[0], region)
    bases = sorted(by_base)
    out = []
    for n, base in enumerate(bases):
        _, size, *rest = by_base[base]
        if n + 1 < len(bases):
            size = min(size, bases[n + 1] - base)
        elif base + size >= 1 << 64:
            continue
        if base < most:
            out.append([base, min(size, most - base), *rest])
    if out and 0 < out[0][0] <= 0x10000:
        out.insert(0, [0, out[0][0], 0, 0, *FREE])
    return out


def totals(regions):
    """Bytes: all, committed, reserved, free; and base and size of the largest free region, the first of equals."""

    def of(*states):
        size = sum(r[1] for r in regions if not states or r[4] in states)
        return size if size < 1 << 64 else None

    free = max((r for r in regions if r[4] == 0x10000), key=lambda r: r[1], default=None)
    return [of(), of(0x1000), of(0x2000), of(0x10000), free[:2] if free else None]


def view(data):
    try:
        dump = Dump(data)
    except Refused:
        return {"refused": True}
    out = {"refused": False, "bits": dump.bits, "ranges": dump.ranges()}
    parts = {"listed": (REGIONS, dump.listed), "threads": (THREADS, dump.threads)}
    parts |= {"modules": (MODULES, dump.modules), "exception": (EXCEPTION, dump.exception)}
    for part, (kind, read) in parts.items():
        out[part] = LOST if kind in dump.outside or dump.cut else None
        if kind in dump.streams:
            try:
                out[part] = read()
            except Lost:
                out[part] = LOST
    regions = repaired(out["listed"], dump.most(out["modules"])) if isinstance(out["listed"], list) else []
    out["map"] = regions or None
    out["totals"] = totals(regions) if regions else None
    return out


def main():
    source, out = sys.stdin.buffer, sys.stdout
    while len(head := source.read(8)) == 8:
        data = source.read(struct.unpack("<Q", head)[0])
        out.write(json.dumps(view(data)) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
