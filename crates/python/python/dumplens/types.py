"""The shapes of what the functions return, for annotations.

Written by `cargo xtask schema` out of docs/report.schema.json and docs/diff.schema.json, which say more of each field.
"""

from __future__ import annotations

from typing import Literal, Optional, TypedDict, Union

AccessKind = Literal["read", "write", "execute"]
"""How memory was accessed."""
AdjustedKind = Literal["non_canonical", "null_offset"]
"""Why another address is better than the reported one."""
CallSource = Literal["export", "number"]
"""How the system call is known."""
Cause = Literal["address_space_exhausted", "address_space_fragmented", "request_exceeds_address_space", "commit_limit", "job_limit", "quota", "system_resources", "address_taken", "gc_heap_limit", "runtime_limit", "external_limit_suspected", "undetermined"]
"""Why memory was refused."""
CensusKey = Literal["use", "class", "block_size", "shape"]
"""What the bytes of a row have in common."""
ChainEnd = Literal["cycle", "running", "not_known", "owner_ended", "owner_lost", "object", "lock", "delay", "io", "other_process", "signalled", "idle"]
"""How a chain ends."""
Chance = Literal["not recorded"]
"""Whether an exception was seen before the handlers (first chance) or after (second chance)."""
ClassProof = Literal["rtti", "pdb", "code", "address"]
"""Where the name of a class comes from."""
Confidence = Literal["low", "medium", "high"]
"""How certain something is."""
Contradiction = Literal["no_operand", "other_address", "other_access", "other_place"]
"""How record and instruction contradict each other."""
DifferenceKind = Literal["same_process", "another_run", "another_build", "different_programs", "unknown"]
"""How two dumps are related."""
Extent = Literal["map", "sample", "whole"]
"""How much memory was read."""
GroupKind = Literal["allocation", "large_heap_block", "heap_block"]
"""What is counted in a group."""
HeapKind = Literal["nt", "segment", "xp", "unknown"]
"""The kind of a heap."""
Hex = str
"""An address, code or flags: lower case, without leading zeros."""
Kind = Literal["allocation_failure", "cpp_exception", "managed_exception", "access_violation", "stack_overflow", "fail_fast", "abort", "assertion_or_breakpoint", "other_exception", "deadlock", "hang", "exit", "on_request", "no_exception", "exception_lost"]
"""What ended the program."""
LayoutProof = Literal["verified", "between", "published"]
"""How well the layout of a build's heaps is known."""
OpenedBy = Literal["exception_record", "parameters", "stowed", "frames", "stack"]
"""How the original exception was identified."""
OperandKind = Literal["read", "write", "read_write", "execute"]
"""How an instruction uses memory."""
Origin = Literal["vector_reallocation", "vector_reserve", "vector_resize", "string_growth", "container", "operator_new", "malloc", "unknown"]
"""What made the failed request."""
PageKind = Literal["zero", "fill", "text_ascii", "text_utf8", "text_utf16", "compressed_or_encrypted", "mixed"]
"""The contents of a page."""
ShapeKind = Literal["zero", "fill", "text_ascii", "text_utf8", "text_utf16", "compressed_or_encrypted", "pixels", "doubles", "floats", "named", "objects", "columns", "words", "mixed", "not_kept"]
"""What the layout of memory proves."""
Source = Literal["export", "nearest_export", "pdb", "symbol_file", "runtime"]
"""How a function is known."""
Timeout = Literal["infinite", "finite"]
"""Whether a wait has a timeout."""
Trust = Literal["context", "exception_record", "unwind_info", "leaf", "frame_data", "frame_pointer", "scan", "unproven"]
"""How a frame was found."""
Use = Literal["images", "stacks", "teb_peb", "heap_busy", "heap_free", "heap_overhead", "heap_not_read", "page_heap", "managed_heap", "allocation_groups", "other", "not_explained"]
"""What private memory is used for."""
WaitKind = Literal["object", "any_object", "all_objects", "critical_section", "srw_lock", "condition_variable", "address", "keyed_event", "delay", "completion_port", "worker_factory", "port", "message", "io"]
"""What kind of wait it is."""


class _AccessReport(TypedDict):
    address: Hex
    """The address as it is recorded."""
    below_stack_limit_bytes: Optional[int]
    """Bytes from the address to the committed part of the thread's stack, if the address is below it in the same stack: on its guard page, or further down. Null if it is not known, or above 2^53: see below_stack_limit_hex."""
    kind: Optional[AccessKind]
    """The kind of access; null for a number that Windows does not define."""
    module: Optional[str]
    """The debugger's name of the module there."""
    non_canonical: bool
    """Whether the address that was used is not recorded, because it was not canonical, or an SSE operand was not aligned. x64 only."""
    null_page: bool
    """Whether the address is in the first 64 kB, which are never allocated by default: a null pointer dereference."""
    offset: Optional[Hex]
    """From the module's base to the address."""
    region: Optional[RegionReport]
    """Its region; null if no region of the dump contains it."""
    status: Optional[CodeReport]
    """Why a page could not be read; only for `STATUS_IN_PAGE_ERROR`."""
    unloaded: Optional[UnloadedReport]
    """The unloaded module at the address, if no module is loaded there."""


class AccessReport(_AccessReport, total=False):
    """A memory access that failed."""

    below_stack_limit_hex: str
    """The number, if it is above 2^53; below_stack_limit_bytes is then null."""


class AdjustedReport(TypedDict):
    """The address that was really used."""

    address: Hex
    """The address."""
    kind: AdjustedKind
    """What it is."""


class AllocationChange(TypedDict):
    """An allocation that changed."""

    base: Hex
    """First address."""
    committed: Change
    """Committed bytes; zero if it does not exist."""
    size: Change
    """Bytes; zero if it does not exist."""
    type: str
    """`MEM_PRIVATE`, `MEM_MAPPED` or `MEM_IMAGE`."""
    usage: str
    """Usage of its first part with a known usage, or `<unknown>`."""


class _AllocationFailure(TypedDict):
    container: Optional[Hex]
    """Address of the container."""
    element_count: Optional[int]
    """Number of elements. Null if it is not known, or above 2^53: see element_count_hex."""
    element_size: Optional[int]
    """Bytes of one element. Null if it is not known, or above 2^53: see element_size_hex."""
    function: Optional[str]
    """The function that made the request, above `operator new`, if symbols name it."""
    origin: Origin
    """What made the request."""
    padding: Optional[int]
    """What the container adds to the bytes of its elements. Null if it is not known, or above 2^53: see padding_hex."""
    requested_bytes: Optional[int]
    """Bytes. Null only if it is above 2^53: see requested_hex."""


class AllocationFailure(_AllocationFailure, total=False):
    """What was requested."""

    element_count_hex: str
    """The number, if it is above 2^53; element_count is then null."""
    element_size_hex: str
    """The number, if it is above 2^53; element_size is then null."""
    padding_hex: str
    """The number, if it is above 2^53; padding is then null."""
    requested_hex: Hex
    """The same in hex."""


class _AllocationGroup(TypedDict):
    committed_delta: int
    """Change of their committed bytes, in total."""
    count: Optional[int]
    """How many. Null only if it is above 2^53: see count_hex."""
    largest: list[AllocationChange]
    """The ten that changed most."""
    size_delta: int
    """Change of their bytes, in total."""


class AllocationGroup(_AllocationGroup, total=False):
    """Allocations that changed in the same way."""

    count_hex: str
    """The number, if it is above 2^53; count is then null."""


class _AllocationReport(TypedDict):
    base: Hex
    """First address."""
    committed_bytes: Optional[int]
    """Committed bytes. Null only if it is above 2^53: see committed_hex."""
    hint: Optional[str]
    """A guess at its purpose, such as `V8 cage`."""
    regions: Optional[int]
    """Regions. Null only if it is above 2^53: see regions_hex."""
    reserved_bytes: Optional[int]
    """Reserved bytes. Null only if it is above 2^53: see reserved_hex."""
    size_bytes: Optional[int]
    """Bytes from its base to its end. Null only if it is above 2^53: see size_hex."""
    type: str
    """`MEM_PRIVATE`, `MEM_MAPPED` or `MEM_IMAGE`."""
    usage: str
    """Usage of its first region."""


class AllocationReport(_AllocationReport, total=False):
    """One allocation."""

    committed_hex: str
    """The number, if it is above 2^53; committed_bytes is then null."""
    regions_hex: str
    """The number, if it is above 2^53; regions is then null."""
    reserved_hex: str
    """The number, if it is above 2^53; reserved_bytes is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _AllocationsDifference(TypedDict):
    gone: AllocationGroup
    """Only in the old dump, or of another type there."""
    grown: AllocationGroup
    """At the same address and larger, or of the same size with more committed."""
    new: AllocationGroup
    """Only in the new dump, or of another type there."""
    same: Optional[int]
    """Unchanged allocations. Null only if it is above 2^53: see same_hex."""
    shrunk: AllocationGroup
    """At the same address and smaller, or of the same size with less committed."""


class AllocationsDifference(_AllocationsDifference, total=False):
    """The allocations of one process at two times, by address."""

    same_hex: str
    """The number, if it is above 2^53; same is then null."""


class _AllocationsReport(TypedDict):
    count: Optional[int]
    """How many there are. Null only if it is above 2^53: see count_hex."""
    list: list[AllocationReport]
    """The ten largest, in descending order."""
    private_equals: list[EqualsReport]
    """Private allocations grouped by size, the group with the most committed bytes first; at most ten sizes."""
    private_sizes: list[SizeClassReport]
    """A histogram of the private allocations."""


class AllocationsReport(_AllocationsReport, total=False):
    """The allocations of a process."""

    count_hex: str
    """The number, if it is above 2^53; count is then null."""


class AnalysisReport(TypedDict):
    """What the crashing instruction did: for processor faults on x64; for everything else only the reason."""

    accesses: Optional[list[OperandReport]]
    """The memory that it uses, according to the registers of the exception; null if that is not known."""
    adjusted_address: Optional[AdjustedReport]
    """A better address than the exception's."""
    bit_flips: Optional[list[BitFlipReport]]
    """Accessible addresses one bit away from the failed one, or from a register that it was computed from; null without a memory map."""
    instruction: Optional[str]
    """The faulting instruction; null if the dump does not contain it, or for 32-bit code."""
    reason: str
    """Code and first parameter in one name, such as `EXCEPTION_ACCESS_VIOLATION_READ`."""


class AnnotationReport(TypedDict):
    """An annotation of the program."""

    module: Optional[str]
    """The debugger's name of the module that it belongs to; null for the program's own."""
    name: str
    """Its name; empty if it has none."""
    value: Optional[str]
    """Its text; null unless secrets were requested, because annotations can contain URLs and command lines."""


class AssertionReport(TypedDict):
    """A failed assertion, from the stream of Breakpad and Crashpad."""

    expression: Optional[str]
    """The expression."""
    file: Optional[str]
    """Its source file."""
    function: Optional[str]
    """The function that contains it."""
    invalid_parameter: bool
    """Whether it was an invalid parameter of a C runtime function."""
    line: Optional[int]
    """The line in that file."""
    pure_virtual_call: bool
    """Whether a pure virtual function was called."""


class BitFlipReport(TypedDict):
    """What an address was before a bit flipped, if one did."""

    address: Hex
    """The address."""
    probability: Optional[float]
    """A heuristic value from 0 to 1."""
    register: Optional[str]
    """The register that may have contained it; null for the failed address itself."""


class BlameReport(TypedDict):
    """The first frame outside system and runtime modules; above the allocation function, if an allocation failed."""

    frame: int
    """Index into `frames`."""
    function: Optional[str]
    """The function, if symbols name it."""
    module: str
    """The module's name."""
    offset: Hex
    """Bytes from the function's start, or from the module's base."""


class BlamedPlace(TypedDict):
    """A place in the code."""

    function: Optional[str]
    """The function, if a PDB or an export names it with certainty."""
    module: str
    """The debugger's name of the module."""
    offset: Hex
    """Offset from the module's base of the executing instruction in the innermost frame, otherwise of the return address."""
    thread_id: int
    """The thread."""


class _BlockSizeReport(TypedDict):
    blocks: Optional[int]
    """How many blocks. Null only if it is above 2^53: see blocks_hex."""
    bytes: Optional[int]
    """Their bytes. Null only if it is above 2^53: see bytes_hex."""
    size_bytes: Optional[int]
    """The requested size; null for the row of all other sizes. Null if it is not known, or above 2^53: see size_hex."""


