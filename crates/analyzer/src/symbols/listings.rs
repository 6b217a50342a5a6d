//! What folders list, kept for all who look there: a scan reads thousands of dumps out of one folder.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use super::one_by_one::OneByOne;

/// Entries of one folder that are looked at: a symbol store of all of Windows has some 100,000 in its top folder.
const MOST_ENTRIES: usize = 1 << 20;
/// Entries of a folder that is listed only if that is little. Each takes 0.4 microseconds, and a folder of 10,000 dumps would
/// take longer than the analysis of one of them.
const MOST_SMALL: usize = 512;
/// What so many entries take at most in file systems that tell a folder's size: names of 255 bytes, and 8 for each. A folder
/// that is larger has, or had, more of them: it is not even opened.
const MOST_SMALL_BYTES: u64 = MOST_SMALL as u64 * 264;
/// Folders that are held.
const MOST_FOLDERS: usize = 256;
/// Clocks of file systems are this coarse: what comes so soon after a change may leave no trace in the folder's time.
const COARSE: Duration = Duration::from_secs(2);
/// How long a listing is believed where a folder's time does not change with what is in it.
const LONGEST: Duration = Duration::from_secs(10);

/// Name in lower case to name.
type Names = HashMap<String, OsString>;

/// How much of a folder is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// The whole list if it is short; otherwise nothing, and names are looked up one by one.
    Small,
}

/// What is known of a folder's names.
#[derive(Debug)]
pub(super) enum Known {
    /// Those that lead to symbols, in any spelling.
    Listed(Names),
    /// Those that were looked up.
    OneByOne(OneByOne),
}

/// The listings of folders, shared by all clones. A folder that changes is listed again.
#[derive(Debug, Clone, Default)]
pub struct Listings {
    all: Arc<Mutex<HashMap<(PathBuf, Extent), Slot>>>,
    /// Folders out of which no link may lead; any may if there are none.
    within: Arc<[PathBuf]>,
}

/// The listing of one folder, once there is one.
type Slot = Arc<Mutex<Option<Listing>>>;

/// What has been listed so far makes no difference to what is looked for.
impl PartialEq for Listings {
    fn eq(&self, _: &Listings) -> bool {
        true
    }
}

impl Eq for Listings {}

/// What a folder listed, and when.
#[derive(Debug)]
struct Listing {
    known: Arc<Known>,
    /// Whether there were more entries than are looked at.
    cut: bool,
    /// The folder's time of change, before it was listed.
    changed: Option<SystemTime>,
    listed: SystemTime,
}

impl Listings {
    /// Listings without the links that lead out of these folders. The folders are without links themselves, as
    /// [`Path::canonicalize`] gives them.
    pub fn within(roots: &[PathBuf]) -> Listings {
        Listings { within: roots.into(), ..Listings::default() }
    }

    /// The names in a folder that lead to symbols, and whether there may be more that are not found.
    pub(super) fn of(&self, folder: &Path, extent: Extent) -> io::Result<(Arc<Known>, bool)> {
        let data = fs::metadata(folder)?;
        let changed = data.modified().ok();
        let slot = self.slot(folder, extent);
        // Only those who want the same folder wait for it: a share may not answer.
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let listing = match slot.take().filter(|listing| listing.is_fresh(changed)) {
            Some(listing) => listing,
            None if extent == Extent::Small && data.len() > MOST_SMALL_BYTES => {
                Listing::one_by_one(folder, changed, &self.within)
            }
            None => Listing::read(folder, changed, extent, &self.within)?,
        };
        let answer = (Arc::clone(&listing.known), listing.cut);
        *slot = Some(listing);
        Ok(answer)
    }

    fn slot(&self, folder: &Path, extent: Extent) -> Slot {
        let key = (folder.to_owned(), extent);
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_FOLDERS && !all.contains_key(&key) {
            all.clear();
        }
        Arc::clone(all.entry(key).or_default())
    }
}

