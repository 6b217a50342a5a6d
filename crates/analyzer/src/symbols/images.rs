//! Image files for the modules of a dump: by name, time stamp and size, as the debugger finds them.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use dumplens_core::{Dump, FileSource, ImageFile, ImageFiles, Module, Source, image_id};

use super::folders::{Folders, Wanted};
use super::identity::file_name;
use super::listings::Listings;
use super::warning::SymbolWarning;

/// Modules whose images are looked for: a large IDE holds under 2,000.
const MOST_MODULES: usize = 4096;

/// Gives a dump the image files that lie in `dirs`, flat or laid out as a symbol store, for code, exports and unwind data
/// that it left out; to be called before anything else is done with the dump. Returns what was refused and what was not
/// found. Does nothing without folders.
pub fn supply_images(dump: &Dump, dirs: &[PathBuf], listings: &Listings) -> Vec<SymbolWarning> {
    let mut warnings = Vec::new();
    let mut folders = Folders::new(dirs.to_vec(), listings.clone());
    if folders.is_empty() {
        return warnings;
    }
    let modules = dump.modules().ok().flatten().unwrap_or_default();
    let (mut images, mut missing) = (ImageFiles::default(), Vec::new());
    let opened = Opened::default();
    for (n, module) in modules.iter().enumerate() {
        if n == MOST_MODULES {
            missing.push(format!("{} more modules, which were not looked for", modules.len() - n));
            break;
        }
        let Some(file) = file_name(&module.name) else { continue };
        let id = image_id(module.time_date_stamp, module.size);
        let mut to = (&mut images, &opened);
        match find(&mut folders, &mut to, module, (file, &id), &mut warnings) {
            Found::Taken | Found::Refused => {}
            // Of what the dump keeps itself, nothing is missing.
            Found::Nothing if dump.memory().available(module.base, 1) > 0 => {}
            Found::Nothing => missing.push(format!("{file} ({id})")),
        }
    }
    if !missing.is_empty() {
        warnings.push(SymbolWarning::ImagesNotFound { images: missing });
    }
    dump.supply_images(images);
    warnings
}

enum Found {
    Taken,
    Refused,
    Nothing,
}

/// Takes the first file that is the module's; those that are not are named if none is.
fn find(
    folders: &mut Folders,
    (images, opened): &mut (&mut ImageFiles, &Opened),
    module: &Module,
    (file, id): (&str, &str),
    warnings: &mut Vec<SymbolWarning>,
) -> Found {
    let wanted = Wanted { folder: file, file, id, extension: "" };
    let mut refused = Vec::new();
    for path in folders.candidates(&wanted, warnings) {
        let name = path.to_string_lossy().into_owned();
        let taken = Reopened::open(&path, opened)
            .map_err(|error| error.to_string())
            .and_then(|source| ImageFile::read(source, name.clone()).map_err(|error| error.to_string()))
            .and_then(|image| images.add(module, image).map_err(|error| error.to_string()));
        match taken {
            Ok(()) => return Found::Taken,
            Err(why) => refused.push(SymbolWarning::ImageRefused { file: name, why }),
        }
    }
    let found = if refused.is_empty() { Found::Nothing } else { Found::Refused };
    for warning in refused {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    found
}

/// What was read of image files, for a report; empty if nothing was.
pub(crate) fn used(dump: &Dump) -> Vec<SymbolWarning> {
    let (mut files, mut warnings) = (Vec::new(), Vec::new());
    for (_, file, damage) in dump.image_files().into_iter().flat_map(ImageFiles::used) {
        match damage {
            Some(why) => {
                warnings.push(SymbolWarning::ImageRefused { file: file.to_owned(), why: why.to_string() });
            }
            None => files.push(file.to_owned()),
        }
    }
    if !files.is_empty() {
        warnings.push(SymbolWarning::ImagesUsed { files });
    }
    warnings
}

/// Files that are held open at a time: a process has hundreds of images, and systems allow few open files.
const MOST_OPEN: usize = 16;

/// The files that were opened last.
type Opened = Arc<Mutex<VecDeque<(PathBuf, Arc<FileSource>)>>>;

/// A file that is opened again when it is needed.
#[derive(Debug)]
struct Reopened {
    path: PathBuf,
    size: u64,
    opened: Opened,
}

impl Reopened {
    fn open(path: &Path, opened: &Opened) -> io::Result<Reopened> {
        let size = FileSource::open(path)?.size();
        Ok(Reopened { path: path.to_owned(), size, opened: Arc::clone(opened) })
    }

    fn file(&self) -> io::Result<Arc<FileSource>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, file)) = opened.iter().find(|(path, _)| *path == self.path) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(FileSource::open(&self.path)?);
        if file.size() != self.size {
            return Err(io::Error::new(io::ErrorKind::StaleNetworkFileHandle, "the file has changed"));
        }
        if opened.len() >= MOST_OPEN {
            opened.pop_front();
        }
        opened.push_back((self.path.clone(), Arc::clone(&file)));
        Ok(file)
    }
}

impl Source for Reopened {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.file()?.read_at(offset, buf)
    }
}