class BlockSizeReport(_BlockSizeReport, total=False):
    """Blocks of one size."""

    blocks_hex: str
    """The number, if it is above 2^53; blocks is then null."""
    bytes_hex: str
    """The number, if it is above 2^53; bytes is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _BlockSizeRow(TypedDict):
    blocks: Optional[int]
    """How many. Null only if it is above 2^53: see blocks_hex."""
    blocks_margin: Optional[int]
    """For a sample, half of the 95% interval; zero if the figure is exact, null if the interval is not known. Null if it is not known, or above 2^53: see blocks_margin_hex."""
    bytes: Optional[int]
    """Their bytes. Null only if it is above 2^53: see bytes_hex."""
    bytes_margin: Optional[int]
    """For a sample, half of the 95% interval; zero if the figure is exact, null if the interval is not known. Null if it is not known, or above 2^53: see bytes_margin_hex."""
    size_bytes: Optional[int]
    """What was requested. Null only if it is above 2^53: see size_hex."""


class BlockSizeRow(_BlockSizeRow, total=False):
    """Blocks of one size."""

    blocks_hex: str
    """The number, if it is above 2^53; blocks is then null."""
    blocks_margin_hex: str
    """The number, if it is above 2^53; blocks_margin is then null."""
    bytes_hex: str
    """The number, if it is above 2^53; bytes is then null."""
    bytes_margin_hex: str
    """The number, if it is above 2^53; bytes_margin is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class BreakpadReport(TypedDict):
    """The threads that Breakpad or Crashpad worked in."""

    requesting_thread_id: Optional[int]
    """The thread that asked for the dump."""
    writing_thread_id: Optional[int]
    """The thread that wrote it."""


class BrokenBlockReport(TypedDict):
    """A corrupt place in a heap."""

    at: Hex
    """Address of the corruption."""
    before: Optional[PlaceReport]
    """The block before it, as the program sees it: most likely its owner wrote beyond its end."""
    heap: Hex
    """Handle of the heap."""
    what: str
    """What is wrong there."""


class _Census(TypedDict):
    schema_version: int
    """Version of this format."""
    tool: Tool
    """The program that made the report."""
    warnings: list[WarningReport]
    """What is missing, was repaired or was guessed."""


class Census(_Census, total=False):
    """What fills the private memory of a process."""

    classes: list[ClassReport]
    """Classes whose objects are in heap blocks, recognized by their vftables; those with the most bytes first."""
    classes_left_out: Optional[int]
    """Classes that are left out of `classes`. Null only if it is above 2^53: see classes_left_out_hex."""
    classes_left_out_hex: str
    """The number, if it is above 2^53; classes_left_out is then null."""
    duplicates: Optional[DuplicatesReport]
    """Pages with the same contents as another page, except zeros; null if not everything was read."""
    faults: list[str]
    """Faults in the heaps' blocks; some blocks are not counted."""
    groups: list[GroupReport]
    """Large allocations, large heap blocks and heap blocks of equal size, those with the most bytes first."""
    pages: list[PageRow]
    """The contents of the pages."""
    private_bytes: Optional[int]
    """Private commit according to the memory map, in bytes: the sum of `uses`. Null only if it is above 2^53: see private_hex."""
    private_hex: str
    """The number, if it is above 2^53; private_bytes is then null."""
    reading: ReadingReport
    """What was read."""
    repeated_images: list[RepeatedImageReport]
    """Images that are loaded more than once."""
    sizes: list[BlockSizeRow]
    """Blocks of all heaps by requested size, those with the most bytes first."""
    sizes_left_out: Optional[int]
    """Sizes that are left out of `sizes`. Null only if it is above 2^53: see sizes_left_out_hex."""
    sizes_left_out_hex: str
    """The number, if it is above 2^53; sizes_left_out is then null."""
    uses: list[UseReport]
    """The uses, the largest first; every byte is counted under one of them."""
    vftables: list[ClassReport]
    """Vftables whose addresses occur outside the heaps whose blocks were read: pointers, not objects."""
    vftables_left_out: Optional[int]
    """Vftables that are left out of `vftables`. Null only if it is above 2^53: see vftables_left_out_hex."""
    vftables_left_out_hex: str
    """The number, if it is above 2^53; vftables_left_out is then null."""


class _CensusReport(TypedDict):
    classes: list[ClassReport]
    """Classes whose objects are in heap blocks, recognized by their vftables; those with the most bytes first."""
    classes_left_out: Optional[int]
    """Classes that are left out of `classes`. Null only if it is above 2^53: see classes_left_out_hex."""
    duplicates: Optional[DuplicatesReport]
    """Pages with the same contents as another page, except zeros; null if not everything was read."""
    faults: list[str]
    """Faults in the heaps' blocks; some blocks are not counted."""
    groups: list[GroupReport]
    """Large allocations, large heap blocks and heap blocks of equal size, those with the most bytes first."""
    pages: list[PageRow]
    """The contents of the pages."""
    private_bytes: Optional[int]
    """Private commit according to the memory map, in bytes: the sum of `uses`. Null only if it is above 2^53: see private_hex."""
    reading: ReadingReport
    """What was read."""
    repeated_images: list[RepeatedImageReport]
    """Images that are loaded more than once."""
    sizes: list[BlockSizeRow]
    """Blocks of all heaps by requested size, those with the most bytes first."""
    sizes_left_out: Optional[int]
    """Sizes that are left out of `sizes`. Null only if it is above 2^53: see sizes_left_out_hex."""
    uses: list[UseReport]
    """The uses, the largest first; every byte is counted under one of them."""
    vftables: list[ClassReport]
    """Vftables whose addresses occur outside the heaps whose blocks were read: pointers, not objects."""
    vftables_left_out: Optional[int]
    """Vftables that are left out of `vftables`. Null only if it is above 2^53: see vftables_left_out_hex."""


class CensusReport(_CensusReport, total=False):
    """What fills the private memory of a process."""

    classes_left_out_hex: str
    """The number, if it is above 2^53; classes_left_out is then null."""
    private_hex: str
    """The number, if it is above 2^53; private_bytes is then null."""
    sizes_left_out_hex: str
    """The number, if it is above 2^53; sizes_left_out is then null."""
    vftables_left_out_hex: str
    """The number, if it is above 2^53; vftables_left_out is then null."""


class CensusRow(TypedDict):
    """A row of the census."""

    bytes: Change
    """Their bytes."""
    count: Optional[Change]
    """Number of objects or blocks."""
    name: str
    """The name of the use, class, size or shape."""
    what: CensusKey
    """What the row counts."""


class ChainReport(TypedDict):
    """Threads, each of which waits for the next."""

    deadlock: bool
    """Whether it is a cycle of proven links: none of the threads can continue."""
    ends: ChainEnd
    """How it ends."""
    links: list[Edge]
    """What each thread waits for, between one thread and the next."""
    threads: list[int]
    """Thread IDs. In a cycle, the last waits for the first."""


class _Change(TypedDict):
    delta: Optional[int]
    """New minus old; null if one of them is not known, or if it is beyond 2^53."""
    new: Optional[int]
    """In the new dump; null if it is not known. Null if it is not known, or above 2^53: see new_hex."""
    old: Optional[int]
    """In the old dump; null if it is not known. Null if it is not known, or above 2^53: see old_hex."""
    per_hour: Optional[float]
    """Change per hour; null without a time between the dumps."""


class Change(_Change, total=False):
    """One figure in both dumps."""

    new_hex: str
    """The number, if it is above 2^53; new is then null."""
    old_hex: str
    """The number, if it is above 2^53; old is then null."""


class Check(TypedDict):
    """One compared property."""

    new: Optional[str]
    """In the new dump."""
    old: Optional[str]
    """In the old dump."""
    same: Optional[bool]
    """Whether it is equal; null if one is not known."""
    what: str
    """`program`, `time_date_stamp`, `processor`, `process_id`, `created`, `peb` or `image_base`."""


class _ClassReport(TypedDict):
    bytes: Optional[int]
    """Requested bytes of these blocks. Null only if it is above 2^53: see bytes_hex."""
    bytes_margin: Optional[int]
    """For a sample, half of the 95% interval; zero if the figure is exact, null if the interval is not known. Null if it is not known, or above 2^53: see bytes_margin_hex."""
    module: Optional[str]
    """The module's file name without its extension; null outside modules."""
    name: str
    """The name as in C++; without type information, the PDB's name, or module and offset."""
    objects: Optional[int]
    """Heap blocks in use that begin with the vftable's address. Null only if it is above 2^53: see objects_hex."""
    objects_margin: Optional[int]
    """For a sample, half of the 95% interval; zero if the figure is exact, null if the interval is not known. Null if it is not known, or above 2^53: see objects_margin_hex."""
    pointers: Optional[int]
    """Words anywhere in private memory, stacks and images apart, that hold the vftable's address. Those in free memory are left over. Null only if it is above 2^53: see pointers_hex."""
    pointers_margin: Optional[int]
    """For a sample, half of the 95% interval; zero if the figure is exact, null if the interval is not known. Null if it is not known, or above 2^53: see pointers_margin_hex."""
    proof: ClassProof
    """Where its name comes from."""
    size_bytes: Optional[int]
    """Bytes of an object, from its deleting destructor; null if the code does not show it. Null if it is not known, or above 2^53: see size_hex."""
    vftable: Hex
    """Address of the vftable."""


class ClassReport(_ClassReport, total=False):
    """A class, identified by its vftable."""

    bytes_hex: str
    """The number, if it is above 2^53; bytes is then null."""
    bytes_margin_hex: str
    """The number, if it is above 2^53; bytes_margin is then null."""
    objects_hex: str
    """The number, if it is above 2^53; objects is then null."""
    objects_margin_hex: str
    """The number, if it is above 2^53; objects_margin is then null."""
    pointers_hex: str
    """The number, if it is above 2^53; pointers is then null."""
    pointers_margin_hex: str
    """The number, if it is above 2^53; pointers_margin is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class CodeReport(TypedDict):
    """A code and its name."""

    code: Hex
    """The number."""
    name: Optional[str]
    """Windows' name for it, if it has one."""


class _CountersReport(TypedDict):
    job_private_commit_bytes: Optional[int]
    """Null if it is not known, or above 2^53: see job_private_commit_hex."""
    job_private_commit_limit_bytes: Optional[int]
    """Null if it is not known, or above 2^53: see job_private_commit_limit_hex."""
    job_shared_commit_bytes: Optional[int]
    """Null if it is not known, or above 2^53: see job_shared_commit_hex."""
    job_total_commit_limit_bytes: Optional[int]
    """Null if it is not known, or above 2^53: see job_total_commit_limit_hex."""
    page_faults: int
    pagefile_bytes: Optional[int]
    """Null only if it is above 2^53: see pagefile_hex."""
    peak_pagefile_bytes: Optional[int]
    """Null only if it is above 2^53: see peak_pagefile_hex."""
    peak_virtual_bytes: Optional[int]
    """Null if it is not known, or above 2^53: see peak_virtual_hex."""
    peak_working_set_bytes: Optional[int]
    """Null only if it is above 2^53: see peak_working_set_hex."""
    private_bytes: Optional[int]
    """Null if it is not known, or above 2^53: see private_hex."""
    private_working_set_bytes: Optional[int]
    """Null if it is not known, or above 2^53: see private_working_set_hex."""
    shared_commit_bytes: Optional[int]
    """Null if it is not known, or above 2^53: see shared_commit_hex."""
    virtual_bytes: Optional[int]
    """Null if it is not known, or above 2^53: see virtual_hex."""
    working_set_bytes: Optional[int]
    """Null only if it is above 2^53: see working_set_hex."""


class CountersReport(_CountersReport, total=False):
    """Memory counters of the process."""

    job_private_commit_hex: str
    """The number, if it is above 2^53; job_private_commit_bytes is then null."""
    job_private_commit_limit_hex: str
    """The number, if it is above 2^53; job_private_commit_limit_bytes is then null."""
    job_shared_commit_hex: str
    """The number, if it is above 2^53; job_shared_commit_bytes is then null."""
    job_total_commit_limit_hex: str
    """The number, if it is above 2^53; job_total_commit_limit_bytes is then null."""
    pagefile_hex: str
    """The number, if it is above 2^53; pagefile_bytes is then null."""
    peak_pagefile_hex: str
    """The number, if it is above 2^53; peak_pagefile_bytes is then null."""
    peak_virtual_hex: str
    """The number, if it is above 2^53; peak_virtual_bytes is then null."""
    peak_working_set_hex: str
    """The number, if it is above 2^53; peak_working_set_bytes is then null."""
    private_hex: str
    """The number, if it is above 2^53; private_bytes is then null."""
    private_working_set_hex: str
    """The number, if it is above 2^53; private_working_set_bytes is then null."""
    shared_commit_hex: str
    """The number, if it is above 2^53; shared_commit_bytes is then null."""
    virtual_hex: str
    """The number, if it is above 2^53; virtual_bytes is then null."""
    working_set_hex: str
    """The number, if it is above 2^53; working_set_bytes is then null."""


