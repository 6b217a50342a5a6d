//! Reads what a preset put into a process, and checks what every preset must keep.

use dumplens_synth::heap::{HeapClass, Truth};
use dumplens_synth::{Layout, MEM_COMMIT, MEM_FREE, Process, Region, Width};

/// The bytes of a dump by address.
pub(crate) struct Image {
    bytes: Vec<u8>,
    layout: Layout,
    pub(crate) width: Width,
}

impl Image {
    pub(crate) fn new(process: &Process, width: Width) -> Self {
        let (bytes, layout) = process.to_bytes();
        Image { bytes, layout, width }
    }

    pub(crate) fn number(&self, va: u64, size: usize) -> u64 {
        let at = self.layout.offset_of(va).unwrap_or_else(|| panic!("{va:#x} is not kept"));
        let at = usize::try_from(at).unwrap();
        self.bytes[at..at + size].iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
    }

    /// Whether the dump has the byte.
    pub(crate) fn kept(&self, va: u64) -> bool {
        self.layout.offset_of(va).is_some()
    }

    pub(crate) fn u16(&self, va: u64) -> u64 {
        self.number(va, 2)
    }

    pub(crate) fn u32(&self, va: u64) -> u64 {
        self.number(va, 4)
    }

    pub(crate) fn word(&self, va: u64) -> u64 {
        self.number(va, self.width.bytes())
    }

    /// Follows Flink from a head back to it and Blink likewise; the addresses of the links.
    pub(crate) fn circle(&self, head: u64) -> Vec<u64> {
        let (mut links, mut at, step) = (Vec::new(), self.word(head), self.width.bytes() as u64);
        while at != head {
            assert!(links.len() < 100, "the list at {head:#x} does not end");
            links.push(at);
            at = self.word(at);
        }
        let mut back = vec![self.word(head + step)];
        while *back.last().unwrap() != head {
            assert!(back.len() <= links.len());
            back.push(self.word(back.last().unwrap() + step));
        }
        back.pop();
        back.reverse();
        assert_eq!(back, links);
        links
    }
}

/// The region of an address.
pub(crate) fn region(process: &Process, va: u64) -> Region {
    let regions = process.regions.as_ref().unwrap();
    *regions.iter().find(|region| region.base <= va && va - region.base < region.size).unwrap()
}

/// Regions without gaps or overlaps; what is kept is committed; ranges of the truth lie in taken memory, do not
/// overlap and do not share pages with other classes; sums agree.
pub(crate) fn coherent(process: &Process, truth: &Truth) {
    let regions = process.regions.as_ref().unwrap();
    assert_eq!(regions[0].base, 0);
    assert!(regions.windows(2).all(|pair| pair[0].base + pair[0].size == pair[1].base));
    assert!(regions.iter().all(|region| region.size > 0 && region.size % 0x1000 == 0));
    for range in &process.memory {
        assert_eq!(region(process, range.start).state, MEM_COMMIT);
    }
    let mut ranges: Vec<_> = truth.heaps.iter().flat_map(|heap| &heap.ranges).collect();
    ranges.sort_unstable();
    assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start));
    for range in ranges {
        let first = region(process, range.start);
        assert_eq!(first.state, MEM_COMMIT);
        let inside = |region: &&Region| region.base < range.end && region.base + region.size > range.start;
        for part in regions.iter().filter(inside) {
            assert_eq!(part.allocation_base, first.allocation_base);
            assert_ne!(part.state, MEM_FREE);
        }
        assert!(first.base == first.allocation_base || range.class == HeapClass::LargeBlock);
    }
    for heap in &truth.heaps {
        let sum: u64 = heap.ranges.iter().map(|range| range.end - range.start).sum();
        assert_eq!(heap.reserved, sum);
        assert!(heap.committed > 0 && heap.committed <= heap.reserved);
    }
}

/// PEB fields, the array of handles, and the regions that the PEB points to.
pub(crate) fn peb_is_right(process: &Process, truth: &Truth, width: Width, peb: u64) {
    let image = Image::new(process, width);
    let listed: Vec<_> =
        truth.heaps.iter().filter(|heap| heap.width == width && heap.index.is_some()).collect();
    let [first, count, array] = if width == Width::W32 { [0x18, 0x88, 0x90] } else { [0x30, 0xE8, 0xF0] };
    assert_eq!(image.word(peb + first), listed[0].handle);
    assert_eq!(image.u32(peb + count), listed.len() as u64);
    let array = image.word(peb + array);
    for (number, heap) in listed.iter().enumerate() {
        assert_eq!(heap.index, Some(u32::try_from(number).unwrap()));
        assert_eq!(image.word(array + (number * width.bytes()) as u64), heap.handle);
    }
    assert_eq!(truth.others.len(), 7);
    for other in &truth.others {
        let narrow = width == Width::W32;
        let at = match other.field {
            "" => continue,
            "ApiSetMap" if narrow => 0x38,
            "ApiSetMap" => 0x68,
            "ReadOnlySharedMemoryBase" if narrow => 0x4C,
            "ReadOnlySharedMemoryBase" => 0x88,
            "AnsiCodePageData" if narrow => 0x58,
            "AnsiCodePageData" => 0xA0,
            "GdiSharedHandleTable" if narrow => 0x94,
            "GdiSharedHandleTable" => 0xF8,
            "ActivationContextData" if narrow => 0x1F8,
            "ActivationContextData" => 0x2F8,
            "SystemDefaultActivationContextData" if narrow => 0x200,
            "SystemDefaultActivationContextData" => 0x308,
            field => panic!("{field}"),
        };
        let found = region(process, image.word(peb + at));
        assert_eq!((found.base, found.base + found.size), (other.start, other.end), "{}", other.name);
    }
}
