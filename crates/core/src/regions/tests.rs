use super::*;

fn region(base: u64, size: u64) -> MemoryInfo {
    MemoryInfo {
        base,
        size,
        allocation_base: base,
        allocation_protect: Protection(4),
        state: MemoryState::COMMIT,
        protect: Protection(4),
        kind: MemoryType::PRIVATE,
    }
}

#[test]
fn a_list_without_gaps() {
    let list = vec![region(0x1000, 0x1000), region(0x2000, 0x3000), region(0x5000, 0x1000)];
    let regions = Regions::from_iter(list.clone());
    assert!(regions.is_contiguous());
    assert_eq!(regions.iter().collect::<Vec<_>>(), list);
    assert_eq!((regions.at(0x2000), regions.at(0x4fff)), (Some(list[1]), Some(list[1])));
    assert_eq!((regions.at(0xfff), regions.at(0x6000)), (None, None));
    assert_eq!([0, 0x1000, 0x4fff, 0x5000, 0x6000].map(|a| regions.first_behind(a)), [0, 0, 1, 2, 3]);
}

#[test]
fn gaps_overlaps_empty_regions_and_the_end_of_all_addresses() {
    let first = region(0x1000, 0x1000);
    for next in [region(0x3000, 1), region(0x1800, 1), region(0x2000, 0), region(0x2000, u64::MAX)] {
        assert!(!Regions::from_iter([first, next]).is_contiguous(), "{next:x?}");
    }
    let regions = Regions::from_iter([first, region(0x3000, 0x1000)]);
    assert_eq!((regions.at(0x1fff), regions.at(0x2000)), (Some(first), None));
    assert_eq!((regions.first_behind(0x1fff), regions.first_behind(0x2000)), (0, 1));
}

#[test]
fn a_list_that_ceases_to_be_contiguous_keeps_what_came_before() {
    let list = [region(0x1000, 0x1000), region(0x2000, 0x3000), region(0x9000, 0x1000), region(0, 0x1000)];
    let regions = Regions::from_iter(list);
    assert_eq!(regions.iter().collect::<Vec<_>>(), list);
    assert_eq!(regions.iter_from(2).collect::<Vec<_>>(), list[2..]);
    assert_eq!((regions.len(), regions.is_contiguous(), regions.get(4)), (4, false, None));
}

#[test]
fn as_many_kinds_as_regions() {
    let odd = |n: u32| MemoryInfo { protect: Protection(n), ..region(u64::from(n) << 12, 0x1000) };
    for many in [1 << 8, (1 << 8) + 1] {
        let regions: Regions = (0..many).map(odd).collect();
        assert!(regions.is_contiguous());
        assert!(regions.iter().eq((0..many).map(odd)));
        assert_eq!(regions.at(0x5_0fff), Some(odd(0x50)));
    }
}

#[test]
fn allocations_are_those_that_were_given() {
    let of = |base: u64, allocation_base| MemoryInfo { allocation_base, ..region(base << 12, 0x1000) };
    let free = MemoryInfo { state: MemoryState::FREE, ..of(4, 0) };
    let list = [of(0, 0), of(1, 0x1000), of(2, 0x1000), of(3, 0x1000), free, of(5, 0x5000), of(6, 0x5000)];
    // The last of each is of another allocation than its neighbour, or of one that is not listed.
    let odd = [
        vec![of(1, 0x2000)],
        vec![of(1, 0)],
        vec![of(0, 0x1000)],
        vec![of(1, 0x1000), of(2, 0)],
        vec![of(1, 0x1000), of(2, 0x2000), of(3, 0x1000)],
        vec![of(3, 0x3000), MemoryInfo { allocation_base: 0x4000, ..free }],
    ];
    for list in odd.iter().map(Vec::as_slice).chain([list.as_slice()]) {
        let regions: Regions = list.iter().copied().collect();
        assert_eq!(regions.iter().collect::<Vec<_>>(), list);
        assert!(regions.is_contiguous());
    }
    let packed = |list: &[MemoryInfo]| list.iter().copied().collect::<Regions>().numbers().is_some();
    assert!(packed(&list) && !odd.iter().any(|list| packed(list)));
}

#[test]
fn an_allocation_of_more_regions_than_can_be_counted_back() {
    let of = |n: usize| MemoryInfo { allocation_base: 0x1000, ..region((n as u64 + 1) << 12, 0x1000) };
    for last in [(1 << 20) - 1, 1 << 20] {
        let regions: Regions = (0..=last).map(of).collect();
        assert!(regions.is_contiguous());
        assert_eq!([0, 5, last].map(|n| regions.get(n)), [0, 5, last].map(|n| Some(of(n))));
    }
}

#[test]
fn addresses_that_do_not_fit() {
    let list = |base: u64, size| [region(base, size), region(base + size, size)];
    for list in [list(0x1000, 0x800), list(0xffff_ffff_f000 - 0x1000, 0x1000), list(1 << 48, 0x1000)] {
        let regions = Regions::from_iter(list);
        assert_eq!((regions.iter().collect::<Vec<_>>(), regions.is_contiguous()), (list.to_vec(), true));
    }
}

#[test]
fn a_list_in_any_order() {
    let (low, high, last) = (region(0x1000, 0x1000), region(0x3000, 0x1000), region(u64::MAX - 4, 0x1000));
    let list = vec![high, low, last, region(0x1000, 0)];
    let regions = Regions::from_iter(list.clone());
    assert!(!regions.is_contiguous());
    assert_eq!(regions.iter().collect::<Vec<_>>(), list);
    assert_eq!([0x1fff, 0x3000, u64::MAX].map(|a| regions.position(a)), [Some(1), Some(0), Some(2)]);
    assert_eq!((regions.at(0x2fff), regions.at(0xfff)), (None, None));
}