class CppReport(TypedDict):
    """A C++ exception of MSVC, or of the GNU runtime on x64; or an object that Delphi or C++Builder raised."""

    bases: list[str]
    """Its other base types, nearest first."""
    decorated: Optional[str]
    """The type's decorated name."""
    problem: Optional[str]
    """Why the type or text is not known or incomplete."""
    result: Optional[CodeReport]
    """Its HRESULT, for classes that have one: `winrt::hresult_error`, `_com_error`, `ATL::CAtlException`, `wil::ResultException`."""
    thrown_by: Optional[str]
    """The debugger's name of the module that threw it, if the exception names it (64-bit programs of MSVC)."""
    type: Optional[str]
    """The thrown type, such as `std::bad_alloc`; null if it is not known."""
    what: Optional[str]
    """The text that `what()` returns, at most 512 bytes; null if the object is not a `std::exception`, or the text cannot be read. For Delphi's `Exception`, its `Message`."""


class CrashpadReport(TypedDict):
    """What the program gave Crashpad to send with the dump."""

    annotations: list[AnnotationReport]
    """The annotations, the program's first, then each module's."""
    client_id: Optional[str]
    """The installation's GUID."""
    report_id: Optional[str]
    """The report's GUID."""


class DelayLoadReport(TypedDict):
    """What a delay-load helper could not load, as its `DelayLoadInfo` has it."""

    dll: Optional[str]
    """The DLL, as the code that imports it names it; null if the name is not in the dump."""
    imported_by: Optional[str]
    """The debugger's name of the module that imports the DLL."""
    last_error: Optional[CodeReport]
    """The Win32 error with which loading failed; null if it is not known."""
    loaded: Optional[str]
    """Path of the module that was loaded as the DLL; null if none was."""
    ordinal: Optional[int]
    """The ordinal of the procedure; null if it is imported by name, or not known."""
    problem: Optional[str]
    """Why the DLL or the procedure is not known."""
    procedure: Optional[str]
    """The procedure that was called; null if it is imported by ordinal, or its name is not in the dump."""


class _Difference(TypedDict):
    allocations: Optional[AllocationsDifference]
    """Allocations by address; null unless both dumps are of one process and contain a memory map."""
    counters: list[Row]
    """The counters of the process, and of the machine."""
    fastest: list[Grower]
    """What grew most in bytes, and so fastest: usage classes, heaps, modules, sizes. The same bytes may be in several rows. Empty for different programs."""
    handles: Optional[list[Row]]
    """Handles by type; null unless both dumps list handles."""
    heaps: Optional[TableOfHeapRow]
    """By heap; null unless both dumps contain heaps."""
    identity: Identity
    """Whether the dumps are of one process, of one program, or of different programs."""
    interval: Interval
    """The time between the dumps, which the rates are based on."""
    memory: list[Row]
    """The address space as a whole."""
    modules: Optional[TableOfModuleRow]
    """By module: those that changed; null unless both dumps contain modules."""
    new: SideReport
    """The second dump."""
    old: SideReport
    """The first dump."""
    projections: list[Projection]
    """When limits would be reached at this rate, the nearest first."""
    schema_version: int
    """Version of this format."""
    sizes: Optional[TableOfSizeRow]
    """Private allocations and large heap blocks by exact size: those that changed; null under the same conditions as `usage`."""
    threads: Optional[ThreadsDifference]
    """Threads and their stacks; null unless both dumps list threads."""
    tool: Tool
    """The program that made the comparison."""
    usage: Optional[list[UsageRow]]
    """By usage class; null unless both dumps contain a complete memory map, and show alike what memory is for."""
    warnings: list[WarningReport]
    """What limits this comparison. Problems of each dump are in its own list."""


class Difference(_Difference, total=False):
    """What changed from an old dump to a new one. An unknown change is null, never zero."""

    census: Optional[TableOfCensusRow]
    """What fills the private memory, by use, class, heap block size and shape: the rows that changed; null unless it was requested."""
    managed: Optional[TableOfTypeRow]
    """Objects of .NET by type, those that changed; null unless the heaps of both dumps were counted."""


class _DumpReport(TypedDict):
    arch: Optional[str]
    """`x86`, `x86_64`, `arm64`, `arm`; null if not known."""
    comment: Optional[str]
    """The writer's comment."""
    created: Optional[str]
    """When it was written."""
    flags: Hex
    """`MINIDUMP_TYPE`."""
    kept_bytes: Optional[int]
    """Bytes of process memory in the file. Null only if it is above 2^53: see kept_hex."""
    missing_bytes: Optional[int]
    """Bytes of memory that are listed but not in the file. Null only if it is above 2^53: see missing_hex."""
    path: str
    """As given by the caller."""
    pointer_bits: int
    """32 or 64; guessed (with a warning) if the processor is not known."""
    redacted: bool
    """Whether `trim --redact` made it. What was removed is unknown, not 0."""
    size_bytes: Optional[int]
    """Length of the file. Null only if it is above 2^53: see size_hex."""
    streams: list[StreamReport]
    """The streams, in the order of the directory."""
    truncated: bool
    """Whether memory that the dump lists is missing from the file; for a trimmed copy, from the original."""


class DumpReport(_DumpReport, total=False):
    """The file."""

    breakpad: Optional[BreakpadReport]
    """Which threads asked for the dump and wrote it; null if neither Breakpad nor Crashpad says so."""
    crashpad: Optional[CrashpadReport]
    """What the program gave Crashpad to send with the dump; null if Crashpad did not write it."""
    kept_hex: str
    """The number, if it is above 2^53; kept_bytes is then null."""
    missing_hex: str
    """The number, if it is above 2^53; missing_bytes is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _DuplicatesReport(TypedDict):
    bytes: Optional[int]
    """Bytes of all copies beyond the first. Null only if it is above 2^53: see bytes_hex."""
    one_in: Optional[int]
    """One in this many bytes was compared: 1 if all were. Null only if it is above 2^53: see one_in_hex."""


class DuplicatesReport(_DuplicatesReport, total=False):
    """Duplicate pages."""

    bytes_hex: str
    """The number, if it is above 2^53; bytes is then null."""
    one_in_hex: str
    """The number, if it is above 2^53; one_in is then null."""


class EarlierReport(TypedDict):
    """An earlier exception, from a record on a stack. Secondary evidence: when it happened, and who caught it, is not known."""

    address: Hex
    """`ExceptionAddress`."""
    at: Hex
    """Address of the record."""
    code: Hex
    """`ExceptionCode`."""
    cpp_type: Optional[str]
    """The thrown type, for a C++ exception whose ThrowInfo is in the dump."""
    flags: Hex
    """`ExceptionFlags`."""
    in_use: Optional[bool]
    """Whether the record is above the stack pointer, in what may be a frame in use. If not, the functions that raised and handled it have returned. null if the stack pointer is not known."""
    module: Optional[str]
    """The debugger's name of the module there."""
    name: Optional[str]
    """Its name."""
    offset: Optional[Hex]
    """From the module's base to the address."""
    parameters: list[Hex]
    """`ExceptionInformation`."""


Edge = TypedDict(
    "Edge",
    {
        "certain": "bool",
        "from": "int",
        "proven": "bool",
        "to": "int",
        "via": "Via",
    },
)
"""One thread waits for another; both are thread IDs."""


class _EndedReport(TypedDict):
    ended_processes: Optional[int]
    """Handles to processes that have ended. Null only if it is above 2^53: see ended_processes_hex."""
    ended_threads: Optional[int]
    """Handles to threads that have ended. Null only if it is above 2^53: see ended_threads_hex."""
    process_handles: Optional[int]
    """All handles to processes. Null only if it is above 2^53: see process_handles_hex."""
    thread_handles: Optional[int]
    """All handles to threads. Null only if it is above 2^53: see thread_handles_hex."""


class EndedReport(_EndedReport, total=False):
    """Handles to threads and processes that have ended."""

    ended_processes_hex: str
    """The number, if it is above 2^53; ended_processes is then null."""
    ended_threads_hex: str
    """The number, if it is above 2^53; ended_threads is then null."""
    process_handles_hex: str
    """The number, if it is above 2^53; process_handles is then null."""
    thread_handles_hex: str
    """The number, if it is above 2^53; thread_handles is then null."""


class _EqualsReport(TypedDict):
    committed_bytes: Optional[int]
    """Committed bytes of all of them. Null only if it is above 2^53: see committed_hex."""
    count: Optional[int]
    """How many there are. Null only if it is above 2^53: see count_hex."""
    first: Hex
    """Base of the first."""
    hint: Optional[str]
    """A guess at the purpose of the first one."""
    size_bytes: Optional[int]
    """Bytes of each. Null only if it is above 2^53: see size_hex."""
    usage: str
    """Usage of the first."""


class EqualsReport(_EqualsReport, total=False):
    """Private allocations of one size with committed memory."""

    committed_hex: str
    """The number, if it is above 2^53; committed_bytes is then null."""
    count_hex: str
    """The number, if it is above 2^53; count is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class Evidence(TypedDict):
    """One piece of evidence for a finding."""

    at: Optional[Hex]
    """Its address, if it has one."""
    value: Optional[str]
    """The value."""
    what: str
    """What it is."""


class ExceptionReport(TypedDict):
    """The exception."""

    access: Optional[AccessReport]
    """What was accessed; null for codes that do not show it."""
    address: Hex
    """`ExceptionAddress`."""
    analysis: Optional[AnalysisReport]
    """What the crashing instruction did; null if details were not requested, or in builds without the feature `processor`."""
    chance: Optional[Chance]
    """Whether it was seen before the handlers (first chance) or after (second chance); null for other systems."""
    code: Hex
    """`ExceptionCode`."""
    cpp: Optional[CppReport]
    """The C++ exception, or the object that Delphi raised; null for every other code."""
    delay_load: Optional[DelayLoadReport]
    """What a delay-load helper could not load; null for every other code."""
    fast_fail: Optional[CodeReport]
    """The reason of a fast failure: `FAST_FAIL_…`; null for every other code."""
    fault: Optional[FaultReport]
    """What the faulting instruction used; null if code or registers are not in the dump, and for codes without a memory access, except for an illegal instruction that exists only to fail."""
    flags: Hex
    """`ExceptionFlags`."""
    hresult: Optional[Hex]
    """The HRESULT in its parameters, for codes that define one: for .NET the first parameter or, if the dump's record has none, that of the record that the thread is raising; for Direct3D the last."""
    meaning: Optional[str]
    """Its meaning, in one sentence; null if the name says it all."""
    name: Optional[str]
    """Its name, if it has one."""
    noncontinuable: Optional[bool]
    """Whether the flags say that the program could not continue; null for other systems."""
    original: Optional[OriginalReport]
    """The exception that this one stands in for; null if there is none, or if it is not in the dump."""
    parameters: list[Hex]
    """`ExceptionInformation`."""
    symbol: list[SiteReport]
    """The functions at the address, the innermost inline function first; empty if names were not requested."""
    thread_id: int
    """The thread."""


class Failure(TypedDict):
    """Why a file has no report."""

    code: str
    """Which of the reasons; docs/scan.md lists them."""
    message: str
    """For people."""


class FaultReport(TypedDict):
    """What the faulting instruction used."""

    address: Optional[Hex]
    """The address that it used, if known. It can differ from the recorded one, which is -1 for a non-canonical address."""
    base_register: Optional[RegisterReport]
    """The register that the address is relative to."""
    constant: bool
    """Whether the address is a constant in the instruction."""
    contradiction: Optional[Contradiction]
    """How the record contradicts it."""
    deliberate: bool
    """Whether it is an instruction that exists only to fail: `ud2`, `ud1`, `ud0`; on ARM64 `brk`, `hlt`, `udf`."""
    index_register: Optional[RegisterReport]
    """The register that is multiplied and added."""
    kind: Optional[OperandKind]
    """How it used the address."""
    misaligned: bool
    """Whether the operand must be aligned, and is not."""
    returned: bool
    """Whether the processor went to, or was at, an address that a `ret` took from the stack; `address` is then that address."""
    scale: int
    """The factor by which the index register is multiplied."""


class Finding(TypedDict):
    """A finding."""

    confidence: Confidence
    """How certain it is."""
    evidence: list[Evidence]
    """The evidence."""
    id: str
    """Its id, which does not change between versions."""
    title: str
    """One sentence."""
    windbg: str
    """The WinDbg command that shows the same; empty if there is none."""


class FrameReport(TypedDict):
    """One row of a call stack."""

    file: Optional[str]
    """The source file, if symbols name it."""
    function: Optional[str]
    """The function, if symbols name it."""
    inline: bool
    """Whether the function was inlined into that of the next row that is not inline."""
    ip: Hex
    """The instruction pointer of frame 0, the return address of the others; for an inline frame, that of its caller."""
    line: Optional[int]
    """The line in it."""
    module: Optional[str]
    """The debugger's name of the module: its file without extension; of an unloaded one `<Unloaded_old.dll>`."""
    offset: Optional[Hex]
    """Bytes from the function's start to `ip`, or from the module's base if the function is not known."""
    source: Optional[Source]
    """How the function is known; null if it is not."""
    sp: Hex
    """The stack pointer of frame 0; in the others, the address after the return address."""
    trust: Trust
    """How the frame was found."""


