//! Asking a symbol server, only where the caller named one. Answers are kept in a folder laid out as a symbol store.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::identity::{CodeViewRecord, PdbId};
use super::pdb::{self, PdbError};
use super::search::{SymbolServer, bare_url};

/// How long a server may take to be reached.
const CONNECT: Duration = Duration::from_secs(15);

/// What a server may cost.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Bytes of an answer, packed or not.
    bytes: u64,
    /// How long one answer may take, from the question to its last byte.
    answer: Duration,
    /// Questions for one process: a dump says itself how many modules it has.
    questions: u32,
}

/// The largest PDBs that Microsoft's server has are under 2 GB; a large IDE has under 2,000 modules, of which each is
/// asked for twice.
const BOUNDS: Bounds = Bounds { bytes: 2 << 30, answer: Duration::from_mins(5), questions: 1 << 12 };

/// A server; one that could not be reached, or did not finish an answer, is not asked again.
#[derive(Debug)]
pub(super) struct Server {
    url: String,
    cache: PathBuf,
    agent: ureq::Agent,
    bounds: Bounds,
    asked: u32,
    down: bool,
}

impl Server {
    pub(super) fn new(server: SymbolServer) -> Server {
        Server::within(server, BOUNDS)
    }

    fn within(server: SymbolServer, bounds: Bounds) -> Server {
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(bounds.answer))
            // Servers send elsewhere, to where their files are; but never from a protected way to an open one.
            .https_only(server.url.starts_with("https://"))
            .http_status_as_error(false)
            .user_agent(concat!("dumplens/", env!("CARGO_PKG_VERSION")))
            .build();
        let url = server.url.trim_end_matches('/').to_owned();
        Server { url, cache: server.cache, agent: config.new_agent(), bounds, asked: 0, down: false }
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
        self.make_folders(file, &folder)?;
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

    /// Makes the folders of a PDB. The way to the cache is the caller's, links and all; in it, none is followed: a link
    /// there would lead to a place that nobody named.
    fn make_folders(&self, file: &str, folder: &Path) -> Result<(), String> {
        let wrong = |at: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", at.display());
        fs::create_dir_all(&self.cache).map_err(|error| wrong(&self.cache, &error))?;
        for at in [self.cache.join(file).as_path(), folder] {
            match fs::create_dir(at) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(wrong(at, &error)),
                _ if fs::symlink_metadata(at).is_ok_and(|there| there.is_dir()) => {}
                _ => return Err(wrong(at, &"is no folder of its own, or a link; nothing is written there")),
            }
        }
        Ok(())
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
        let (folder, most) = (folder.to_owned(), self.bounds.bytes);
        guarded(move || check(unpack(answer, &folder, most)?, wanted)).map(Some)
    }

    /// The body of an answer as a temporary file; `Ok(None)` where the server has nothing.
    fn get(&mut self, url: &str, folder: &Path) -> Result<Option<NamedTempFile>, String> {
        if self.asked >= self.bounds.questions {
            self.down = true;
            return Err(format!("it was asked {} times, and is not asked again", self.asked));
        }
        self.asked += 1;
        let mut response = self.agent.get(url).call().map_err(|error| self.fails(url, &error))?;
        match response.status().as_u16() {
            200 => {}
            404 | 410 => return Ok(None),
            status => return Err(format!("{}: status {status}", bare_url(url))),
        }
        let most = self.bounds.bytes;
        let body = response.body_mut().with_config().limit(most.saturating_add(1)).reader();
        keep(body, folder, most).map(Some).map_err(|error| self.fails(url, &error))
    }

    fn fails(&mut self, url: &str, error: &dyn std::error::Error) -> String {
        self.down = true;
        let (bare, error) = (bare_url(url), error.to_string());
        format!("{bare}: {}; it is not asked again", error.replace(url, &bare))
    }
}

/// Copies into a temporary file, up to the bound.
fn keep(from: impl Read, folder: &Path, most: u64) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(folder)?;
    if io::copy(&mut from.take(most.saturating_add(1)), &mut file)? > most {
        return Err(io::Error::other(format!("more than {most} bytes")));
    }
    Ok(file)
}

/// The first file of a cabinet: `.pd_` has but one.
fn unpack(mut packed: NamedTempFile, folder: &Path, most: u64) -> Result<NamedTempFile, String> {
    let wrong = |error: io::Error| format!("its cabinet: {error}");
    packed.seek(SeekFrom::Start(0)).map_err(wrong)?;
    let mut cabinet = cab::Cabinet::new(packed.as_file()).map_err(wrong)?;
    let name =
        cabinet.folder_entries().flat_map(cab::FolderEntry::file_entries).next().map(|f| f.name().to_owned());
    let name = name.ok_or("its cabinet is empty")?;
    keep(cabinet.read_file(&name).map_err(wrong)?, folder, most).map_err(wrong)
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
    let thread = thread::Builder::new().name(super::READER_THREAD.to_owned()).spawn(work);
    thread
        .map_err(|error| error.to_string())?
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
#[path = "server_bounds.rs"]
mod bounds;

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn names_that_are_safe_in_a_folder_and_in_a_url() {
        for good in ["app.pdb", "ntdll.pdb", "My App-2.0+x.pdb", "com10.pdb", "concrt140.amd64.pdb"] {
            assert_eq!(plain(good), Some(good));
        }
        for bad in [
            "",
            ".",
            "..",
            ".pdb",
            "a/b",
            "a\\b",
            "CON.pdb",
            "nul",
            "com1.pdb",
            "a?b",
            "a%2fb",
            "a#b",
            "a.",
            "ä",
            "c:evil.pdb",
            "a:b.pdb",
            "COM\u{b9}.pdb",
            "lpt9 .pdb",
            "aux..pdb",
            "a\0b.pdb",
        ] {
            assert_eq!(plain(bad), None, "{bad}");
        }
    }
}
