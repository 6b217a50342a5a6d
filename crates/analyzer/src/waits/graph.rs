//! Who waits on whom: links, and the chains of them.

use std::collections::{HashMap, HashSet};

use super::cycles::{WaitsFor, cycles};
use super::report::{
    ChainEnd, ChainReport, Edge, ObjectReport, ThreadWaitReport, Timeout, Via, WaitKind, WaitReport,
};

/// Chains that are reported.
const MOST_CHAINS: usize = 256;
/// Threads of one chain; a circle has all of its threads, and so many links.
const MOST_LINKS: usize = 64;

/// The links that the waits themselves give.
pub(crate) fn edges(threads: &[ThreadWaitReport]) -> Vec<Edge> {
    let of = |thread: &ThreadWaitReport| {
        let wait = thread.wait.as_deref().filter(|wait| wait.end() != ChainEnd::Signalled)?;
        let edge = |object: &ObjectReport| {
            let joins = object.kind.as_deref() == Some("Thread");
            // A thread that waits for its own end waits forever; what it holds itself, it can take again.
            let to = object.owner_thread_id.filter(|to| *to != thread.id || joins)?;
            // A thread that has ended is waited for no more; what it held is.
            let over = object.owner_ended && joins;
            (!over).then(|| Edge {
                from: thread.id,
                to,
                via: via(object),
                proven: is_proven(wait, object),
                certain: wait.timeout == Some(Timeout::Infinite) && object.proven && !object.by_code,
            })
        };
        Some(wait.objects.iter().filter_map(edge).collect::<Vec<Edge>>())
    };
    threads.iter().filter_map(of).flatten().collect()
}

/// Whether a wait does not end before the owner acts: all of its objects are needed, and no timeout is seen.
fn is_proven(wait: &WaitReport, object: &ObjectReport) -> bool {
    let needed = match wait.kind {
        WaitKind::Object | WaitKind::AllObjects | WaitKind::CriticalSection => true,
        WaitKind::AnyObject => wait.objects.len() == 1,
        _ => false,
    };
    object.proven && needed && wait.timeout != Some(Timeout::Finite)
}

fn via(object: &ObjectReport) -> Via {
    Via {
        kind: object.kind.clone().unwrap_or_else(|| "object".to_owned()),
        address: object.address,
        handle: object.handle,
        name: object.name.clone().or_else(|| object.location.clone()),
    }
}

/// The chains of some links: proven cycles first, then the others, the longest first. Each thread of `matters` begins one
/// if it waits, even where nobody is known to hold what it waits for.
pub(crate) fn chains(threads: &[ThreadWaitReport], edges: &[Edge], matters: &[u32]) -> Vec<ChainReport> {
    let graph = Graph::new(threads, edges);
    let mut chains = graph.cycles();
    let inside: HashSet<u32> = chains.iter().flat_map(|chain| &chain.threads).copied().collect();
    let mut others: Vec<ChainReport> = Vec::new();
    let mut told: HashSet<u32> = inside.clone();
    let begins = |id: &u32| !graph.waited_for.contains(id);
    let waiting = || graph.order.iter().copied().filter(|id| graph.from.contains_key(id));
    // Those that nobody waits for first; what is left then are cycles that are not proven.
    for id in waiting().filter(begins).chain(waiting()) {
        if others.len() >= MOST_CHAINS {
            break;
        }
        if !told.contains(&id) {
            let chain = graph.follow(id);
            told.extend(&chain.threads);
            others.push(chain);
        }
    }
    for id in matters {
        if !told.contains(id) && graph.waits.get(id).is_some_and(|wait| !wait.is_idle()) {
            others.push(graph.follow(*id));
        }
    }
    others.sort_by_key(|chain| std::cmp::Reverse(chain.threads.len()));
    chains.extend(others);
    chains.truncate(MOST_CHAINS);
    chains
}