class _GcRefusal(TypedDict):
    available_pagefile_mb: Optional[int]
    """MB that the system could still commit, according to the collector. Null only if it is above 2^53: see available_pagefile_mb_hex."""
    bookkeeping_bytes: Optional[int]
    """Bytes that its own tables have committed, which count against its limit too; null if they are not found. Null if it is not known, or above 2^53: see bookkeeping_hex."""
    committed_bytes: Optional[int]
    """Bytes that the collector's segments have committed. Null only if it is above 2^53: see committed_hex."""
    gc_index: Optional[int]
    """Number of collections before it. Null only if it is above 2^53: see gc_index_hex."""
    limit_bytes: Optional[int]
    """The limit of the heap that the environment sets (`DOTNET_GCHeapHardLimit`); null if it sets none. Null if it is not known, or above 2^53: see limit_hex."""
    reason: str
    """`budget`, `cant_commit`, `cant_reserve`, `loh`, `low_mem`, `unproductive_full_gc`."""
    requested_bytes: Optional[int]
    """Bytes of the requested object, rounded up to 8 (x86: to 8 and 4); null if the record does not contain them. Null if it is not known, or above 2^53: see requested_hex."""
    segment_bytes: Optional[int]
    """Bytes of a segment that did not fit into the address space; null if that was not the reason. Null if it is not known, or above 2^53: see segment_hex."""


class GcRefusal(_GcRefusal, total=False):
    """The collector's record of the last allocation that it refused. It remains if the exception was caught."""

    available_pagefile_mb_hex: str
    """The number, if it is above 2^53; available_pagefile_mb is then null."""
    bookkeeping_hex: str
    """The number, if it is above 2^53; bookkeeping_bytes is then null."""
    committed_hex: str
    """The number, if it is above 2^53; committed_bytes is then null."""
    gc_index_hex: str
    """The number, if it is above 2^53; gc_index is then null."""
    limit_hex: str
    """The number, if it is above 2^53; limit_bytes is then null."""
    requested_hex: str
    """The number, if it is above 2^53; requested_bytes is then null."""
    segment_hex: str
    """The number, if it is above 2^53; segment_bytes is then null."""


class _GenerationReport(TypedDict):
    committed_bytes: Optional[int]
    """Committed bytes. Null only if it is above 2^53: see committed_hex."""
    name: str
    """`gen0`, `gen1`, `gen2`, `LOH`, `POH`, `frozen`."""
    segments: Optional[int]
    """Segments or regions. Null only if it is above 2^53: see segments_hex."""
    size_bytes: Optional[int]
    """Bytes used by objects, including free space between them. Null only if it is above 2^53: see size_hex."""


class GenerationReport(_GenerationReport, total=False):
    """One generation of a runtime's heaps."""

    committed_hex: str
    """The number, if it is above 2^53; committed_bytes is then null."""
    segments_hex: str
    """The number, if it is above 2^53; segments is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _GroupReport(TypedDict):
    bytes: Optional[int]
    """Their committed bytes. Null only if it is above 2^53: see bytes_hex."""
    bytes_margin: Optional[int]
    """For a sample, half of the 95% interval; zero if the figure is exact, null if the interval is not known. Null if it is not known, or above 2^53: see bytes_margin_hex."""
    count: Optional[int]
    """How many. Null only if it is above 2^53: see count_hex."""
    count_margin: Optional[int]
    """For a sample, half of the 95% interval; zero if the figure is exact, null if the interval is not known. Null if it is not known, or above 2^53: see count_margin_hex."""
    example: Hex
    """One of them."""
    kind: GroupKind
    """What they are."""
    shape: Optional[ShapeReport]
    """The kind of data in them; null if they were not read."""
    size_bytes: Optional[int]
    """Bytes of each: for an allocation from its base to its end, for a block the requested size. Null only if it is above 2^53: see size_hex."""
    usage: str
    """Usage class by WinDbg's name."""


class GroupReport(_GroupReport, total=False):
    """Allocations or blocks of one size."""

    bytes_hex: str
    """The number, if it is above 2^53; bytes is then null."""
    bytes_margin_hex: str
    """The number, if it is above 2^53; bytes_margin is then null."""
    count_hex: str
    """The number, if it is above 2^53; count is then null."""
    count_margin_hex: str
    """The number, if it is above 2^53; count_margin is then null."""
    holder: Optional[str]
    """What holds a pointer to one of them; null if none was found, or it was not searched for."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""
    text: Optional[str]
    """Some characters of it, if it consists of text and they were requested; of an array of strings, some strings in quotation marks."""


class Grower(TypedDict):
    """Something that grew."""

    bytes: Change
    """Its bytes."""
    count: Optional[Change]
    """Their number, if they are counted."""
    kind: str
    """`usage`, `heap`, `module`, `heap_block_size` or `allocation_size`."""
    name: str
    """Its name."""


class _HandleCount(TypedDict):
    count: Optional[int]
    """How many. Null only if it is above 2^53: see count_hex."""
    type: str
    """Type name, such as `Event`; empty if the dump does not say."""


class HandleCount(_HandleCount, total=False):
    """How many handles of one type."""

    count_hex: str
    """The number, if it is above 2^53; count is then null."""


class _HeapBlocksReport(TypedDict):
    busy_blocks: Optional[int]
    """Blocks in use by the program. Null only if it is above 2^53: see busy_blocks_hex."""
    busy_bytes: Optional[int]
    """Requested bytes of these blocks. Null only if it is above 2^53: see busy_hex."""
    faults: list[str]
    """Faults in the blocks; some blocks are not counted."""
    free_bytes: Optional[int]
    """Committed bytes that are free: fragmentation. Null only if it is above 2^53: see free_hex."""
    overhead_bytes: Optional[int]
    """Committed bytes that are neither requested nor free: headers, rounding, and the heap's own data. Null only if it is above 2^53: see overhead_hex."""


class HeapBlocksReport(_HeapBlocksReport, total=False):
    """Totals of the blocks of a heap, or of all heaps."""

    busy_blocks_hex: str
    """The number, if it is above 2^53; busy_blocks is then null."""
    busy_hex: str
    """The number, if it is above 2^53; busy_bytes is then null."""
    free_hex: str
    """The number, if it is above 2^53; free_bytes is then null."""
    overhead_hex: str
    """The number, if it is above 2^53; overhead_bytes is then null."""
    sizes: Optional[list[BlockSizeReport]]
    """The requested sizes, those with the most bytes first; null if they were not requested."""


class _HeapCountersReport(TypedDict):
    agree: Optional[bool]
    """Whether its counters agree with what was found; null if it has none."""
    committed_bytes: Optional[int]
    """Committed bytes of segments. Null if it is not known, or above 2^53: see committed_hex."""
    free_bytes: Optional[int]
    """Committed bytes that are free, except those inside the low-fragmentation heap of an NT heap. Null if it is not known, or above 2^53: see free_hex."""
    large_bytes: Optional[int]
    """Bytes in large blocks. Null if it is not known, or above 2^53: see large_hex."""
    reserved_bytes: Optional[int]
    """Reserved bytes of segments. Null if it is not known, or above 2^53: see reserved_hex."""
    segments: Optional[int]
    """Number of segments. Null if it is not known, or above 2^53: see segments_hex."""


class HeapCountersReport(_HeapCountersReport, total=False):
    """A heap's own counters."""

    committed_hex: str
    """The number, if it is above 2^53; committed_bytes is then null."""
    free_hex: str
    """The number, if it is above 2^53; free_bytes is then null."""
    large_hex: str
    """The number, if it is above 2^53; large_bytes is then null."""
    reserved_hex: str
    """The number, if it is above 2^53; reserved_bytes is then null."""
    segments_hex: str
    """The number, if it is above 2^53; segments is then null."""


class _HeapReport(TypedDict):
    basis: Optional[LayoutProof]
    """How well the layout is known for this build; null without a layout."""
    bits: int
    """32 or 64: which PEB it belongs to."""
    committed_bytes: Optional[int]
    """Committed bytes of all its parts. Null only if it is above 2^53: see committed_hex."""
    counters: HeapCountersReport
    """The heap's own counters, and whether they agree with what was found."""
    faults: list[str]
    """What is wrong with it."""
    flags: Optional[Hex]
    """Its flags."""
    handle: Hex
    """Its handle."""
    index: int
    """Position in `PEB.ProcessHeaps`; heaps found by descriptors follow."""
    kind: HeapKind
    """Its kind."""
    large_blocks: Optional[int]
    """Large blocks found. Null only if it is above 2^53: see large_blocks_hex."""
    large_bytes: Optional[int]
    """Bytes of the large blocks. Null only if it is above 2^53: see large_hex."""
    large_from_bytes: Optional[int]
    """Minimum size in bytes of a block with an allocation of its own. Null if it is not known, or above 2^53: see large_from_hex."""
    large_user_bytes: Optional[int]
    """Requested bytes of the large blocks that record them. Null only if it is above 2^53: see large_user_hex."""
    largest_block: Optional[PlaceReport]
    """The largest of them."""
    layout: Optional[str]
    """The layout that was used to read it."""
    metadata: bool
    """Whether Windows uses it for the records of other heaps, so that it contains nothing of the program."""
    reserved_bytes: Optional[int]
    """Reserved bytes of all its parts. Null only if it is above 2^53: see reserved_hex."""
    segments: Optional[int]
    """Segments found. Null only if it is above 2^53: see segments_hex."""


class HeapReport(_HeapReport, total=False):
    """One heap."""

    block_use: Optional[HeapBlocksReport]
    """Totals of its blocks; null if they were not counted, as in all commands except `heaps`, or because the heaps are too large to count them unasked."""
    committed_hex: str
    """The number, if it is above 2^53; committed_bytes is then null."""
    large_blocks_hex: str
    """The number, if it is above 2^53; large_blocks is then null."""
    large_from_hex: str
    """The number, if it is above 2^53; large_from_bytes is then null."""
    large_hex: str
    """The number, if it is above 2^53; large_bytes is then null."""
    large_user_hex: str
    """The number, if it is above 2^53; large_user_bytes is then null."""
    reserved_hex: str
    """The number, if it is above 2^53; reserved_bytes is then null."""
    segments_hex: str
    """The number, if it is above 2^53; segments is then null."""


class HeapRow(TypedDict):
    """A heap."""

    bits: int
    """32 or 64: which PEB it belongs to."""
    committed: Change
    """Committed bytes of all its parts; zero if it does not exist."""
    index: int
    """Position in `PEB.ProcessHeaps`."""
    kind: HeapKind
    """`nt`, `segment`, `xp` or `unknown`."""
    large_blocks: Change
    """Large blocks."""
    large_bytes: Change
    """Bytes of the large blocks."""
    new_handle: Optional[Hex]
    """Its handle in the new dump."""
    old_handle: Optional[Hex]
    """Its handle in the old dump."""
    presence: str
    """`both`, `new` or `gone`."""
    reserved: Change
    """Reserved bytes of all its parts."""


class HeldReport(TypedDict):
    """What holds the objects of a runtime. Each object is counted once, under the first root that reaches it: the program's static fields, those of .NET, then the threads' stacks, each in the order of names and IDs."""

    by_statics: HeldSum
    """What all static fields hold."""
    by_threads: HeldSum
    """What all stacks hold."""
    complete: bool
    """Whether all references were followed."""
    paths: list[PathReport]
    """For the largest types, the path that holds most of their bytes."""
    rest: HeldSum
    """What neither holds: objects held by handles and thread statics, and garbage."""
    statics: list[HolderReport]
    """The static fields that hold the most, at most 20."""
    statics_named: bool
    """Whether this version of the runtime records its static fields. Otherwise `statics` are slots of the arrays in which the runtime keeps what static fields and literals refer to."""
    threads: list[HolderReport]
    """The threads whose stacks hold the most of the rest, at most 20. A word on a stack may be left over."""


class _HeldSum(TypedDict):
    objects: Optional[int]
    """Objects. Null only if it is above 2^53: see objects_hex."""
    size_bytes: Optional[int]
    """Their bytes. Null only if it is above 2^53: see size_hex."""


class HeldSum(_HeldSum, total=False):
    """Objects and their bytes."""

    objects_hex: str
    """The number, if it is above 2^53; objects is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _HolderReport(TypedDict):
    name: str
    """The field with its class, `static [12] at 0x7f0010` (an element of the array there), or `thread 0x1a4`."""
    object: Optional[Hex]
    """The object that the field refers to; null for a thread."""
    objects: Optional[int]
    """Objects. Null only if it is above 2^53: see objects_hex."""
    size_bytes: Optional[int]
    """Their bytes. Null only if it is above 2^53: see size_hex."""
    type: Optional[str]
    """Its type."""


class HolderReport(_HolderReport, total=False):
    """A static field or a thread, and what it holds."""

    objects_hex: str
    """The number, if it is above 2^53; objects is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class Identity(TypedDict):
    """How two dumps are related, and how that is known."""

    certain: bool
    """Whether both dumps contain everything that decides it."""
    checks: list[Check]
    """What was compared."""
    kind: DifferenceKind
    """`same_process`, `another_run`, `another_build`, `different_programs` or `unknown`."""


