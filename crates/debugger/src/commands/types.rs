//! `dt`: types, and values of them.

use dumplens_analyzer::symbols::{Field, Shape, TypeOf};

use super::{At, Command};
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::pattern;
use crate::session::Session;
use crate::variables::value;

pub(super) const COMMANDS: &[Command] = &[Command::new(
    "dt",
    "dt [MODULE!]TYPE [ADDR], dt MODULE!PATTERN",
    "the fields of a type from a PDB, with their values at an address; or the names of types",
    types,
)];

fn types(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let mut name = String::new();
    while name.is_empty() && !line.is_end() {
        line.blanks();
        name = line.word();
        if name.starts_with('-') {
            name.clear();
        }
    }
    line.blanks();
    let address = if line.is_end() { None } else { Some(expr::address(session, line)?) };
    let (module, own) = match name.split_once('!') {
        Some((module, own)) => (Some(module.to_owned()), own.to_owned()),
        None => (None, name.clone()),
    };
    let index = module.as_ref().and_then(|module| session.module_named(module));
    if let Some(index) = index.filter(|_| own.contains(['*', '?'])) {
        list(session, index, &own, out);
        return Ok(());
    }
    let modules = match (index, &module) {
        (Some(index), _) => vec![index],
        (None, None) => session.order.clone(),
        (None, Some(_)) => Vec::new(),
    };
    for index in modules {
        session.symbols.table(index);
        if session.symbols.pdb_of(index).is_none() {
            continue;
        }
        if let Some(layout) = session.symbols.layout(index, &own) {
            if module.is_none() {
                out.line(format!("{}!{own}", session.module_name(index)));
            }
            for field in &layout.fields {
                let text = if layout.enumeration {
                    format!("   {} = {}", field.name, value(&layout.of, field.offset))
                } else {
                    row(session, field, address)
                };
                out.line(text);
                if out.stopped() {
                    break;
                }
            }
            return Ok(());
        }
    }
    let is_nt = module.as_ref().is_some_and(|module| module.eq_ignore_ascii_case("nt"));
    if module.is_none() || index.is_some() || is_nt {
        super::missing_type(&name, out);
    }
    out.line(format!("Symbol {name} not found."));
    Ok(())
}

/// `dt MODULE!PATTERN`: types, and symbols that have one.
fn list(session: &mut Session<'_, '_>, index: usize, wanted: &str, out: &mut Out<'_>) {
    let module = session.module_name(index);
    let table = session.symbols.table(index);
    for name in session.symbols.type_names(index).iter().filter(|name| pattern::matches(wanted, name)) {
        out.line(format!("          {module}!{name}"));
        if out.stopped() {
            return;
        }
    }
    for symbol in
        table.iter().filter(|symbol| symbol.type_index > 0 && pattern::matches(wanted, &symbol.name))
    {
        out.line(format!("{}  {module}!{}", session.pointer(symbol.address), symbol.name));
        if out.stopped() {
            return;
        }
    }
}

/// `   +0x008 Flink            : Ptr64 _LIST_ENTRY`, or its value.
fn row(session: &Session<'_, '_>, field: &Field, address: Option<u64>) -> String {
    let base = short(&field.of.text);
    let name = if field.name.is_empty() { base } else { &field.name };
    let told = match (address, field.bits) {
        (Some(address), bits) => at(session, address.wrapping_add(field.offset), field, bits),
        (None, Some((first, 1))) => format!("Pos {first}, 1 Bit"),
        (None, Some((first, count))) => format!("Pos {first}, {count} Bits"),
        (None, None) => type_text(&field.of),
    };
    format!("   +{:#05x} {name:<16} : {told}", field.offset)
}

/// A field's value.
fn at(session: &Session<'_, '_>, address: u64, field: &Field, bits: Option<(u8, u8)>) -> String {
    let of = &field.of;
    let unit = || session.unit(address, of.size.clamp(1, 8)).filter(|_| !session.options.no_memory);
    if let Some((first, count)) = bits {
        let Some(unit) = unit() else { return "??".to_owned() };
        let mask = 1_u64.checked_shl(count.into()).map_or(u64::MAX, |bit| bit - 1);
        let value = unit.checked_shr(first.into()).unwrap_or(0) & mask;
        return format!("0y{value:0width$b}", width = usize::from(count));
    }
    match of.shape {
        Shape::Other => type_text(of),
        Shape::Pointer(_) => match unit() {
            Some(0) => "(null)".to_owned(),
            Some(pointer) => {
                let to = short(&of.text).trim_end_matches([' ', '*']);
                format!("{} {}", value(of, pointer), plain(to))
            }
            None => "????".to_owned(),
        },
        _ => unit().map_or_else(|| "??".to_owned(), |unit| value(of, unit)),
    }
}

/// A name without what kind of type it is.
fn short(text: &str) -> &str {
    let words = ["struct ", "class ", "union ", "enum ", "__interface "];
    words.iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text)
}

/// A type as `dt` writes it: `Uint4B`, `Ptr64 _LIST_ENTRY`, `[16] UChar`.
fn type_text(of: &TypeOf) -> String {
    let text = short(&of.text);
    if let Some(element) = text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
        return format!("[{}] {}", element.1, plain(element.0));
    }
    match of.shape {
        Shape::Pointer(bytes) => {
            let stars = text.chars().rev().take_while(|c| *c == '*').count();
            let to = plain(text.trim_end_matches([' ', '*']));
            format!("{}{to}", format!("Ptr{} ", u32::from(bytes) * 8).repeat(stars.max(1)))
        }
        _ => plain(text),
    }
}

/// A type that is no pointer and no array.
fn plain(text: &str) -> String {
    let word = match text {
        "void" => "Void",
        "bool" => "Bool",
        "char" => "Char",
        "unsigned char" => "UChar",
        "wchar_t" => "Wchar",
        "short" => "Int2B",
        "unsigned short" => "Uint2B",
        "int" | "long" | "HRESULT" => "Int4B",
        "unsigned int" | "unsigned long" => "Uint4B",
        "int64" => "Int8B",
        "unsigned int64" => "Uint8B",
        "float" => "Float",
        "double" => "Double",
        other => short(other),
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_as_dt_writes_them() {
        let of = |text: &str, shape| type_text(&TypeOf { text: text.to_owned(), shape, size: 8 });
        assert_eq!(of("struct _LIST_ENTRY *", Shape::Pointer(8)), "Ptr64 _LIST_ENTRY");
        assert_eq!(of("char **", Shape::Pointer(4)), "Ptr32 Ptr32 Char");
        assert_eq!(of("unsigned char[16]", Shape::Other), "[16] UChar");
        assert_eq!(of("unsigned int", Shape::Integer(4, false)), "Uint4B");
        assert_eq!(of("class std::exception", Shape::Other), "std::exception");
    }
}
