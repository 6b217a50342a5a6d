//! How a command ends early, and what the debugger prints then.

/// Why the rest of a list of commands is not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// An error that is still to be printed, with the list that it is in.
    Error(Error),
    /// An error that was printed.
    Failed,
    /// `q`.
    Quit,
    /// `.break`, `.continue`, `.leave`.
    Break,
    Continue,
    Leave,
    /// Ctrl-C, a writer that is closed, or the limit of steps.
    Interrupted,
}

/// What is wrong, and where in the list of commands. Both styles of the debugger: with a caret under the list, and
/// without, quoting from the bad token on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Error {
    /// `      ^ TEXT 'LIST'`, the caret under the last of so many characters.
    Caret { text: &'static str, consumed: usize, until: Option<usize> },
    /// `TEXT 'REST'`.
    Token { text: &'static str, at: usize, until: Option<usize> },
    /// A text of its own.
    Plain(String),
}

pub(crate) type Result<T> = std::result::Result<T, Stop>;

/// An error with a caret behind so many characters of the list.
pub(crate) fn caret<T>(text: &'static str, consumed: usize) -> Result<T> {
    Err(Stop::Error(Error::Caret { text, consumed, until: None }))
}

pub(crate) const SYNTAX: &str = "Syntax error in";
pub(crate) const EXTRA: &str = "Extra character error in";
pub(crate) const RANGE: &str = "Range error in";
pub(crate) const MEMORY: &str = "Memory access error in";
pub(crate) const REGISTER: &str = "Bad register error in";
pub(crate) const NOT_SUPPORTED: &str = "Operation not supported by current debuggee error in";

impl Error {
    /// As it is printed, without the line's end. `prompt` is the length of the prompt that the list was typed behind.
    pub(crate) fn shown(&self, list: &[u8], prompt: usize) -> String {
        match self {
            Error::Caret { text, consumed, until } => {
                let column = (prompt + consumed).saturating_sub(1);
                let list = list.get(..until.unwrap_or(list.len())).unwrap_or(list);
                format!("{:column$}^ {text} '{}'", "", String::from_utf8_lossy(list))
            }
            Error::Token { text, at, until } => {
                let end = until.unwrap_or(list.len()).min(list.len());
                let rest = list.get(*at..end).unwrap_or_default();
                let rest = String::from_utf8_lossy(rest);
                format!("{text} '{}'", if rest.is_empty() { "<EOL>" } else { rest.as_ref() })
            }
            Error::Plain(text) => text.clone(),
        }
    }
}
