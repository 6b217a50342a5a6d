//! Blocks that are nodes of the C++ libraries' lists and maps.
//!
//! What proves it: the neighbours point back. A list's next node has this one as the one before it, and the other way round;
//! a tree's parent has this one as a child, and a child this one as its parent.
//! What fools it: a program's own list whose nodes begin with two such pointers is laid out as the library's, and is told as
//! one: *as std::list*.

use dumplens_core::{Width, Window};

/// Of nodes that are looked at, the share that must point back.
const SHARE: (usize, usize) = (9, 10);
/// The fewest that prove anything.
const LEAST: usize = 8;

/// A kind of node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    /// next, previous.
    List,
    /// MSVC's tree: left, parent, right, colour and end in two bytes.
    MsvcTree,
    /// GNU's tree: colour, parent, left, right.
    GnuTree,
}

impl Node {
    const ALL: [Node; 3] = [Node::MsvcTree, Node::GnuTree, Node::List];

    pub(super) fn name(self) -> &'static str {
        match self {
            Node::List => "node of std::list or std::unordered_map",
            Node::MsvcTree | Node::GnuTree => "node of std::map or std::set",
        }
    }

    pub(super) fn parts(self) -> &'static str {
        match self {
            Node::List => "next, previous, element",
            Node::MsvcTree => "left, parent, right, colour, element",
            Node::GnuTree => "colour, parent, left, right, element",
        }
    }

    fn is(self, at: u64, width: Width, near: &mut Window<'_>) -> Option<bool> {
        let word = width.bytes() as u64;
        let mut read = |at: u64, n: u64| near.word(at.checked_add(n * word)?, width);
        match self {
            Node::List => {
                let (next, previous) = (read(at, 0)?, read(at, 1)?);
                Some(next != at && read(next, 1)? == at && read(previous, 0)? == at)
            }
            Node::MsvcTree => {
                let (left, parent, right) = (read(at, 0)?, read(at, 1)?, read(at, 2)?);
                let flags = read(at, 3)?;
                let (colour, is_end) = (flags & 0xff, flags >> 8 & 0xff);
                let up = read(parent, 0)? == at || read(parent, 1)? == at || read(parent, 2)? == at;
                // A missing child is the head, whose parent is the root.
                let down = read(left, 1).is_some() && read(right, 1).is_some();
                Some(colour <= 1 && is_end == 0 && up && down && left != at)
            }
            Node::GnuTree => {
                let (colour, parent, left, right) = (read(at, 0)?, read(at, 1)?, read(at, 2)?, read(at, 3)?);
                let up = (1..4).any(|n| read(parent, n) == Some(at));
                let mut down = [left, right].into_iter().filter(|child| *child != 0);
                Some(colour & 0xffff_ffff <= 1 && up && down.all(|child| read(child, 1) == Some(at)))
            }
        }
    }
}

/// What the blocks are nodes of, and the share that are.
pub(super) fn find(blocks: &[u64], size: u64, width: Width, near: &mut Window<'_>) -> Option<(Node, f64)> {
    Node::ALL.into_iter().find_map(|node| {
        let words = if node == Node::List { 3 } else { 4 };
        if size < words * width.bytes() as u64 {
            return None;
        }
        let fits = blocks.iter().filter_map(|at| node.is(*at, width, near)).filter(|is| *is).count();
        let enough = fits >= LEAST.min(blocks.len()).max(4) && fits * SHARE.1 >= blocks.len() * SHARE.0;
        enough.then(|| (node, fits as f64 / blocks.len() as f64))
    })
}
