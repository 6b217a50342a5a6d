//! `x`, `ln`: symbols by name and by address.

use dumplens_analyzer::symbols::Named;

use super::{At, Command};
use crate::error::{Error, Result, Stop};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::pattern;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new("x", "x [/1|/2|/v] MODULE!PATTERN", "symbols whose names match", examine),
    Command::new("ln", "ln [ADDR]", "the nearest symbols of an address", nearest),
];

fn examine(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let mut option = ' ';
    loop {
        line.blanks();
        if line.peek() != b'/' {
            break;
        }
        option = char::from(line.at(1));
        line.word();
    }
    let begin = line.pos;
    let text = line.rest();
    if option == 'D' {
        out.line(" A B C D E F G H I J K L M N O P Q R S T U V W X Y Z\n");
    }
    let Some((module, symbol)) = text.split_once('!') else { return Ok(()) };
    let behind = begin + module.len() + 1;
    let wild = module.contains(['*', '?', '[']);
    let of: Vec<usize> = session
        .order
        .iter()
        .copied()
        .filter(|n| !session.unloaded.contains(n) && pattern::matches(module, &session.module_name(*n)))
        .collect();
    if of.is_empty() && !wild {
        let error = Error::Caret { text: "Couldn't resolve", consumed: behind, until: Some(behind - 1) };
        return Err(Stop::Error(error));
    }
    for index in of {
        session.loaded.insert(index);
        let name = session.module_name(index);
        let table = session.symbols.table(index);
        for (n, named) in table.iter().enumerate() {
            if out.stopped() {
                return Ok(());
            }
            if pattern::matches(symbol, &named.name) {
                let what = what(session, index, named);
                let next = table[n..].iter().map(|next| next.address).find(|next| *next > named.address);
                let size = next.map_or(0, |next| next - named.address);
                out.line(row(session, option, &name, named, size, &what));
            }
        }
    }
    Ok(())
}

/// What a symbol is: the types that a function takes, the value of data.
fn what(session: &mut Session<'_, '_>, module: usize, named: &Named) -> String {
    let of = match named.type_index {
        0 => None,
        index => session.symbols.types_of(module, vec![index]).pop().filter(|of| !of.text.is_empty()),
    };
    match of {
        Some(of) if named.code => format!(" ({})", of.text),
        Some(of) => format!(" = {}", session.value_at(named.address, &of).unwrap_or(of.text)),
        None if named.code => " (<no parameter info>)".to_owned(),
        None => " = <no type information>".to_owned(),
    }
}

fn row(
    session: &Session<'_, '_>,
    option: char,
    module: &str,
    named: &Named,
    size: u64,
    what: &str,
) -> String {
    let pad = if session.x86 { "         " } else { "" };
    let address = session.address(named.address);
    match option {
        '1' => format!("{module}!{}", named.name),
        '2' => format!("{address}{pad} {module}!{}", named.name),
        'a' | 'n' | 'z' => format!("{address}{pad} {module}!{} ()", named.name),
        'v' => {
            let kind = if named.code { "pub func  " } else { "pub global" };
            format!("{kind} {address}{pad} {size:>4x} {module}!{}{what}", named.name)
        }
        _ => format!("{address}{pad} {module}!{}{what}", named.name),
    }
}

fn nearest(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    let address = if line.is_end() {
        session.state().map_or(0, |state| state.ip)
    } else {
        expr::address(session, line)?
    };
    let Some(text) = session.around(address) else { return Ok(()) };
    out.text(&text);
    Ok(())
}

impl Session<'_, '_> {
    /// What `ln` prints; nothing for addresses without symbols.
    pub(crate) fn around(&mut self, address: u64) -> Option<String> {
        let module = self.module_at(address)?;
        self.loaded.insert(module);
        let name = self.module_name(module);
        let around = self.symbols.around(address)?;
        let Some(at) = around.at else {
            // Below the first symbol of all: the debugger shows that one, with what is missing to it as 64 bits.
            let next = around.next.filter(|_| self.symbols.pdb_of(module).is_some())?;
            let behind = self.symbols.around(next.address)?.next?;
            let (first, second) = (self.address(next.address), self.address(behind.address));
            let text = format!(
                "({first})   {name}!{}+0xffffffff`ffffffff   |  ({second})   {name}!{}\n",
                next.name, behind.name
            );
            return Some(text);
        };
        let offset = address.wrapping_sub(at.address);
        let mut text = format!("({})   {name}!{}", self.address(at.address), at.name);
        if offset > 0 {
            text.push_str(&format!("+{offset:#x}"));
        }
        {
            let next = around.next.unwrap_or_else(|| at.clone());
            text.push_str(&format!("   |  ({})   {name}!{}", self.address(next.address), next.name));
        }
        text.push('\n');
        if offset == 0 {
            let what = what(self, module, &at);
            text.push_str(&format!("Exact matches:\n    {name}!{}{what}\n", at.name));
        }
        Some(text)
    }
}
