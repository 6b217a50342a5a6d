//! Locks of `Monitor`: what the word before an object says, and sync blocks.

use std::collections::HashMap;

use super::layout::LockOwner;
use super::{Object, Runtime};

/// An object that is locked, or has been waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// The object.
    pub object: u64,
    /// Its method table.
    pub table: u64,
    /// How it is locked.
    pub state: LockState,
}

/// How an object is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockState {
    /// In the header of the object: no thread waits.
    Thin {
        /// The runtime's id of the owner.
        managed_id: u32,
        /// How often it is held beyond once.
        recursion: u32,
    },
    /// By a sync block.
    Block {
        /// Where it lies: threads that wait to enter have the address on their stacks.
        address: u64,
        /// The operating system's id of the owner; `None` where it is not locked, or the owner is not known.
        owner: Option<u32>,
        /// Whether it is locked.
        held: bool,
        /// How often it is held.
        recursion: u32,
        /// Threads that wait to enter.
        waiters: u32,
        /// A node on the stack of a thread that is in `Monitor.Wait`; `None` if there is none.
        wait_list: Option<u64>,
    },
}

/// `BIT_SBLK_IS_HASH_OR_SYNCBLKINDEX`, `BIT_SBLK_IS_HASHCODE`, and the bits below them.
const INDEXED: u32 = 0x0800_0000;
const HASHED: u32 = 0x0400_0000;
const INDEX: u32 = 0x03ff_ffff;
/// Sync blocks that are read.
const BLOCKS: usize = 1 << 18;

impl Object {
    /// Whether the word before the object may say that it is locked.
    pub fn may_be_locked(&self) -> bool {
        let indexed = self.header & INDEXED != 0;
        !self.free && if indexed { self.header & HASHED == 0 } else { self.header & 0xffff != 0 }
    }
}

impl Runtime<'_> {
    /// The locks of those objects whose headers contain or name one.
    pub fn locks(&self, objects: &[Object]) -> Vec<Lock> {
        let indexed: Vec<&Object> = objects.iter().filter(|o| o.header & INDEXED != 0).take(BLOCKS).collect();
        let table = if indexed.is_empty() { None } else { self.sync_table(&indexed) };
        let threads: HashMap<u64, u32> = self.threads.list.iter().map(|t| (t.address, t.os_id)).collect();
        let lock = |object: &Object| {
            let state = if object.header & INDEXED == 0 {
                self.thin(object.header)
            } else {
                self.block(table?, object, &threads)
            };
            Some(Lock { object: object.address, table: object.table, state: state? })
        };
        objects.iter().filter_map(lock).collect()
    }

    fn thin(&self, header: u32) -> Option<LockState> {
        let (id_bits, recursion_bits) = self.layout.thin_lock;
        let mask = |bits: u32| (1u32 << bits).wrapping_sub(1);
        let managed_id = header & mask(id_bits);
        let recursion = header >> id_bits & mask(recursion_bits);
        (managed_id != 0).then_some(LockState::Thin { managed_id, recursion })
    }

    /// The table of sync blocks: by the contract, or the candidate whose entries name the objects that name them.
    fn sync_table(&self, objects: &[&Object]) -> Option<u64> {
        let reader = &self.reader;
        if let Some(contract) = &self.contract {
            return reader.pointer(contract.variable("SyncTableEntries")?, 0);
        }
        let names = |table: u64, object: &Object| {
            self.entry(table, object.header & INDEX).is_some_and(|(_, named)| named == object.address)
        };
        let proofs = objects.get(..objects.len().min(16))?;
        let tables = self.dac.iter().filter_map(|entry| reader.pointer(*entry, 0));
        let fits = |table: &u64| proofs.iter().all(|object| names(*table, object));
        let mut fitting = tables.filter(fits);
        fitting.next()
    }

    /// An entry of the table: the sync block, and the object.
    fn entry(&self, table: u64, index: u32) -> Option<(u64, u64)> {
        let word = self.reader.size();
        let at = table.wrapping_add(u64::from(index).wrapping_mul(word).wrapping_mul(2));
        Some((self.reader.word(at)?, self.reader.word(at.wrapping_add(word))?))
    }

    fn block(&self, table: u64, object: &Object, threads: &HashMap<u64, u32>) -> Option<LockState> {
        let (reader, layout) = (&self.reader, self.layout.sync);
        let index = object.header & INDEX;
        let (address, named) = self.entry(table, index)?;
        let own = reader.u32(address.wrapping_add(layout.index))? & INDEX;
        if named != object.address || own != index {
            return None;
        }
        let state = reader.u32(address)?;
        let held = state & 1 == 1;
        let owner = match layout.owner {
            LockOwner::OsId(at) => {
                reader.word(address.wrapping_add(at)).and_then(|id| u32::try_from(id).ok())
            }
            LockOwner::Thread(at) => {
                reader.word(address.wrapping_add(at)).and_then(|thread| threads.get(&thread).copied())
            }
        };
        Some(LockState::Block {
            address,
            owner: owner.filter(|id| held && *id != 0),
            held,
            recursion: reader.u32(address.wrapping_add(4))?,
            waiters: state >> 6,
            wait_list: reader.pointer(address, layout.wait_list),
        })
    }
}