class Interval(TypedDict):
    """The time between two dumps."""

    clock: Optional[str]
    """Its source: `dump_times` (of the headers), `system_times` (of KUSER_SHARED_DATA), or for different runs `process_uptimes`."""
    seconds: Optional[int]
    """Seconds from the old dump to the new one, negative if the order is reversed; for different runs, the difference of the processes' uptimes. null if it is not known, or meaningless because the programs are different."""


class LockReport(TypedDict):
    """A critical section that a thread holds."""

    address: Hex
    """Its address."""
    contentions: Optional[int]
    """How often threads had to wait for it, according to its DEBUG structure; null if it has none."""
    location: Optional[str]
    """That address as module and offset."""
    owner_thread_id: int
    """The thread that holds it."""
    recursion: int
    """How often that thread entered it."""
    waiters: int
    """How many threads wait for it."""


class LockReport2(TypedDict):
    """An object that is locked, or that threads wait for."""

    held: bool
    """Whether it is locked."""
    in_wait_thread_id: Optional[int]
    """A thread that released it until it is pulsed (`Monitor.Wait`)."""
    object: Hex
    """The object."""
    owner_thread_id: Optional[int]
    """The thread that holds it; null if it is free, or the owner's thread has ended."""
    recursion: int
    """How often its owner entered it."""
    type: str
    """Its type."""
    waiters: int
    """How many threads wait to enter, according to its own counter."""
    waiting_thread_ids: list[int]
    """The threads that wait to enter, as far as their stacks show."""


class _ManagedExceptionReport(TypedDict):
    address: Hex
    """The object."""
    current: bool
    """Whether the thread was still handling it; otherwise it may have been caught."""
    frame_count: Optional[int]
    """Number of frames, including those without a name. Null only if it is above 2^53: see frame_count_hex."""
    frames: list[str]
    """The methods that it passed through, innermost first, as the runtime prints them."""
    hresult: Optional[Hex]
    """Its HRESULT."""
    inner: Optional[ManagedExceptionReport]
    """The inner exception."""
    message: Optional[str]
    """Its message; null if the class generates it on demand."""
    thread_id: Optional[int]
    """The thread that handles it, or threw it last; null for an inner exception."""
    type: str
    """Its class."""


class ManagedExceptionReport(_ManagedExceptionReport, total=False):
    """An exception object."""

    frame_count_hex: str
    """The number, if it is above 2^53; frame_count is then null."""


class _ManagedReport(TypedDict):
    deadlocks: list[list[int]]
    """Thread IDs: each waits for a lock that the next one holds, and the last for one that the first holds."""
    exceptions: list[ManagedExceptionReport]
    """The exceptions that threads handle or threw last."""
    locks: list[LockReport2]
    """Locks that are held or that threads wait for; empty if the heaps were not walked."""
    refused: Optional[GcRefusal]
    """The last allocation that the collector refused; null if it refused none."""
    runtimes: list[RuntimeReport]
    """The runtimes, in the order of the module list."""
    type_count: Optional[int]
    """How many types there are. Null only if it is above 2^53: see type_count_hex."""
    types: list[TypeReport]
    """The types of the objects, the one with the most bytes first; empty if they were not counted."""
    walk: Optional[WalkReport]
    """Statistics of the walk through the heaps; null if there was none."""


class ManagedReport(_ManagedReport, total=False):
    """Everything that is known about a process's .NET runtimes."""

    holders: Optional[HeldReport]
    """What holds the objects; null if that was not examined: the heaps are too large for the question, were not walked completely, or objects were being moved."""
    strings: Optional[StringsReport]
    """Duplicate strings; null if strings were not compared."""
    type_count_hex: str
    """The number, if it is above 2^53; type_count is then null."""


class _MemoryReport(TypedDict):
    allocations: Optional[AllocationsReport]
    """The allocations; null if they were not requested."""
    busy_bytes: Optional[int]
    """What is not free. Null if it is not known, or above 2^53: see busy_hex."""
    classified_regions: Optional[int]
    """Number of regions after splitting by usage, as the rows count them. Null only if it is above 2^53: see classified_regions_hex."""
    commit_bytes: Optional[int]
    """`MEM_COMMIT`. Null if it is not known, or above 2^53: see commit_hex."""
    complete: bool
    """Whether the dump contains a complete memory map. If not, figures that need one are null, and the rows count only what is known: the remaining part of the map, or without any the memory in the dump and its modules."""
    fragmentation: Optional[float]
    """The share of free space outside the largest free region, 0 to 1."""
    free_bytes: Optional[int]
    """`MEM_FREE`. Null if it is not known, or above 2^53: see free_hex."""
    largest_free: Optional[PlaceReport]
    """The largest free region; also null if nothing is free."""
    private_commit_estimate_bytes: Optional[int]
    """The private commit according to the map: private pages, and copied or copy-on-write pages of images and mappings. Page tables, kernel memory and AWE pages are not in the map. Null if it is not known, or above 2^53: see private_commit_estimate_hex."""
    program_space: Optional[ProgramSpaceReport]
    """The part that a 32-bit program can use, in a 64-bit dump; otherwise null."""
    protect: list[RowReport]
    """Committed regions."""
    regions: Optional[int]
    """Regions of the map, or of its remaining part. Null if it is not known, or above 2^53: see regions_hex."""
    reserve_bytes: Optional[int]
    """`MEM_RESERVE`. Null if it is not known, or above 2^53: see reserve_hex."""
    state: list[RowReport]
    """Every region."""
    total_bytes: Optional[int]
    """All of the address space, free or not. Null if it is not known, or above 2^53: see total_hex."""
    type: list[RowReport]
    """Regions that are not free."""
    usage: list[RowReport]
    """Every region."""


class MemoryReport(_MemoryReport, total=False):
    """The address space."""

    busy_hex: str
    """The number, if it is above 2^53; busy_bytes is then null."""
    classified_regions_hex: str
    """The number, if it is above 2^53; classified_regions is then null."""
    commit_hex: str
    """The number, if it is above 2^53; commit_bytes is then null."""
    free_hex: str
    """The number, if it is above 2^53; free_bytes is then null."""
    private_commit_estimate_hex: str
    """The number, if it is above 2^53; private_commit_estimate_bytes is then null."""
    regions_hex: str
    """The number, if it is above 2^53; regions is then null."""
    reserve_hex: str
    """The number, if it is above 2^53; reserve_bytes is then null."""
    total_hex: str
    """The number, if it is above 2^53; total_bytes is then null."""


class _ModuleReport(TypedDict):
    base: Hex
    """First address."""
    debug_id: Optional[str]
    """GUID and age, in the form that symbol servers use."""
    path: str
    """Path, as the loader recorded it."""
    pdb: Optional[str]
    """The PDB's name, from the CodeView record."""
    private_bytes: Optional[int]
    """Committed bytes that are private to the process: pages that were copied because they were written to. null without a memory map. Null if it is not known, or above 2^53: see private_hex."""
    size_bytes: Optional[int]
    """Bytes. Null only if it is above 2^53: see size_hex."""
    time_date_stamp: Hex
    """`TimeDateStamp` of the image."""
    version: Optional[str]
    """File version, if the dump has one."""
    write_copy_bytes: Optional[int]
    """Committed bytes that are copied when they are written to. Null if it is not known, or above 2^53: see write_copy_hex."""


class ModuleReport(_ModuleReport, total=False):
    """One module."""

    private_hex: str
    """The number, if it is above 2^53; private_bytes is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""
    write_copy_hex: str
    """The number, if it is above 2^53; write_copy_bytes is then null."""


class ModuleRow(TypedDict):
    """A module."""

    path: str
    """Its path."""
    presence: str
    """`both`, `new` or `gone`."""
    private: Change
    """Committed bytes that are private to the process: pages that were copied because they were written to."""
    size: Change
    """Bytes of the image."""


class NativeReport(TypedDict):
    """The 64-bit call stack of a WOW64 thread."""

    frames: list[FrameReport]
    """The frames, the innermost first."""
    stopped: str
    """Why the walk ended there."""


class ObjectReport(TypedDict):
    """What is waited for."""

    address: Optional[Hex]
    """The address of a critical section, lock or condition."""
    by_code: bool
    """Whether the object is not in the dump, and its owner follows from the code that the owner ran."""
    handle: Optional[Hex]
    """Its handle."""
    location: Optional[str]
    """The address as module and offset."""
    name: Optional[str]
    """The object's name, if it has one."""
    other_process: Optional[OtherProcess]
    """Who holds it in another process; for a process object or a thread object, that process or thread."""
    owner_ended: bool
    """Whether that thread has ended, according to the dump's lists."""
    owner_thread_id: Optional[int]
    """The thread that holds it; for a thread object, that thread."""
    proven: bool
    """Whether the object itself records its owner, and was identified with certainty."""
    signalled: Optional[bool]
    """Whether it is signalled, so that a wait for it ends: an event that is set, a mutex that is free, a thread or process that has ended. null if the dump does not contain it."""
    type: Optional[str]
    """Its type: a handle's type as Windows names it, or `CriticalSection`, `SrwLock`, `Address`."""
    waiters: Optional[int]
    """How many threads wait for it, according to its own counter."""


class OperandReport(TypedDict):
    """Memory that an instruction uses."""

    address: Hex
    """The first address."""
    kind: Optional[OperandKind]
    """The kind of access; null if it is not known for this instruction."""


class OriginalReport(TypedDict):
    """The exception that another one stands in for, such as one that left a window procedure. Verdict and signature are about this one."""

    at: Optional[Hex]
    """Address of its record, if it has one of its own."""
    by: OpenedBy
    """How it was identified."""
    calls: list[StoredCall]
    """The calls in which Windows Runtime code stored the error, the innermost first; empty for every other exception."""
    exception: ExceptionReport
    """The exception; for an error that Windows Runtime code stored, the code is its HRESULT."""


class OtherProcess(TypedDict):
    """A thread of another process, or that process."""

    process_id: int
    """Process ID."""
    thread_id: Optional[int]
    """Thread ID; null for a process object."""


class _PageRow(TypedDict):
    bytes: Optional[int]
    """Their bytes. Null only if it is above 2^53: see bytes_hex."""
    bytes_margin: Optional[int]
    """For a sample, half of the 95% interval; zero if the figure is exact, null if the interval is not known. Null if it is not known, or above 2^53: see bytes_margin_hex."""
    kind: PageKind
    """The kind."""


class PageRow(_PageRow, total=False):
    """Pages of one kind."""

    bytes_hex: str
    """The number, if it is above 2^53; bytes is then null."""
    bytes_margin_hex: str
    """The number, if it is above 2^53; bytes_margin is then null."""


class _PathReport(TypedDict):
    objects: Optional[int]
    """Its objects that are held in this way. Null only if it is above 2^53: see objects_hex."""
    size_bytes: Optional[int]
    """Their bytes. Null only if it is above 2^53: see size_hex."""
    steps: list[str]
    """The field or thread, followed by the types on the path to this one. A type that refers to itself appears once."""
    type: str
    """The type."""


class PathReport(_PathReport, total=False):
    """How objects of a type are held."""

    objects_hex: str
    """The number, if it is above 2^53; objects is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _PlaceReport(TypedDict):
    base: Hex
    """First address."""
    size_bytes: Optional[int]
    """Bytes. Null only if it is above 2^53: see size_hex."""


class PlaceReport(_PlaceReport, total=False):
    """A region's place."""

    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _ProcessReport(TypedDict):
    command_line: Optional[str]
    """The command line; null unless secrets were requested."""
    counters: Optional[CountersReport]
    """ProcessVmCounters."""
    created: Optional[str]
    """When it started."""
    handle_count: Optional[int]
    """Number of handles in the stream, including those that are not read (only the first 1,048,576 are). Null if it is not known, or above 2^53: see handle_count_hex."""
    handles: Optional[list[HandleCount]]
    """Handles of each type, most frequent first; null without a handle stream or without details."""
    id: Optional[int]
    """Process ID."""
    image: Optional[str]
    """Path of the program."""
    kernel_seconds: Optional[int]
    """Seconds of processor time in kernel mode, all threads."""
    pebs: list[Hex]
    """Addresses of its PEBs, the 64-bit one first."""
    uptime_seconds: Optional[int]
    """Seconds from its start to the dump. Null if it is not known, or above 2^53: see uptime_seconds_hex."""
    user_seconds: Optional[int]
    """Seconds of processor time in user mode, all threads."""
    version: Optional[str]
    """Its file version, if the module list has one."""
    wow64: Optional[bool]
    """Whether a 32-bit program ran on 64-bit Windows."""


class ProcessReport(_ProcessReport, total=False):
    """The process."""

    handle_count_hex: str
    """The number, if it is above 2^53; handle_count is then null."""
    uptime_seconds_hex: str
    """The number, if it is above 2^53; uptime_seconds is then null."""


