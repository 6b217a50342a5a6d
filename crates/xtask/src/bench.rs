//! What measurements need: dumps made once, the machine, numbers, tables.

pub(crate) mod agree;
pub(crate) mod dumps;
pub(crate) mod machine;
pub(crate) mod number;
pub(crate) mod spread;
pub(crate) mod table;
