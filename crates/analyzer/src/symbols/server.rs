//! Asking a symbol server, only where the caller named one. Answers are kept in a folder laid out as a symbol store.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::identity::{CodeViewRecord, PdbId};
use super::pdb::{self, PdbError};
use super::search::SymbolServer;

/// Bytes of an answer, packed or not: the largest PDBs that Microsoft's server has are under 2 GB.
const MOST_BYTES: u64 = 2 << 30;
/// How long a server may take to be reached, and how long one answer may take.
const CONNECT: Duration = Duration::from_secs(15);
const ANSWER: Duration = Duration::from_mins(5);

/// A server; one that could not be reached is not asked again.
#[derive(Debug)]
pub(super) struct Server {
    url: String,
    cache: PathBuf,
    agent: ureq::Agent,
    down: bool,
}

impl Server {
    pub(super) fn new(server: SymbolServer) -> Server {
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(ANSWER))
            .http_status_as_error(false)
            .user_agent(concat!("dumplens/", env!("CARGO_PKG_VERSION")))
            .build();
        let url = server.url.trim_end_matches('/').to_owned();
        Server { url, cache: server.cache, agent: config.new_agent(), down: false }
    }

    /// The PDB in the cache, fetched if it was not there; `Ok(None)` if the server has none.
    pub(super) fn fetch(&mut self, record: &CodeViewRecord) -> Result<Option<PathBuf>, String> {
        let file = plain(&record.file).ok_or("its name cannot be a file on every system")?;
        let id = record.id.to_string();
        let folder = self.cache.join(file).join(&id);
        let target = folder.join(file);
        if target.is_file() {
            return Ok(Some(target));
        }
        if self.down {
            return Ok(None);
        }
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let fetched = self.fetch_into(&folder, file, &id, record.id);
        match fetched {
            Ok(Some(temporary)) => {
                // The rename is atomic: whoever else looks sees the whole file or none.
                temporary.persist(&target).map_err(|e| format!("{}: {}", target.display(), e.error))?;
                Ok(Some(target))
            }
            other => {
                // Folders of what is not there are not left behind; one in use stays.
                let _ = fs::remove_dir(&folder).and_then(|()| fs::remove_dir(self.cache.join(file)));
                other.map(|_| None)
            }
        }
    }

    fn fetch_into(
        &mut self,
        folder: &Path,
        file: &str,
        id: &str,
        wanted: PdbId,
    ) -> Result<Option<NamedTempFile>, String> {
        let address = |name: &str| format!("{}/{file}/{id}/{name}", self.url).replace(' ', "%20");
        let packed_name = format!("{}_", &file[..file.len() - 1]);
        let (plain, packed) = (address(file), address(&packed_name));
        if let Some(answer) = self.get(&plain, folder)? {
            return guarded(move || check(answer, wanted)).map(Some);
        }
        let Some(answer) = self.get(&packed, folder)? else {
            return Ok(None);
        };
        let folder = folder.to_owned();
        guarded(move || check(unpack(answer, &folder)?, wanted)).map(Some)
    }

    /// The body of an answer as a temporary file; `Ok(None)` where the server has nothing.
    fn get(&mut self, url: &str, folder: &Path) -> Result<Option<NamedTempFile>, String> {
        let mut response = self.agent.get(url).call().map_err(|error| {
            self.down = true;
            format!("{url}: {error}; it is not asked again")
        })?;
        match response.status().as_u16() {
            200 => {}
            404 | 410 => return Ok(None),
            status => return Err(format!("{url}: status {status}")),
        }
        let body = response.body_mut().with_config().limit(MOST_BYTES).reader();
        keep(body, folder).map(Some).map_err(|e| format!("{url}: {e}"))
    }
}

/// Copies into a temporary file, up to the bound.
fn keep(from: impl Read, folder: &Path) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(folder)?;
    if io::copy(&mut from.take(MOST_BYTES + 1), &mut file)? > MOST_BYTES {
        return Err(io::Error::other(format!("more than {MOST_BYTES} bytes")));
    }
    Ok(file)
}

/// The first file of a cabinet: `.pd_` has but one.
fn unpack(mut packed: NamedTempFile, folder: &Path) -> Result<NamedTempFile, String> {
    let wrong = |error: io::Error| format!("its cabinet: {error}");
    packed.seek(SeekFrom::Start(0)).map_err(wrong)?;
    let mut cabinet = cab::Cabinet::new(packed.as_file()).map_err(wrong)?;
    let name =
        cabinet.folder_entries().flat_map(cab::FolderEntry::file_entries).next().map(|f| f.name().to_owned());
    let name = name.ok_or("its cabinet is empty")?;
    keep(cabinet.read_file(&name).map_err(wrong)?, folder).map_err(wrong)
}

/// Only what was asked for goes into the cache.
fn check(file: NamedTempFile, wanted: PdbId) -> Result<NamedTempFile, String> {
    let reader: File = file.reopen().map_err(|e| e.to_string())?;
    match pdb::identify(reader).map_err(|e| e.to_string())? {
        found if found == wanted => Ok(file),
        found => Err(PdbError::Mismatch { found }.to_string()),
    }
}

/// Runs what reads an answer, so that a panic of a library ends that answer alone.
fn guarded<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    thread::spawn(work)
        .join()
        .unwrap_or_else(|_| Err("its contents broke the library that reads it".to_owned()))
}

/// A name that is one file on every system and one part of a URL: Windows' device names and what has a meaning in
/// URLs are not.
fn plain(file: &str) -> Option<&str> {
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
    let letters = file.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | ' '));
    let stem = file.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = stem.strip_prefix("com").or(stem.strip_prefix("lpt"));
    let device = DEVICES.contains(&stem.as_str())
        || numbered.is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()));
    let ends_well = !file.ends_with(['.', ' ']) && !stem.is_empty();
    (letters && !device && ends_well).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn names_that_are_safe_in_a_folder_and_in_a_url() {
        for good in ["app.pdb", "ntdll.pdb", "My App-2.0+x.pdb", "com10.pdb", "concrt140.amd64.pdb"] {
            assert_eq!(plain(good), Some(good));
        }
        for bad in [
            "", ".", "..", ".pdb", "a/b", "a\\b", "CON.pdb", "nul", "com1.pdb", "a?b", "a%2fb", "a#b", "a.",
            "ä",
        ] {
            assert_eq!(plain(bad), None, "{bad}");
        }
    }
}