impl Known {
    /// The folder's own spelling of a name.
    pub(super) fn find(&self, name: &str) -> Option<OsString> {
        match self {
            Known::Listed(names) => names.get(&name.to_ascii_lowercase()).cloned(),
            Known::OneByOne(names) => names.find(name),
        }
    }
}

impl Listing {
    fn read(
        folder: &Path,
        changed: Option<SystemTime>,
        extent: Extent,
        within: &Arc<[PathBuf]>,
    ) -> io::Result<Listing> {
        let listed = SystemTime::now();
        let mut entries = fs::read_dir(folder)?;
        let most = if extent == Extent::Small { MOST_SMALL } else { MOST_ENTRIES };
        let (names, more) = first(&mut entries, most, within)?;
        // The first of many are any of them: the answer must not depend on which.
        if more && extent == Extent::Small {
            return Ok(Listing::one_by_one(folder, changed, within));
        }
        Ok(Listing { known: Arc::new(Known::Listed(names)), cut: more, changed, listed })
    }

    fn one_by_one(folder: &Path, changed: Option<SystemTime>, within: &Arc<[PathBuf]>) -> Listing {
        let known = Arc::new(Known::OneByOne(OneByOne::new(folder, within)));
        Listing { known, cut: false, changed, listed: SystemTime::now() }
    }

    fn is_fresh(&self, changed: Option<SystemTime>) -> bool {
        let before = |time: SystemTime| self.listed.duration_since(time).unwrap_or_default();
        self.changed == changed
            && changed.is_none_or(|changed| before(changed) > COARSE)
            && self.listed.elapsed().is_ok_and(|age| age < LONGEST)
    }
}

/// The names that lead to symbols among the first entries, and whether there are more entries.
fn first(
    entries: &mut impl Iterator<Item = io::Result<fs::DirEntry>>,
    most: usize,
    within: &[PathBuf],
) -> io::Result<(Names, bool)> {
    let mut names = Names::new();
    for entry in entries.by_ref().take(most) {
        let entry = entry?;
        let name = entry.file_name();
        let Some(lower) = name.to_str().filter(|name| leads(name)).map(str::to_ascii_lowercase) else {
            continue;
        };
        if !within.is_empty() && leaves(&entry.path(), entry.file_type(), within) {
            continue;
        }
        // Of several spellings of a name the same one is taken each time.
        let kept = names.entry(lower).or_insert_with(|| name.clone());
        if name < *kept {
            *kept = name;
        }
    }
    Ok((names, entries.next().is_some()))
}

/// Whether a path is a link to a place outside the folders, or to none.
pub(super) fn leaves(path: &Path, kind: io::Result<fs::FileType>, within: &[PathBuf]) -> bool {
    // Of what is no link, its folder has decided.
    let is_link = kind.map_or(true, |kind| kind.is_symlink());
    let inside = |path: PathBuf| within.iter().any(|root| path.starts_with(root));
    is_link && !path.canonicalize().is_ok_and(inside)
}