class _ProgramSpaceReport(TypedDict):
    commit_bytes: Optional[int]
    """Bytes committed there. Null only if it is above 2^53: see commit_hex."""
    free_bytes: Optional[int]
    """Bytes free there. Null only if it is above 2^53: see free_hex."""
    large_address_aware: Optional[bool]
    """Whether its file header says that it can handle addresses above 2 GB; null if the dump does not contain the header."""
    largest_free: Optional[PlaceReport]
    """The largest free region there; null if nothing is free."""
    limit_bytes: Optional[int]
    """The end of the addresses that it can use: 2 or 4 GB. Null only if it is above 2^53: see limit_hex."""
    reserve_bytes: Optional[int]
    """Bytes reserved there. Null only if it is above 2^53: see reserve_hex."""
    total_bytes: Optional[int]
    """Bytes below the limit, free or not. Null only if it is above 2^53: see total_hex."""


class ProgramSpaceReport(_ProgramSpaceReport, total=False):
    """The address space of a 32-bit program in a 64-bit dump."""

    commit_hex: str
    """The number, if it is above 2^53; commit_bytes is then null."""
    free_hex: str
    """The number, if it is above 2^53; free_bytes is then null."""
    limit_hex: str
    """The number, if it is above 2^53; limit_bytes is then null."""
    reserve_hex: str
    """The number, if it is above 2^53; reserve_bytes is then null."""
    total_hex: str
    """The number, if it is above 2^53; total_bytes is then null."""


class _Projection(TypedDict):
    at: Optional[str]
    """When that would be; null if the time of the dump is not known, or if it is too far in the future."""
    by: str
    """Whose growth is assumed: `process`, `machine` or `job`."""
    hours: float
    """Hours after the new dump, at this rate."""
    left_bytes: Optional[int]
    """Bytes that were left in the new dump. Null only if it is above 2^53: see left_hex."""
    limit: str
    """`commit_limit` of the machine, `job_private_commit_limit` or `address_space`."""
    per_hour: float
    """Growth in bytes per hour."""


class Projection(_Projection, total=False):
    """A limit, and when it would be reached."""

    left_hex: str
    """The number, if it is above 2^53; left_bytes is then null."""


class RaisedReport(TypedDict):
    """A call stack as it was when an earlier exception was raised."""

    frames: list[FrameReport]
    """The frames, the innermost first."""
    record: Hex
    """Address of the record of that exception."""
    stopped: str
    """Why the walk ended there."""


class _ReadingReport(TypedDict):
    extent: Extent
    """How much."""
    kept_bytes: Optional[int]
    """Bytes of private memory in the dump. Null only if it is above 2^53: see kept_hex."""
    segments_bytes: Optional[int]
    """Committed bytes of all heap segments. Null only if it is above 2^53: see segments_hex."""
    segments_read_bytes: Optional[int]
    """Committed bytes of heap segments whose blocks were read. Null only if it is above 2^53: see segments_read_hex."""
    units: Optional[int]
    """Units of 64 KiB that were read. Null only if it is above 2^53: see units_hex."""
    units_of: Optional[int]
    """Number of units in total. Null only if it is above 2^53: see units_of_hex."""


class ReadingReport(_ReadingReport, total=False):
    """What was read for a census."""

    kept_hex: str
    """The number, if it is above 2^53; kept_bytes is then null."""
    of_original: bool
    """Whether this is the census of the original, which `trim` kept in this copy."""
    segments_hex: str
    """The number, if it is above 2^53; segments_bytes is then null."""
    segments_read_hex: str
    """The number, if it is above 2^53; segments_read_bytes is then null."""
    units_hex: str
    """The number, if it is above 2^53; units is then null."""
    units_of_hex: str
    """The number, if it is above 2^53; units_of is then null."""


class _RegionReport(TypedDict):
    allocation_base: Optional[Hex]
    """First address of the allocation; null if free or not known."""
    allocation_protect: Optional[str]
    """Its protection when it was allocated."""
    base: Hex
    """First address."""
    begins_allocation: bool
    """Whether a new allocation begins here, or the region is free."""
    detail: Optional[str]
    """What WinDbg shows in brackets after the class, without the brackets; the text may be hostile."""
    end: Hex
    """First address after it."""
    fact: Optional[str]
    """The fact that determined the class."""
    protect: Optional[str]
    """`PAGE_…`; null for reserved regions, which have none, or if not known."""
    size_bytes: Optional[int]
    """Bytes. Null only if it is above 2^53: see size_hex."""
    state: str
    """`MEM_COMMIT`, `MEM_RESERVE`, `MEM_FREE`."""
    type: Optional[str]
    """`MEM_PRIVATE`, `MEM_MAPPED`, `MEM_IMAGE`; null if free or not known."""
    usage: str
    """WinDbg's usage class."""


class RegionReport(_RegionReport, total=False):
    """A region, or the part of one that has a single usage."""

    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class RegisterReport(TypedDict):
    """A register and its value."""

    name: str
    """Its name."""
    value: Hex
    """Its value."""


class _RepeatedImageReport(TypedDict):
    count: Optional[int]
    """How often. Null only if it is above 2^53: see count_hex."""
    name: str
    """Its file name."""
    size_bytes: Optional[int]
    """Bytes of one image. Null only if it is above 2^53: see size_hex."""


class RepeatedImageReport(_RepeatedImageReport, total=False):
    """An image that is loaded more than once."""

    count_hex: str
    """The number, if it is above 2^53; count is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _Report(TypedDict):
    assertion: Optional[AssertionReport]
    """The failed assertion, from the stream of Breakpad and Crashpad; null if there is none."""
    dump: DumpReport
    """The file."""
    exception: Optional[ExceptionReport]
    """The exception; null if the dump has none that can be read."""
    exception_lost: Optional[str]
    """Why it is not known whether the dump had an exception, or which one; null if it has one or was written without one."""
    findings: list[Finding]
    """The findings, in the order in which an engineer would check them; empty without a verdict."""
    heaps: list[HeapReport]
    """The heaps, those of the first PEB first; empty if no lists were requested."""
    memory: MemoryReport
    """The address space."""
    modules: list[ModuleReport]
    """The modules, in the order of the module list; empty if no lists were requested."""
    process: ProcessReport
    """The process."""
    schema_version: int
    """Version of this format."""
    signature: Optional[SignatureReport]
    """The signature, which identifies the cause; null without a verdict."""
    system: SystemReport
    """The machine."""
    threads: list[ThreadReport]
    """The threads, in the order of the thread list; empty if no lists were requested."""
    tool: Tool
    """The program that made the report."""
    unloaded_modules: list[UnloadedModuleReport]
    """The modules that were unloaded before, in the order of their list."""
    unreal: Optional[UnrealReport]
    """What Unreal Engine recorded about the crash; null for other programs."""
    verdict: Optional[VerdictReport]
    """What happened, and why; null if it was not requested."""
    warnings: list[WarningReport]
    """What is missing, was repaired or was guessed."""


class Report(_Report, total=False):
    """Everything known about a dump."""

    broken_blocks: list[BrokenBlockReport]
    """Where the heaps are corrupt; filled if the program ended because a heap detected corruption."""
    census: Optional[CensusReport]
    """What fills the private memory, in at most twenty rows per table; null without a verdict, or without a memory map."""
    managed: Optional[ManagedReport]
    """The .NET runtimes, their heaps, exceptions and locks; null if there is no runtime."""
    waits: Optional[WaitsReport]
    """Which threads wait for what, and for whom; null if the answer does not need it."""


class Row(TypedDict):
    """A figure with its name."""

    change: Change
    """Before and after."""
    name: str
    """What it is."""
    unit: str
    """`bytes` or `count`."""


class _RowReport(TypedDict):
    largest: PlaceReport
    """The largest region."""
    name: str
    """WinDbg's or Windows' name."""
    regions: Optional[int]
    """Regions, after splitting by usage. Null only if it is above 2^53: see regions_hex."""
    size_bytes: Optional[int]
    """Bytes. Null only if it is above 2^53: see size_hex."""


class RowReport(_RowReport, total=False):
    """One row of a table."""

    regions_hex: str
    """The number, if it is above 2^53; regions is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _RuntimeReport(TypedDict):
    collector: Optional[str]
    """`workstation` or `server`; null if it is not read."""
    family: str
    """What it is: `.NET`, `.NET Framework`, `NativeAOT`, `Mono`."""
    gc_in_progress: Optional[bool]
    """Whether objects were being marked or moved: counts are then approximate. null if it is not known."""
    generations: list[GenerationReport]
    """The generations."""
    heap_count: int
    """Heaps of the collector."""
    module: str
    """Path of its module."""
    readable: bool
    """Whether its memory is read."""
    refusal: Optional[str]
    """Why its memory is not read."""
    thread_count: Optional[int]
    """Threads known to the runtime. Null only if it is above 2^53: see thread_count_hex."""
    version: Optional[str]
    """Its version; null if it is not known."""


class RuntimeReport(_RuntimeReport, total=False):
    """One runtime."""

    thread_count_hex: str
    """The number, if it is above 2^53; thread_count is then null."""


class _Scanned(TypedDict):
    path: str
    """The file."""
    schema_version: int
    """Version of this format."""


class Scanned(_Scanned, total=False):
    """One dump of a scan: path and report, or path and error."""

    assertion: Optional[AssertionReport]
    """The failed assertion, from the stream of Breakpad and Crashpad; null if there is none."""
    broken_blocks: list[BrokenBlockReport]
    """Where the heaps are corrupt; filled if the program ended because a heap detected corruption."""
    census: Optional[CensusReport]
    """What fills the private memory, in at most twenty rows per table; null without a verdict, or without a memory map."""
    dump: DumpReport
    """The file."""
    error: Failure
    """Why there is no report."""
    exception: Optional[ExceptionReport]
    """The exception; null if the dump has none that can be read."""
    exception_lost: Optional[str]
    """Why it is not known whether the dump had an exception, or which one; null if it has one or was written without one."""
    findings: list[Finding]
    """The findings, in the order in which an engineer would check them; empty without a verdict."""
    heaps: list[HeapReport]
    """The heaps, those of the first PEB first; empty if no lists were requested."""
    managed: Optional[ManagedReport]
    """The .NET runtimes, their heaps, exceptions and locks; null if there is no runtime."""
    memory: MemoryReport
    """The address space."""
    modules: list[ModuleReport]
    """The modules, in the order of the module list; empty if no lists were requested."""
    process: ProcessReport
    """The process."""
    signature: Optional[SignatureReport]
    """The signature, which identifies the cause; null without a verdict."""
    system: SystemReport
    """The machine."""
    threads: list[ThreadReport]
    """The threads, in the order of the thread list; empty if no lists were requested."""
    tool: Tool
    """The program that made the report."""
    unloaded_modules: list[UnloadedModuleReport]
    """The modules that were unloaded before, in the order of their list."""
    unreal: Optional[UnrealReport]
    """What Unreal Engine recorded about the crash; null for other programs."""
    verdict: Optional[VerdictReport]
    """What happened, and why; null if it was not requested."""
    waits: Optional[WaitsReport]
    """Which threads wait for what, and for whom; null if the answer does not need it."""
    warnings: list[WarningReport]
    """What is missing, was repaired or was guessed."""


class _ShapeReport(TypedDict):
    columns: list[str]
    """The kinds of the words of an element, in order; equal neighbours are combined."""
    element_bytes: Optional[int]
    """Bytes of an element. Null if it is not known, or above 2^53: see element_hex."""
    kind: ShapeKind
    """What the layout proves."""
    name: Optional[str]
    """The type, where its layout proves it, or the class."""
    read_bytes: Optional[int]
    """Bytes that were read. Null only if it is above 2^53: see read_hex."""
    share: float
    """The share of the elements, words or non-zero pages that match, 0 to 1."""
    share_by_chance: Optional[float]
    """The share of words that would match by chance, without elements."""
    used_share: float
    """The share of pages that are not all zero."""


class ShapeReport(_ShapeReport, total=False):
    """The kind of data in a piece of memory."""

    element_hex: str
    """The number, if it is above 2^53; element_bytes is then null."""
    read_hex: str
    """The number, if it is above 2^53; read_bytes is then null."""


class _SideReport(TypedDict):
    arch: Optional[str]
    """`x86`, `x86_64`, `arm64`, `arm`; null if not known."""
    created: Optional[str]
    """When it was written."""
    image: Optional[str]
    """Path of the program."""
    path: str
    """As given by the caller."""
    pointer_bits: int
    """32 or 64."""
    process_created: Optional[str]
    """When the process started."""
    process_id: Optional[int]
    """Process ID."""
    truncated: bool
    """Whether memory that the dump lists is not in the file."""
    uptime_seconds: Optional[int]
    """Seconds from its start to the dump. Null if it is not known, or above 2^53: see uptime_seconds_hex."""
    warnings: list[WarningReport]
    """What is missing, was repaired or was guessed in this dump."""


class SideReport(_SideReport, total=False):
    """One of the dumps."""

    uptime_seconds_hex: str
    """The number, if it is above 2^53; uptime_seconds is then null."""


