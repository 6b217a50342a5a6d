//! Cycles of threads: each waits for the next, and the last for the first.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

/// For each thread, those that it waits for.
pub(crate) type WaitsFor = HashMap<u32, Vec<u32>>;

/// One cycle of each set of threads that can all reach each other: a shortest one through the first of them, from which it
/// begins. In the order of `threads`.
pub(crate) fn cycles(threads: &[u32], waits_for: &WaitsFor) -> impl Iterator<Item = Vec<u32>> {
    let component = components(threads, waits_for);
    let mut done: HashSet<usize> = HashSet::new();
    threads.iter().filter_map(move |first| {
        let is_new = done.insert(*component.get(first)?);
        is_new.then(|| shortest(*first, waits_for, &component))?
    })
}

/// Which threads can all reach each other: the same number for each of them. Tarjan's algorithm, without recursion.
fn components(threads: &[u32], waits_for: &WaitsFor) -> HashMap<u32, usize> {
    let mut found: HashMap<u32, usize> = HashMap::new();
    let (mut index, mut low): (HashMap<u32, usize>, HashMap<u32, usize>) = Default::default();
    let (mut stack, mut on_stack): (Vec<u32>, HashSet<u32>) = Default::default();
    let next = |id: u32| waits_for.get(&id).map_or(&[][..], Vec::as_slice).iter();
    for root in threads {
        if index.contains_key(root) {
            continue;
        }
        let mut work = vec![(*root, next(*root))];
        index.insert(*root, index.len());
        low.insert(*root, index[root]);
        stack.push(*root);
        on_stack.insert(*root);
        while let Some((id, links)) = work.last_mut() {
            let id = *id;
            if let Some(to) = links.next() {
                if !index.contains_key(to) {
                    index.insert(*to, index.len());
                    low.insert(*to, index[to]);
                    stack.push(*to);
                    on_stack.insert(*to);
                    work.push((*to, next(*to)));
                } else if on_stack.contains(to) {
                    low.insert(id, low[&id].min(index[to]));
                }
                continue;
            }
            work.pop();
            if let Some((above, _)) = work.last() {
                low.insert(*above, low[above].min(low[&id]));
            }
            if low[&id] == index[&id] {
                let number = found.len();
                while let Some(member) = stack.pop() {
                    on_stack.remove(&member);
                    found.insert(member, number);
                    if member == id {
                        break;
                    }
                }
            }
        }
    }
    found
}

/// A shortest way from a thread back to itself, through threads of its own component.
fn shortest(first: u32, waits_for: &WaitsFor, component: &HashMap<u32, usize>) -> Option<Vec<u32>> {
    let own = component.get(&first)?;
    let mut came_from: HashMap<u32, u32> = HashMap::new();
    let mut queue = VecDeque::from([first]);
    while let Some(id) = queue.pop_front() {
        for to in waits_for.get(&id).into_iter().flatten().filter(|to| component.get(to) == Some(own)) {
            if *to == first {
                let mut way = vec![id];
                way.extend(std::iter::successors(came_from.get(&id), |before| came_from.get(before)));
                way.reverse();
                return Some(way);
            }
            if let Entry::Vacant(place) = came_from.entry(*to) {
                place.insert(id);
                queue.push_back(*to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(links: &[(u32, &[u32])]) -> Vec<Vec<u32>> {
        let threads: Vec<u32> = links.iter().map(|(id, _)| *id).collect();
        cycles(&threads, &links.iter().map(|(id, to)| (*id, to.to_vec())).collect()).collect()
    }

    #[test]
    fn cycles_come_in_the_order_of_the_threads_and_a_chain_is_none() {
        assert_eq!(found(&[(5, &[6]), (2, &[4]), (7, &[5]), (6, &[5]), (4, &[2])]), [[5, 6], [2, 4]]);
        assert!(found(&[(2, &[1]), (3, &[2])]).is_empty());
    }

    #[test]
    fn of_two_cycles_that_share_threads_the_shorter_one_is_told() {
        assert_eq!(found(&[(1, &[2]), (2, &[3]), (3, &[4, 1]), (4, &[1])]), [[1, 2, 3]]);
        assert_eq!(found(&[(1, &[2, 3]), (2, &[3]), (3, &[1])]), [[1, 3]]);
    }
}
