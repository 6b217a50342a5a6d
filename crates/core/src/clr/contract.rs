//! The contract descriptor of .NET 9 and newer: the runtime's own list of its offsets and globals, as JSON
//! (dotnet/runtime, `docs/design/datacontracts/contract-descriptor.md`, `data_descriptor.md`).

use std::collections::HashMap;

use serde_json::Value;

use super::reader::Reader;

/// `DotNetRuntimeContractDescriptor.magic`: `DNCCDAC\0`.
const MAGIC: u64 = 0x0043_4144_4343_4e44;
/// Bytes of the JSON: that of .NET 10 has 10,826.
const MOST_JSON: u32 = 1 << 20;
/// Pointers behind the JSON: .NET 10 has 25.
const MOST_POINTERS: u32 = 1024;

/// Offsets and globals, by the names that the runtime gives them.
#[derive(Debug)]
pub(crate) struct Contract {
    /// By type and field.
    fields: HashMap<String, HashMap<String, u64>>,
    numbers: HashMap<String, u64>,
    /// Addresses of variables.
    variables: HashMap<String, u64>,
}

/// Why a descriptor is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoContract {
    /// Its bytes are not there, or are none.
    Damaged,
    /// Of a version that is not known.
    Version,
}

impl Contract {
    /// Reads the descriptor at the address of the export `DotNetRuntimeContractDescriptor`.
    ///
    /// u64 magic, u32 flags, u32 bytes of the JSON, its address, u32 count of pointers, u32 padding, their address. Only
    /// 64-bit runtimes have one so far.
    pub(crate) fn read(reader: &Reader<'_>, at: u64) -> Result<Contract, NoContract> {
        let (json, pointers) = parts(reader, at).ok_or(NoContract::Damaged)?;
        let json: Value = serde_json::from_slice(&json).map_err(|_| NoContract::Damaged)?;
        match json.get("version") {
            Some(version) if version.as_u64() == Some(0) => Ok(Contract::of(&json, &pointers)),
            _ => Err(NoContract::Version),
        }
    }

    fn of(json: &Value, pointers: &[u64]) -> Contract {
        let mut contract =
            Contract { fields: HashMap::new(), numbers: HashMap::new(), variables: HashMap::new() };
        for (name, fields) in json.get("types").and_then(Value::as_object).into_iter().flatten() {
            let offset = |(name, value): (&String, &Value)| Some((name.clone(), number(first(value)?)?));
            let fields = fields.as_object().into_iter().flatten().filter_map(offset).collect();
            contract.fields.insert(name.clone(), fields);
        }
        for (name, value) in json.get("globals").and_then(Value::as_object).into_iter().flatten() {
            // `[index]`, alone or with a type behind it, is one of the pointers; a number stands for itself.
            let indirect = match value.as_array().map(Vec::as_slice) {
                Some([Value::Array(index), ..]) => index.first(),
                Some([index @ Value::Number(_)]) => Some(index),
                _ => None,
            };
            if let Some(index) = indirect {
                let index = number(index).and_then(|n| usize::try_from(n).ok());
                if let Some(address) = index.and_then(|index| pointers.get(index)) {
                    contract.variables.insert(name.clone(), *address);
                }
            } else if let Some(n) = first(value).and_then(number) {
                contract.numbers.insert(name.clone(), n);
            }
        }
        contract
    }

    /// The offset of a field; also the size of the type, as the field `!`.
    pub(crate) fn offset(&self, of: &str, field: &str) -> Option<u64> {
        self.fields.get(of)?.get(field).copied().filter(|offset| *offset < 1 << 16)
    }

    /// A global that is a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.numbers.get(name).copied()
    }

    /// The address of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<u64> {
        self.variables.get(name).copied().filter(|address| *address != 0)
    }
}

fn parts(reader: &Reader<'_>, at: u64) -> Option<(Vec<u8>, Vec<u64>)> {
    if reader.u64(at)? != MAGIC {
        return None;
    }
    let (bytes, json) = (reader.u32(at.wrapping_add(12))?, reader.u64(at.wrapping_add(16))?);
    let (count, table) = (reader.u32(at.wrapping_add(24))?, reader.u64(at.wrapping_add(32))?);
    if bytes > MOST_JSON || count > MOST_POINTERS {
        return None;
    }
    let json = reader.memory().bytes(json, u64::from(bytes)).ok()?;
    let pointer = |n: u32| reader.u64(table.wrapping_add(u64::from(n).wrapping_mul(8)));
    Some((json, (0..count).map(pointer).collect::<Option<_>>()?))
}

/// Of `[value, "type"]` the value.
fn first(value: &Value) -> Option<&Value> {
    value.as_array().map_or(Some(value), |both| both.first())
}

/// A number, also as text in hex or decimal.
fn number(value: &Value) -> Option<u64> {
    let text = match value {
        Value::Number(number) => return number.as_u64(),
        Value::String(text) => text,
        _ => return None,
    };
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}
