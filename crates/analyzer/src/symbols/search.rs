//! Where to look: what the caller gives. Environment variables and the dump's own folder are the caller's to read.

use std::path::PathBuf;

use super::listings::Listings;

/// Where PDBs may lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Folders, in the order in which they are asked: flat, or laid out as a symbol store.
    pub dirs: Vec<PathBuf>,
    /// The dump's own folder, which is asked after these. If it has more than some hundred entries, and nobody wants to
    /// know what was not found, it is not listed: then files are found under the names that the dump has for them, or these
    /// in lower case, but not in other spellings, and not in folders inside it.
    pub beside: Option<PathBuf>,
    /// A server to ask for what no folder has. Used only with the feature `symbol-server`.
    pub server: Option<SymbolServer>,
    /// Whether to say which PDBs were not found: the caller named places to look.
    pub tell_missing: bool,
    /// What folders list: clones of one are shared, for many dumps of the same folders.
    pub listings: Listings,
}

/// A URL as it may be shown: user, password, query and fragment may be secrets, and are left out.
pub fn bare_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    // A password that was not encoded as it should be may end in the middle.
    let whole = rest.starts_with('/') || !rest.contains('@');
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if whole { format!("{scheme}://{host}{path}") } else { format!("{scheme}://…") }
}

/// A symbol server, and the folder in which its answers are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolServer {
    /// Its address, such as `https://symbols.example/download`.
    pub url: String,
    /// A folder that becomes a symbol store; it is made if it is not there.
    pub cache: PathBuf,
}

/// The parts of an `_NT_SYMBOL_PATH`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NtSymbolPath {
    /// Local folders, in order, each once.
    pub dirs: Vec<PathBuf>,
    /// Parts that were left out: servers, and on systems other than Windows network shares.
    pub ignored: Vec<String>,
}

/// Takes the local folders out of an `_NT_SYMBOL_PATH`: `;` between elements, `srv*CACHE*URL`, `cache*DIR` and
/// `symsrv*DLL*CACHE*URL` with their downstream stores.
pub fn parse_nt_symbol_path(text: &str) -> NtSymbolPath {
    let mut path = NtSymbolPath::default();
    for element in text.split(';').map(str::trim) {
        let mut parts: Vec<&str> = element.split('*').map(str::trim).collect();
        match parts.first().map(|keyword| keyword.to_ascii_lowercase()).as_deref() {
            Some("srv" | "cache") if parts.len() > 1 => drop(parts.drain(..1)),
            Some("symsrv") if parts.len() > 1 => drop(parts.drain(..2)),
            _ => {}
        }
        // An empty part is the debugger's default store, which only the debugger knows.
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            add(&mut path, part);
        }
    }
    path
}

fn add(path: &mut NtSymbolPath, part: &str) {
    let share = part.starts_with("\\\\") || part.starts_with("//");
    if part.contains("://") || (share && !cfg!(windows)) {
        if !path.ignored.iter().any(|ignored| ignored == part) {
            path.ignored.push(part.to_owned());
        }
    } else if !path.dirs.iter().any(|dir| dir.as_os_str() == part) {
        path.dirs.push(PathBuf::from(part));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<String>, Vec<String>) {
        let path = parse_nt_symbol_path(text);
        (path.dirs.iter().map(|d| d.to_string_lossy().into_owned()).collect(), path.ignored)
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&t| t.to_owned()).collect()
    }

    #[test]
    fn local_parts_are_taken_and_servers_are_not() {
        let (dirs, ignored) =
            parsed("srv*C:\\Symbols*https://example.test/s;cache*D:\\c;E:\\pdbs ; ;E:\\pdbs");
        assert_eq!(dirs, strings(&["C:\\Symbols", "D:\\c", "E:\\pdbs"]));
        assert_eq!(ignored, strings(&["https://example.test/s"]));
    }

    #[test]
    fn secrets_in_urls_are_not_shown() {
        for (url, shown) in [
            ("https://example.test/a/b.dmp", "https://example.test/a/b.dmp"),
            ("https://u:p@example.test:8080/a.dmp?sig=abc#x", "https://example.test:8080/a.dmp"),
            ("https://u@p@example.test/a@b.dmp?c@d", "https://example.test/a@b.dmp"),
            ("https://example.test?sig=abc", "https://example.test"),
            ("https://u:p?q@example.test/a.dmp", "https://…"),
            ("https://u:p#q@example.test/a.dmp", "https://…"),
            ("C:\\a?b@c.dmp", "C:\\a?b@c.dmp"),
        ] {
            assert_eq!(bare_url(url), shown, "{url}");
        }
    }

    #[test]
    fn keywords_in_any_case_and_stores_in_any_number() {
        let (dirs, ignored) = parsed("SRV*a*b*http://x;SymSrv*symsrv.dll*c*http://x;symsrv*;srv*;cache*");
        assert_eq!(dirs, strings(&["a", "b", "c"]));
        assert_eq!(ignored, strings(&["http://x"]));
        assert_eq!(parsed(""), (Vec::new(), Vec::new()));
        assert_eq!(parsed("srv**https://x"), (Vec::new(), strings(&["https://x"])));
        assert_eq!(parsed("srv"), (strings(&["srv"]), Vec::new()), "a folder of that name");
    }

    #[test]
    fn network_shares_are_local_on_windows_only() {
        let (dirs, ignored) = parsed("srv*\\\\server\\symbols");
        assert_eq!((dirs.len(), ignored.len()), if cfg!(windows) { (1, 0) } else { (0, 1) });
    }
}