class SignatureFrame(TypedDict):
    """A frame of a signature."""

    debug_id: Optional[str]
    """GUID and age of the module's PDB, which identify the build. Not part of the ids."""
    function: Optional[str]
    """The function, if symbols name it. Not part of the ids."""
    module: str
    """The module's file, in lower case, without folder and extension."""
    offset: Hex
    """Offset from the module's base of the return address, or of the executing instruction."""


class _SignatureReport(TypedDict):
    cause: Optional[Cause]
    """The cause, as in the verdict."""
    family: str
    """Like `id`, without offsets: it stays the same when the program is built again."""
    fingerprint: list[str]
    """`dumplens` and the id, for crash collectors such as Sentry that group by a fingerprint."""
    frames: list[SignatureFrame]
    """The blamed frame, and its caller if that is also the program's code."""
    id: str
    """`v2-` and 12 hex digits."""
    kind: Kind
    """The cause, as in the verdict."""
    program: Optional[str]
    """The program's file name, in lower case; only if no frame is blamed."""
    size_class_bytes: Optional[int]
    """The largest power of two not above the requested bytes; null for small requests. Null if it is not known, or above 2^53: see size_class_hex."""
    version: int
    """`SIGNATURE_VERSION`."""
    what: Optional[str]
    """What was thrown or raised, if the kind does not say it: a C++ type, or a code."""


class SignatureReport(_SignatureReport, total=False):
    """The signature, which identifies the cause of a dump."""

    methods: list[str]
    """For a managed exception (.NET), the innermost methods of the program that it passed through; for a deadlock, those that its threads are in."""
    size_class_hex: str
    """The number, if it is above 2^53; size_class_bytes is then null."""


class SiteReport(TypedDict):
    """A function at an address."""

    file: Optional[str]
    """The source file."""
    function: Optional[str]
    """The function; null if not known."""
    inline: bool
    """Whether it was inlined into the next function of the list."""
    line: Optional[int]
    """The line in it."""
    module: str
    """The module as the debugger names it."""
    offset: Optional[Hex]
    """Offset from the start of the function, or of the module if the function is not known; for an inline function, from the start of its code, null if that is not known."""
    source: Optional[Source]
    """How the function is known; null if it is not."""


class _SizeClassReport(TypedDict):
    below_bytes: Optional[int]
    """Upper limit of the size, exclusive; null for the last class. Null if it is not known, or above 2^53: see below_hex."""
    committed_bytes: Optional[int]
    """Their committed bytes. Null only if it is above 2^53: see committed_hex."""
    count: Optional[int]
    """How many. Null only if it is above 2^53: see count_hex."""
    from_bytes: Optional[int]
    """Minimum size. Null only if it is above 2^53: see from_hex."""
    size_bytes: Optional[int]
    """Their bytes. Null only if it is above 2^53: see size_hex."""


class SizeClassReport(_SizeClassReport, total=False):
    """Private allocations of similar size."""

    below_hex: str
    """The number, if it is above 2^53; below_bytes is then null."""
    committed_hex: str
    """The number, if it is above 2^53; committed_bytes is then null."""
    count_hex: str
    """The number, if it is above 2^53; count is then null."""
    from_hex: str
    """The number, if it is above 2^53; from_bytes is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _SizeRow(TypedDict):
    bytes: Change
    """Their bytes in total."""
    committed: Change
    """Their committed bytes."""
    count: Change
    """How many."""
    size_bytes: Optional[int]
    """Bytes of each. Null only if it is above 2^53: see size_hex."""
    usage: str
    """Their usage class."""
    what: str
    """`allocation` (of `VirtualAlloc`, reserved and committed), or `heap_block` (large blocks, by requested size if the heap records it)."""


class SizeRow(_SizeRow, total=False):
    """Private allocations, or large heap blocks, of one size."""

    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _StackReport(TypedDict):
    base: Hex
    """`StackBase`: the end, exclusive."""
    committed_bytes: Optional[int]
    """Bytes committed, including guard pages. Null if it is not known, or above 2^53: see committed_hex."""
    deepest_bytes: Optional[int]
    """Bytes from the base down to the lowest one that was ever written; null if the dump does not contain them. Null if it is not known, or above 2^53: see deepest_hex."""
    guard_bytes: Optional[int]
    """Bytes of guard pages. Null if it is not known, or above 2^53: see guard_hex."""
    in_use_bytes: Optional[int]
    """Bytes from the stack pointer to the base; null if it does not point into this stack. Null if it is not known, or above 2^53: see in_use_hex."""
    limit: Optional[Hex]
    """`StackLimit`: the lowest committed address; null without the TEB."""
    reserved_bytes: Optional[int]
    """Bytes reserved but not committed. Null if it is not known, or above 2^53: see reserved_hex."""
    reserved_from: Optional[Hex]
    """`DeallocationStack`: the lowest reserved address."""


class StackReport(_StackReport, total=False):
    """A stack's bounds."""

    committed_hex: str
    """The number, if it is above 2^53; committed_bytes is then null."""
    deepest_hex: str
    """The number, if it is above 2^53; deepest_bytes is then null."""
    guard_hex: str
    """The number, if it is above 2^53; guard_bytes is then null."""
    in_use_hex: str
    """The number, if it is above 2^53; in_use_bytes is then null."""
    reserved_hex: str
    """The number, if it is above 2^53; reserved_bytes is then null."""


class StartRow(TypedDict):
    """Threads with the same start address."""

    count: Change
    """How many."""
    start: Optional[str]
    """Module and offset; an address outside modules; null if it is not known."""


class StoredCall(TypedDict):
    """A call, by its return address."""

    address: Hex
    """The return address."""
    location: Optional[str]
    """Module and offset; null if it is in no module."""


class _StreamReport(TypedDict):
    name: str
    """Its name."""
    size_bytes: Optional[int]
    """Its length as listed. Null only if it is above 2^53: see size_hex."""
    type: int
    """`MINIDUMP_STREAM_TYPE`."""


class StreamReport(_StreamReport, total=False):
    """One stream."""

    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _StringsReport(TypedDict):
    complete: bool
    """Whether all strings were compared."""
    count: Optional[int]
    """Strings. Null only if it is above 2^53: see count_hex."""
    duplicate_bytes: Optional[int]
    """Their bytes. Null only if it is above 2^53: see duplicate_hex."""
    duplicate_count: Optional[int]
    """Strings that are copies of another one. Null only if it is above 2^53: see duplicate_count_hex."""
    repeated_texts: Optional[int]
    """Different texts that occur more than once. Null only if it is above 2^53: see repeated_texts_hex."""
    size_bytes: Optional[int]
    """Their bytes. Null only if it is above 2^53: see size_hex."""


class StringsReport(_StringsReport, total=False):
    """Duplicate strings."""

    count_hex: str
    """The number, if it is above 2^53; count is then null."""
    duplicate_count_hex: str
    """The number, if it is above 2^53; duplicate_count is then null."""
    duplicate_hex: str
    """The number, if it is above 2^53; duplicate_bytes is then null."""
    repeated_texts_hex: str
    """The number, if it is above 2^53; repeated_texts is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _SystemMemoryReport(TypedDict):
    available_bytes: Optional[int]
    """RAM that was free or could be freed at once. Null if it is not known, or above 2^53: see available_hex."""
    commit_bytes: Optional[int]
    """Commit charge of the whole system. Null if it is not known, or above 2^53: see commit_hex."""
    commit_limit_bytes: Optional[int]
    """Commit limit of the whole system. Null if it is not known, or above 2^53: see commit_limit_hex."""
    commit_peak_bytes: Optional[int]
    """Peak commit charge since the system started. Null if it is not known, or above 2^53: see commit_peak_hex."""
    physical_bytes: Optional[int]
    """RAM. Null if it is not known, or above 2^53: see physical_hex."""


class SystemMemoryReport(_SystemMemoryReport, total=False):
    """The machine's memory at dump time."""

    available_hex: str
    """The number, if it is above 2^53; available_bytes is then null."""
    commit_hex: str
    """The number, if it is above 2^53; commit_bytes is then null."""
    commit_limit_hex: str
    """The number, if it is above 2^53; commit_limit_bytes is then null."""
    commit_peak_hex: str
    """The number, if it is above 2^53; commit_peak_bytes is then null."""
    physical_hex: str
    """The number, if it is above 2^53; physical_bytes is then null."""


class SystemReport(TypedDict):
    """The machine."""

    build: Optional[int]
    """Build number."""
    build_string: Optional[str]
    """The build's full name, if MiscInfo has one."""
    memory: Optional[SystemMemoryReport]
    """RAM and commit."""
    os: Optional[str]
    """Family and version, such as `Windows NT 10.0.19045`."""
    processors: Optional[int]
    """Logical processors."""
    service_pack: Optional[str]
    """Service pack, or what Linux writers put in that field."""
    time: Optional[str]
    """The system clock at dump time, from KUSER_SHARED_DATA."""
    uptime_seconds: Optional[float]
    """Seconds since the system started, to the millisecond."""


class _TableOfCensusRow(TypedDict):
    left_out: Optional[int]
    """Number of rows that are left out. Null only if it is above 2^53: see left_out_hex."""
    matched_by: str
    """How rows of the two dumps were matched."""
    rows: list[CensusRow]
    """The rows, those that changed most first; at most twenty."""


class TableOfCensusRow(_TableOfCensusRow, total=False):
    """A table whose rows are those that changed most."""

    left_out_hex: str
    """The number, if it is above 2^53; left_out is then null."""


class _TableOfHeapRow(TypedDict):
    left_out: Optional[int]
    """Number of rows that are left out. Null only if it is above 2^53: see left_out_hex."""
    matched_by: str
    """How rows of the two dumps were matched."""
    rows: list[HeapRow]
    """The rows, those that changed most first; at most twenty."""


class TableOfHeapRow(_TableOfHeapRow, total=False):
    """A table whose rows are those that changed most."""

    left_out_hex: str
    """The number, if it is above 2^53; left_out is then null."""


class _TableOfModuleRow(TypedDict):
    left_out: Optional[int]
    """Number of rows that are left out. Null only if it is above 2^53: see left_out_hex."""
    matched_by: str
    """How rows of the two dumps were matched."""
    rows: list[ModuleRow]
    """The rows, those that changed most first; at most twenty."""


class TableOfModuleRow(_TableOfModuleRow, total=False):
    """A table whose rows are those that changed most."""

    left_out_hex: str
    """The number, if it is above 2^53; left_out is then null."""


class _TableOfSizeRow(TypedDict):
    left_out: Optional[int]
    """Number of rows that are left out. Null only if it is above 2^53: see left_out_hex."""
    matched_by: str
    """How rows of the two dumps were matched."""
    rows: list[SizeRow]
    """The rows, those that changed most first; at most twenty."""


class TableOfSizeRow(_TableOfSizeRow, total=False):
    """A table whose rows are those that changed most."""

    left_out_hex: str
    """The number, if it is above 2^53; left_out is then null."""


class _TableOfStartRow(TypedDict):
    left_out: Optional[int]
    """Number of rows that are left out. Null only if it is above 2^53: see left_out_hex."""
    matched_by: str
    """How rows of the two dumps were matched."""
    rows: list[StartRow]
    """The rows, those that changed most first; at most twenty."""


class TableOfStartRow(_TableOfStartRow, total=False):
    """A table whose rows are those that changed most."""

    left_out_hex: str
    """The number, if it is above 2^53; left_out is then null."""


class _TableOfTypeRow(TypedDict):
    left_out: Optional[int]
    """Number of rows that are left out. Null only if it is above 2^53: see left_out_hex."""
    matched_by: str
    """How rows of the two dumps were matched."""
    rows: list[TypeRow]
    """The rows, those that changed most first; at most twenty."""


class TableOfTypeRow(_TableOfTypeRow, total=False):
    """A table whose rows are those that changed most."""

    left_out_hex: str
    """The number, if it is above 2^53; left_out is then null."""


class ThreadReport(TypedDict):
    """One thread."""

    blame: Optional[BlameReport]
    """The first frame outside system and runtime modules."""
    exceptions: Optional[list[EarlierReport]]
    """Earlier exceptions, from records on the stack; null if it was not searched."""
    frames: Optional[list[FrameReport]]
    """The call stack, the innermost frame first; null if it was not requested. For a WOW64 thread in a 64-bit dump, the program's own (32-bit) stack."""
    id: int
    """Thread ID."""
    index: int
    """Position in the thread list."""
    ip: Optional[Hex]
    """Instruction pointer."""
    last_error: Optional[CodeReport]
    """`LastErrorValue`; any later call overwrites it."""
    last_status: Optional[CodeReport]
    """`LastStatusValue`; any later call overwrites it."""
    listed: bool
    """Whether it is in the thread list; the exception's thread may not be."""
    name: Optional[str]
    """Its name."""
    native: Optional[NativeReport]
    """The 64-bit call stack of a WOW64 thread, below the program's own."""
    raised: Optional[RaisedReport]
    """The call stack at the time when one of these was raised, if findings name its frames."""
    same_stack_as: Optional[int]
    """Index of an earlier thread with the same stack, if the stack has only one frame: in small dumps, many threads are in the same system call."""
    sp: Optional[Hex]
    """Stack pointer."""
    stack: Optional[StackReport]
    """The stack that the program uses: the 32-bit one in a WOW64 thread."""
    stack64: Optional[StackReport]
    """The stack of the 64-bit half of a WOW64 thread."""
    start_address: Optional[Hex]
    """Where it started."""
    start_symbol: list[SiteReport]
    """The functions there; empty if names were not requested."""
    stopped: Optional[str]
    """Why the walk ended there."""
    suspend_count: int
    """How often it was suspended."""
    teb: Hex
    """Address of the TEB."""
    teb32: Optional[Hex]
    """Address of the 32-bit TEB of a WOW64 thread."""
    top: Optional[str]
    """What it was executing, without a stack walk: module and offset, and the function if symbols name it."""