/// Whether a name can be that of a PDB or of an image, or of a folder on the way to one: `dll`, `symbols`, a
/// GUID. Images have any extension; a folder of dumps can hold 100,000 of them.
pub(super) fn leads(name: &str) -> bool {
    const OTHERS: [&str; 8] = ["dmp", "mdmp", "hdmp", "txt", "log", "json", "zip", "gz"];
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    !extension.is_some_and(|extension| OTHERS.iter().any(|other| extension.eq_ignore_ascii_case(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_time(folder: &Path, back: Duration) {
        let time = SystemTime::now() - back;
        fs::File::open(folder).and_then(|folder| folder.set_modified(time)).expect("its time");
    }

    /// What is listed in a folder, in lower case.
    fn names(listings: &Listings, folder: &Path) -> Vec<String> {
        let (known, cut) = listings.of(folder, Extent::Whole).expect("a listing");
        let Known::Listed(names) = &*known else { panic!("it is not listed") };
        let mut names: Vec<String> = names.keys().cloned().collect();
        names.sort_unstable();
        assert!(!cut);
        names
    }

    #[test]
    fn only_what_leads_to_symbols_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.dmp", "B.Dmp", "b.pdb.dmp", "App.PDB", "app.pdb", "x.exe", "dll", "000102A1"] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        let names = names(&Listings::default(), folder.path());
        assert_eq!(names, ["000102a1", "app.pdb", "dll", "x.exe"]);
    }

    #[test]
    fn a_folder_beside_many_files_is_not_listed_to_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        for n in 0..3 * MOST_SMALL {
            fs::write(folder.path().join(format!("{n}.dmp")), "").expect("a file");
        }
        fs::write(folder.path().join("App.PDB"), "").expect("a file");
        let mut seen = 0;
        let mut entries = fs::read_dir(folder.path()).expect("a folder").inspect(|_| seen += 1);
        assert!(first(&mut entries, MOST_SMALL, &[]).expect("entries").1);
        assert_eq!(seen, MOST_SMALL + 1);
        // Nothing is lost that would have to be told, and nothing is held.
        let (small, cut) = Listings::default().of(folder.path(), Extent::Small).expect("names");
        assert!(matches!(*small, Known::OneByOne(_)) && !cut);
        assert_eq!(small.find("App.PDB").as_deref(), Some("App.PDB".as_ref()));
        // Who wants all of it, finds it in any spelling.
        let (whole, cut) = Listings::default().of(folder.path(), Extent::Whole).expect("names");
        assert_eq!((whole.find("aPP.pdb").as_deref(), cut), (Some("App.PDB".as_ref()), false));
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_folders_are_not_listed() {
        let folder = tempfile::tempdir().expect("a folder");
        let real = folder.path().canonicalize().expect("a path");
        let (inside, outside) = (real.join("inside"), real.join("outside"));
        for dir in [&inside, &outside] {
            fs::create_dir(dir).expect("a folder");
            fs::write(dir.join("own.pdb"), "").expect("a file");
        }
        for (to, name) in [("../outside/own.pdb", "file.pdb"), ("../outside", "dir"), ("own.pdb", "same.pdb")]
        {
            std::os::unix::fs::symlink(to, inside.join(name)).expect("a link");
        }
        let names = |listings: &Listings| names(listings, &inside);
        assert_eq!(names(&Listings::within(std::slice::from_ref(&inside))), ["own.pdb", "same.pdb"]);
        assert_eq!(names(&Listings::within(&[real])), ["dir", "file.pdb", "own.pdb", "same.pdb"]);
        assert_eq!(names(&Listings::default()).len(), 4);
    }

    /// Windows sets no folder's time by a handle that only reads.
    #[cfg(unix)]
    #[test]
    fn a_folder_is_listed_once_until_it_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let listings = Listings::default();
        set_time(folder.path(), Duration::from_hours(1));
        let of = |listings: &Listings| listings.of(folder.path(), Extent::Whole).expect("a listing").0;
        let first = of(&listings.clone());
        assert!(Arc::ptr_eq(&first, &of(&listings)));
        // It has changed, and then so recently that its time may not tell.
        fs::write(folder.path().join("app.pdb"), "").expect("a file");
        assert_eq!(names(&listings, folder.path()).len(), 1);
        fs::write(folder.path().join("more.pdb"), "").expect("a file");
        assert_eq!(names(&listings, folder.path()).len(), 2);
    }

    #[test]
    fn few_folders_are_held() {
        let folder = tempfile::tempdir().expect("a folder");
        let listings = Listings::default();
        for n in 0..2 * MOST_FOLDERS {
            let inner = folder.path().join(n.to_string());
            fs::create_dir(&inner).expect("a folder");
            listings.of(&inner, Extent::Small).expect("a listing");
        }
        assert!(listings.all.lock().expect("no panic").len() <= MOST_FOLDERS);
    }
}
