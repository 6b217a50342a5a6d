//! `dv`: parameters and locals of the current frame.

use super::{At, Command};
use crate::error::Result;
use crate::line::Line;
use crate::out::Out;
use crate::pattern;
use crate::session::Session;
use crate::variables::InFrame;

pub(super) const COMMANDS: &[Command] = &[Command::new(
    "dv",
    "dv [/t] [/i] [/V] [PATTERN]",
    "the local variables of the frame: /t with types, /i with kinds, /V with locations",
    locals,
)
.memory()];

/// What is shown beside names and values.
#[derive(Default)]
struct Show {
    types: bool,
    kinds: bool,
    places: bool,
}

fn locals(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let mut show = Show::default();
    let mut wanted = "*".to_owned();
    for word in line.rest().split_whitespace() {
        match word.strip_prefix('/') {
            Some(letters) => {
                show.types |= letters.contains('t');
                show.kinds |= letters.contains('i');
                show.places |= letters.contains(['v', 'V']);
            }
            None => word.clone_into(&mut wanted),
        }
    }
    let stack = session.stack();
    let below = session.frame.saturating_sub(session.frame_base);
    let row = session.rows(&stack, below + 1).into_iter().nth(below).filter(|row| !row.inline);
    let at = row.and_then(|row| session.in_frame(&stack, row.physical));
    // A context behind a call that never returns may stand behind its function.
    let place = at.as_ref().map_or(0, InFrame::lookup);
    let function =
        session.symbols.function_at(place).or_else(|| session.symbols.function_at(place.wrapping_sub(1)));
    let (Some(at), Some(function)) = (at, function) else {
        out.line("Unable to enumerate locals, Win32 error 0n318");
        out.line("Private symbols (symbols.pri) are required for locals.");
        out.line("Type \".hh dbgerr005\" for details.");
        return Ok(());
    };
    for variable in function.variables.iter().filter(|v| pattern::matches(&wanted, &v.name)) {
        let mut text = String::new();
        if show.kinds {
            text.push_str(if variable.parameter { "prv param  " } else { "prv local  " });
        }
        if show.places {
            let place = variable.place.and_then(|place| session.place_text(place));
            let address = session.variable_address(&at, variable).map(|address| session.address(address));
            let nowhere = || "<unavailable>".to_owned();
            let place = place.unwrap_or_else(nowhere);
            text.push_str(&format!("{:<17} {place:<17} ", address.unwrap_or_else(|| place.clone())));
        }
        let name = &variable.name;
        let name = if show.types { format!("{} {name}", variable.of.text) } else { format!("{name:>15}") };
        let value = session.variable(&at, variable).unwrap_or_else(|| "<value unavailable>".to_owned());
        out.line(format!("{text}{name} = {value}"));
        if out.stopped() {
            break;
        }
    }
    Ok(())
}
