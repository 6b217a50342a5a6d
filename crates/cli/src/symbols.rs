//! Where symbols are looked for: options, `_NT_SYMBOL_PATH`, and the dump's own folder.

use std::path::{Path, PathBuf};

use dumplens_analyzer::facts::WarningReport;
use dumplens_analyzer::symbols::{Search, SymbolServer};

use crate::remote;

/// Where PDBs may lie
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SymbolArgs {
    /// A folder of PDBs, flat or a symbol store; may be given again. The local folders of _NT_SYMBOL_PATH and the
    /// dump's own folder are searched too
    #[arg(long, value_name = "DIR")]
    symbols: Vec<PathBuf>,
    /// A symbol server to ask for PDBs that no folder has: the names and identities of modules leave the machine.
    /// Needs a build with the feature symbol-server
    #[arg(long, value_name = "URL", value_parser = server)]
    symbol_server: Option<String>,
    /// Where answers of the symbol server are kept [default: dumplens/symbols in the user's cache folder]
    #[arg(long, value_name = "DIR", requires = "symbol_server")]
    symbol_cache: Option<PathBuf>,
}

impl SymbolArgs {
    /// The search for a dump's symbols, and what of it had to be left out.
    pub(crate) fn search(&self, dump: &Path) -> anyhow::Result<(Search, Vec<WarningReport>)> {
        // A URL has no folder.
        let file = Some(dump).filter(|dump| !remote::is_url(dump));
        let (local, warnings) = dumplens_scan::local_search(&self.symbols, file);
        let server = match &self.symbol_server {
            Some(url) => Some(SymbolServer { url: url.clone(), cache: self.cache()? }),
            None => None,
        };
        Ok((Search { server, ..local }, warnings))
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
        cache.ok_or_else(|| anyhow::anyhow!("this user has no cache folder: --symbol-cache must name one"))
    }
}

fn server(url: &str) -> Result<String, String> {
    if cfg!(not(feature = "symbol-server")) {
        let why = "this build cannot use the network: it is without the feature symbol-server";
        return Err(why.to_owned());
    }
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err("not an address that begins with https:// or http://".to_owned());
    }
    Ok(url.to_owned())
}
