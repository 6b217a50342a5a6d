//! Where symbols and images are looked for: options, `_NT_SYMBOL_PATH`, and the dump's own folder.

use std::path::{Path, PathBuf};

use dumplens_analyzer::Warning;
use dumplens_analyzer::facts::WarningReport;
use dumplens_analyzer::symbols::{Listings, Search, SymbolServer, supply_images};
use dumplens_core::Dump;

use crate::remote;

/// Where PDBs and images may lie
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SymbolArgs {
    /// A folder with PDBs, flat or a symbol store; can be repeated. The local folders of _NT_SYMBOL_PATH and the
    /// dump's own folder are searched too
    #[arg(long, value_name = "DIR")]
    symbols: Vec<PathBuf>,
    /// A folder with image files (.exe, .dll), flat or a symbol store; can be repeated. Files with the right time stamp and
    /// size provide code, exports and unwind data that a small dump does not contain
    #[arg(long, value_name = "DIR")]
    pub(crate) images: Vec<PathBuf>,
    /// A symbol server to ask for PDBs that are in no folder, as a URL or as srv*CACHE*URL: the names and identities of
    /// modules leave the machine. Needs a build with the feature symbol-server
    #[arg(long, value_name = "URL", value_parser = server)]
    symbol_server: Option<Server>,
    /// Where to keep files from the symbol server [default: dumplens/symbols in the user's cache folder]
    #[arg(long, value_name = "DIR", requires = "symbol_server")]
    symbol_cache: Option<PathBuf>,
    /// For `mcp`: the folders out of which no link is followed, without links themselves
    #[arg(long, value_name = "DIR", hide = true)]
    within: Vec<PathBuf>,
}

impl SymbolArgs {
    /// Gives a dump the images that lie in the folders named, before anything is read of it. Returns what was refused or not
    /// found.
    pub(crate) fn supply(&self, dump: &Dump) -> Vec<WarningReport> {
        let warnings = supply_images(dump, &self.images, &Listings::within(&self.within));
        warnings.into_iter().map(|w| WarningReport::from(&Warning::Symbols(w))).collect()
    }

    /// The search for a dump's symbols, and what of it had to be left out.
    pub(crate) fn search(&self, dump: &Path) -> anyhow::Result<(Search, Vec<WarningReport>)> {
        // A URL has no folder.
        let file = Some(dump).filter(|dump| !remote::is_url(dump));
        let (local, warnings) = dumplens_scan::local_search(&self.symbols, file);
        let server = match &self.symbol_server {
            Some(named) => {
                let own = self.symbol_cache.is_none().then(|| named.cache.clone()).flatten();
                let cache = own.map_or_else(|| self.cache(), Ok)?;
                Some(SymbolServer { url: named.url.clone(), cache })
            }
            None => None,
        };
        let listings =
            if self.within.is_empty() { local.listings.clone() } else { Listings::within(&self.within) };
        Ok((Search { server, listings, ..local }, warnings))
    }

    /// Whether a file that was found may be opened.
    pub(crate) fn allows(&self, path: &Path) -> bool {
        let inside = |real: PathBuf| self.within.iter().any(|root| real.starts_with(root));
        self.within.is_empty() || path.canonicalize().is_ok_and(inside)
    }

    fn cache(&self) -> anyhow::Result<PathBuf> {
        let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let user = || {
            if cfg!(windows) {
                return of("LOCALAPPDATA");
            }
            of("XDG_CACHE_HOME").or_else(|| Some(of("HOME")?.join(".cache")))
        };
        let default = || Some(user()?.join("dumplens").join("symbols"));
        let cache = self.symbol_cache.clone().or_else(default);
        cache.ok_or_else(|| anyhow::anyhow!("this user has no cache folder: name one with --symbol-cache"))
    }
}

/// A server as it was named.
#[derive(Debug, Clone)]
struct Server {
    url: String,
    cache: Option<PathBuf>,
}

/// A URL, or the debugger's `srv*CACHE*URL` and `srv*URL`.
fn server(named: &str) -> Result<Server, String> {
    if cfg!(not(feature = "symbol-server")) {
        let why = "this build cannot use the network: it was built without the feature symbol-server";
        return Err(why.to_owned());
    }
    let parts: Vec<&str> = named.split('*').map(str::trim).collect();
    let (cache, url) = match parts.as_slice() {
        [url] => (None, *url),
        [srv, url] if srv.eq_ignore_ascii_case("srv") => (None, *url),
        [srv, cache, url] if srv.eq_ignore_ascii_case("srv") => {
            (Some(*cache).filter(|cache| !cache.is_empty()).map(PathBuf::from), *url)
        }
        _ => return Err("neither a URL nor srv*CACHE*URL".to_owned()),
    };
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err("not a URL that begins with https:// or http://".to_owned());
    }
    Ok(Server { url: url.to_owned(), cache })
}