struct Graph<'a> {
    order: Vec<u32>,
    waits: HashMap<u32, &'a WaitReport>,
    known: HashSet<u32>,
    /// Those that do not wait.
    running: HashSet<u32>,
    /// Links by who waits; the proven ones first.
    from: HashMap<u32, Vec<&'a Edge>>,
    waited_for: HashSet<u32>,
}

impl<'a> Graph<'a> {
    fn new(threads: &'a [ThreadWaitReport], edges: &'a [Edge]) -> Graph<'a> {
        let mut from: HashMap<u32, Vec<&Edge>> = HashMap::new();
        for edge in edges {
            from.entry(edge.from).or_default().push(edge);
        }
        for links in from.values_mut() {
            links.sort_by_key(|edge| !edge.proven);
        }
        // Without links there is nothing to follow, in a dump of however many threads.
        let listed = if edges.is_empty() { &[] } else { threads };
        Graph {
            order: listed.iter().map(|thread| thread.id).collect(),
            waits: threads.iter().filter_map(|thread| Some((thread.id, thread.wait.as_deref()?))).collect(),
            known: listed.iter().map(|thread| thread.id).collect(),
            running: listed.iter().filter(|thread| thread.runs).map(|thread| thread.id).collect(),
            from,
            waited_for: edges.iter().map(|edge| edge.to).collect(),
        }
    }

    fn proven(&self, id: u32) -> impl Iterator<Item = &'a Edge> + '_ {
        self.from.get(&id).into_iter().flatten().copied().filter(|edge| edge.proven)
    }

    /// The proven cycles.
    fn cycles(&self) -> Vec<ChainReport> {
        let proven = self.from.keys().map(|id| (*id, self.proven(*id).map(|edge| edge.to).collect()));
        let waits_for: WaitsFor = proven.collect();
        cycles(&self.order, &waits_for).take(MOST_CHAINS).map(|threads| self.cycle(threads)).collect()
    }

    /// The chain of a proven cycle.
    fn cycle(&self, threads: Vec<u32>) -> ChainReport {
        let next = threads.iter().cycle().skip(1);
        let link = |(from, to): (&u32, &u32)| self.proven(*from).find(|edge| edge.to == *to).cloned();
        let mut links: Vec<Edge> = threads.iter().zip(next).filter_map(link).collect();
        // What is left open of a link that is left out, the last one says.
        let certain = links.iter().all(|edge| edge.certain);
        links.truncate(MOST_LINKS);
        if let Some(last) = links.last_mut() {
            last.certain &= certain;
        }
        ChainReport { threads, ends: ChainEnd::Cycle, deadlock: true, links }
    }

    /// The chain from a thread on: by the first link of each, until one does not wait on another, or comes again.
    fn follow(&self, start: u32) -> ChainReport {
        let (mut threads, mut links, mut at) = (vec![start], Vec::new(), start);
        let mut ends = None;
        while let Some(edge) = self.from.get(&at).and_then(|links| links.first()).copied() {
            links.push(edge.clone());
            if threads.contains(&edge.to) {
                ends = Some(ChainEnd::Cycle);
                break;
            }
            threads.push(edge.to);
            at = edge.to;
            if threads.len() >= MOST_LINKS {
                break;
            }
        }
        let ended = |edge: &Edge| {
            let objects = self.waits.get(&edge.from).into_iter().flat_map(|wait| &wait.objects);
            objects.into_iter().any(|object| object.owner_thread_id == Some(edge.to) && object.owner_ended)
        };
        let end = || match self.waits.get(&at) {
            _ if at != start && !self.known.contains(&at) => {
                let ended = links.last().is_some_and(ended);
                if ended { ChainEnd::OwnerEnded } else { ChainEnd::OwnerLost }
            }
            Some(wait) => wait.end(),
            None if self.running.contains(&at) => ChainEnd::Running,
            None => ChainEnd::NotKnown,
        };
        ChainReport { threads, ends: ends.unwrap_or_else(end), deadlock: false, links }
    }
}
