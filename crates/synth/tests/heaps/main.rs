//! Heaps in processes: what lies where, by the specification's offsets.

mod damage;
mod image;
mod nt;
mod others;
mod segment;