class ThreadWaitReport(TypedDict):
    """What one thread waits for."""

    id: int
    """Thread ID."""
    processor_ms: Optional[int]
    """Milliseconds of processor time that it used; null if it is not in the dump."""
    wait: Optional[WaitReport]
    """What it waits for; null if it is not known to wait."""


class _ThreadsDifference(TypedDict):
    by_start: TableOfStartRow
    """By start address: those whose number changed."""
    count: Change
    """How many."""
    gone: Optional[int]
    """Threads whose ID only the old dump has. Null if it is not known, or above 2^53: see gone_hex."""
    new: Optional[int]
    """Threads whose ID only the new dump has; null for different runs, where IDs mean nothing. Null if it is not known, or above 2^53: see new_hex."""
    stacks_committed: Change
    """Committed bytes of their stacks; unknown if that of one stack is."""
    stacks_reserved: Change
    """Reserved bytes of their stacks; unknown if that of one stack is."""


class ThreadsDifference(_ThreadsDifference, total=False):
    """The threads."""

    gone_hex: str
    """The number, if it is above 2^53; gone is then null."""
    new_hex: str
    """The number, if it is above 2^53; new is then null."""


class Tool(TypedDict):
    """The program that made a report."""

    name: str
    """`dumplens`."""
    version: str
    """Its version."""


class _Trimmed(TypedDict):
    kept_bytes: Optional[int]
    """Bytes of the process's memory that it keeps. Null only if it is above 2^53: see kept_hex."""
    note: str
    """The line that was added to the comment: what was kept, and what was dropped."""
    original_bytes: Optional[int]
    """Bytes of memory that the original kept. Null only if it is above 2^53: see original_hex."""
    schema_version: int
    """Version of this shape."""
    size_bytes: Optional[int]
    """Bytes of the copy. Null only if it is above 2^53: see size_hex."""
    tool: Tool
    """Who made the answer."""


class Trimmed(_Trimmed, total=False):
    """Data that has no version of its own, with what a reader of it must know."""

    kept_hex: str
    """The number, if it is above 2^53; kept_bytes is then null."""
    original_hex: str
    """The number, if it is above 2^53; original_bytes is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _TypeGeneration(TypedDict):
    count: Optional[int]
    """Objects. Null only if it is above 2^53: see count_hex."""
    name: str
    """`gen0`, `gen1`, `gen2`, `LOH`, `POH`, `frozen`."""
    size_bytes: Optional[int]
    """Their bytes. Null only if it is above 2^53: see size_hex."""


class TypeGeneration(_TypeGeneration, total=False):
    """The objects of a type in one generation."""

    count_hex: str
    """The number, if it is above 2^53; count is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class _TypeReport(TypedDict):
    bytes: Optional[int]
    """The same number as `size_bytes`. Null only if it is above 2^53: see bytes_hex."""
    count: Optional[int]
    """Objects. Null only if it is above 2^53: see count_hex."""
    generations: list[TypeGeneration]
    """Their generations, in order."""
    name: str
    """Namespace and name, with `+` before nested types, and type arguments: `Own.Pair+Link<System.Int32,System.String>[]`."""
    share: float
    """Their share of all objects' bytes, 0 to 1."""
    size_bytes: Optional[int]
    """Bytes of the objects themselves. Null only if it is above 2^53: see size_hex."""


class TypeReport(_TypeReport, total=False):
    """The objects of one type."""

    bytes_hex: str
    """The number, if it is above 2^53; bytes is then null."""
    count_hex: str
    """The number, if it is above 2^53; count is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class TypeRow(TypedDict):
    """Objects of one type."""

    bytes: Change
    """Their bytes."""
    count: Change
    """Objects."""
    held_by: Optional[list[str]]
    """What holds most of them in the new dump: a static field or a thread, and the types on the path."""
    name: str
    """The type, as in the report."""


class _UnloadedModuleReport(TypedDict):
    base: Hex
    """Its former base address."""
    name: str
    """File name."""
    size_bytes: Optional[int]
    """Bytes. Null only if it is above 2^53: see size_hex."""
    time_date_stamp: Hex
    """`TimeDateStamp` of the image."""


class UnloadedModuleReport(_UnloadedModuleReport, total=False):
    """An image that was unloaded before the dump was written."""

    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""


class UnloadedReport(TypedDict):
    """An address in an unloaded module."""

    module: str
    """Its file's name."""
    offset: Hex
    """Offset from its former base."""


class _UnrealReport(TypedDict):
    allocation_bytes: Optional[int]
    """Bytes of the failed request. Null if it is not known, or above 2^53: see allocation_hex."""
    available_physical_bytes: Optional[int]
    """RAM that was available. Null if it is not known, or above 2^53: see available_physical_hex."""
    crash_type: Optional[str]
    """`Assert`, `Crash`, `Ensure`, `GPUCrash`, `OutOfMemory`, …"""
    message: Optional[str]
    """The engine's message, from its crash context or from the assertion."""
    out_of_memory: Optional[bool]
    """Whether the engine says that it was out of memory; null if it does not say."""


class UnrealReport(_UnrealReport, total=False):
    """What Unreal Engine recorded about the crash."""

    allocation_hex: str
    """The number, if it is above 2^53; allocation_bytes is then null."""
    available_physical_hex: str
    """The number, if it is above 2^53; available_physical_bytes is then null."""


class UsageRow(TypedDict):
    """A usage class."""

    committed: Change
    """Committed bytes."""
    name: str
    """WinDbg's name."""
    regions: Change
    """Regions, after splitting by usage."""
    size: Change
    """Bytes, committed and reserved."""


class _UseReport(TypedDict):
    bytes: Optional[int]
    """Committed bytes. Null only if it is above 2^53: see bytes_hex."""
    bytes_margin: Optional[int]
    """For a sample, half of the 95% interval; zero if the figure is exact, null if the interval is not known. Null if it is not known, or above 2^53: see bytes_margin_hex."""
    use: Use
    """The use."""


class UseReport(_UseReport, total=False):
    """A use of private memory."""

    bytes_hex: str
    """The number, if it is above 2^53; bytes is then null."""
    bytes_margin_hex: str
    """The number, if it is above 2^53; bytes_margin is then null."""


class VerdictReport(TypedDict):
    """What happened."""

    advice: list[str]
    """Advice, if the dump has a reason for it."""
    allocation: Optional[AllocationFailure]
    """For a failed allocation: what was requested, as far as it is known."""
    because: list[str]
    """The evidence: the titles of the findings, in the order in which an engineer would check them."""
    cause: Optional[Cause]
    """Why memory was refused; for any other kind, the limit that the process or machine had reached, if any."""
    confidence: Confidence
    """How certain it is."""
    kind: Kind
    """The kind."""
    place: Optional[BlamedPlace]
    """The blamed place; null without an exception, or if the code is in no module."""
    title: str
    """One sentence."""
    unless: list[str]
    """What would change the verdict."""


class Via(TypedDict):
    """An object that one thread waits for and another holds."""

    address: Optional[Hex]
    """Its address."""
    handle: Optional[Hex]
    """Its handle."""
    name: Optional[str]
    """Its name, or its address as module and offset."""
    type: str
    """Its type, as in `objects`."""


class WaitGroupReport(TypedDict):
    """Threads that wait for the same object."""

    address: Optional[Hex]
    """Its address, if it is identified by that."""
    handle: Optional[Hex]
    """Its handle, if it is identified by that."""
    threads: list[int]
    """Thread IDs."""
    type: Optional[str]
    """Its type, as in `objects`."""


class _WaitReport(TypedDict):
    call: str
    """The system call, such as `NtWaitForSingleObject`."""
    kind: WaitKind
    """What kind of wait it is."""
    known_by: CallSource
    """How the call is known."""
    objects: list[ObjectReport]
    """What it waits for; empty if that is not known."""
    timeout: Optional[Timeout]
    """Whether it ends by itself; null if that is not known."""
    timeout_ms: Optional[int]
    """Milliseconds after which it does; null if it ends at a time of day, or that is not known. Null if it is not known, or above 2^53: see timeout_ms_hex."""


class WaitReport(_WaitReport, total=False):
    """A wait."""

    timeout_ms_hex: str
    """The number, if it is above 2^53; timeout_ms is then null."""


class _Waits(TypedDict):
    schema_version: int
    """Version of this format."""
    tool: Tool
    """The program that made the report."""
    warnings: list[WarningReport]
    """What is missing, was repaired or was guessed."""


class Waits(_Waits, total=False):
    """Who waits for what."""

    busiest: list[int]
    """Thread IDs that used the most processor time, the most first; at most five."""
    chains: list[ChainReport]
    """Who waits on whom: cycles first, then the longest."""
    ended: Optional[EndedReport]
    """Handles of threads and processes that have ended; null where the dump does not tell."""
    groups: list[WaitGroupReport]
    """Threads that wait for the same thing, the most first."""
    loader_lock: Optional[Hex]
    """The loader's lock, where a thread waits for it: it is one of `locks`."""
    locks: list[LockReport]
    """Critical sections that a thread holds: those that are waited for, and those of the process's list."""
    threads: list[ThreadWaitReport]
    """The threads, in the order of the thread list."""


class WaitsReport(TypedDict):
    """Who waits for what."""

    busiest: list[int]
    """Thread IDs that used the most processor time, the most first; at most five."""
    chains: list[ChainReport]
    """Who waits on whom: cycles first, then the longest."""
    ended: Optional[EndedReport]
    """Handles of threads and processes that have ended; null where the dump does not tell."""
    groups: list[WaitGroupReport]
    """Threads that wait for the same thing, the most first."""
    loader_lock: Optional[Hex]
    """The loader's lock, where a thread waits for it: it is one of `locks`."""
    locks: list[LockReport]
    """Critical sections that a thread holds: those that are waited for, and those of the process's list."""
    threads: list[ThreadWaitReport]
    """The threads, in the order of the thread list."""


class _WalkReport(TypedDict):
    breaks: Optional[int]
    """Places without an object where one was expected. Null only if it is above 2^53: see breaks_hex."""
    complete: bool
    """Whether all of the heaps was walked."""
    free_bytes: Optional[int]
    """Their bytes: fragmentation. Null only if it is above 2^53: see free_hex."""
    free_objects: Optional[int]
    """Pieces of free space between them. Null only if it is above 2^53: see free_objects_hex."""
    missing_bytes: Optional[int]
    """Bytes that the dump does not keep. Null only if it is above 2^53: see missing_hex."""
    objects: Optional[int]
    """Objects, without free space. Null only if it is above 2^53: see objects_hex."""
    size_bytes: Optional[int]
    """Their bytes. Null only if it is above 2^53: see size_hex."""
    skipped_bytes: Optional[int]
    """Bytes that were skipped for that. Null only if it is above 2^53: see skipped_hex."""


class WalkReport(_WalkReport, total=False):
    """What a walk through the heaps met."""

    breaks_hex: str
    """The number, if it is above 2^53; breaks is then null."""
    free_hex: str
    """The number, if it is above 2^53; free_bytes is then null."""
    free_objects_hex: str
    """The number, if it is above 2^53; free_objects is then null."""
    missing_hex: str
    """The number, if it is above 2^53; missing_bytes is then null."""
    objects_hex: str
    """The number, if it is above 2^53; objects is then null."""
    size_hex: str
    """The number, if it is above 2^53; size_bytes is then null."""
    skipped_hex: str
    """The number, if it is above 2^53; skipped_bytes is then null."""


class WarningReport(TypedDict):
    """One warning."""

    code: str
    """Stable name."""
    message: str
    """For people."""


class Why(TypedDict):
    """What happened, and why."""

    exception: Optional[ExceptionReport]
    """The exception; null if the dump has none that can be read."""
    findings: list[Finding]
    """The findings, in the order in which an engineer would check them; empty without a verdict."""
    schema_version: int
    """Version of this format."""
    tool: Tool
    """The program that made the report."""
    verdict: Optional[VerdictReport]
    """What happened, and why; null if it was not requested."""
    warnings: list[WarningReport]
    """What is missing, was repaired or was guessed."""
