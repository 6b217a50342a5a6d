//! Which modules are a .NET runtime.

use super::reader::Reader;
use crate::ahead::Ahead;
use crate::arch::Width;
use crate::limits;
use crate::memory::Memory;
use crate::pe::Image;
use crate::streams::modules::Module;

/// A kind of runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// CoreCLR: .NET Core, .NET 5 and newer.
    Core,
    /// .NET Framework.
    Framework,
    /// A program compiled in advance (NativeAOT).
    NativeAot,
    /// Mono, also Unity's.
    Mono,
}

/// A runtime that is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which module it is, by its place in the list.
    pub module: usize,
    /// What it is.
    pub family: Family,
    /// Its version: major, minor, patch or build, revision. Of .NET Core before 5 the first two are the release's, and the
    /// patch is that of the folder it was loaded from, if that has one.
    pub version: Option<[u16; 4]>,
}

/// Modules that are looked at.
const MODULES: usize = 4096;

/// The runtimes among the modules, also where one is linked into the program.
pub fn find(memory: Memory<'_>, modules: &[Module], width: Width) -> Vec<Found> {
    let mut found = Vec::new();
    let mut ahead = Ahead::new(memory);
    let headers = |m: &Module| (m.base, limits::FIRST_HEADER_BYTES as u64);
    let images: Vec<Option<Image<'_>>> = modules
        .iter()
        .enumerate()
        .take(MODULES)
        .map(|(n, module)| {
            ahead.before(n, modules.iter().skip(n).map(headers));
            Image::read(memory, module.base, module.size).ok()
        })
        .collect();
    // Most directories are small. Of large ones what is looked at is read when it is.
    memory.read_ahead(images.iter().flatten().filter_map(|image| image.export_directory(MOST_AHEAD)));
    for (index, (module, image)) in modules.iter().zip(&images).enumerate() {
        if let Some((family, version)) = kind(memory, module, image.as_ref(), width) {
            found.push(Found { module: index, family, version });
        }
    }
    found
}

/// Bytes of an export directory that are read ahead.
const MOST_AHEAD: u32 = 32 << 10;

/// Bytes of a string before the pointers and version of `RuntimeInfo`.
const INFO_SIGNATURE: &[u8; 18] = b"DotNetRuntimeInfo\0";
/// Where the runtime's version is: behind the signature, a number, and the identities of three modules.
const INFO_VERSION: u64 = 96;

fn kind(
    memory: Memory<'_>,
    module: &Module,
    image: Option<&Image<'_>>,
    width: Width,
) -> Option<(Family, Option<[u16; 4]>)> {
    let listed = || listed_version(module);
    match file_name(&module.name).as_str() {
        "clr.dll" | "mscorwks.dll" => return Some((Family::Framework, listed())),
        name if name.starts_with("mono-") || name.starts_with("monosgen-") => {
            return Some((Family::Mono, listed()));
        }
        _ => {}
    }
    let image = image?;
    let reader = Reader::new(memory, width);
    if let Some(rva) = image.export_named("DotNetRuntimeInfo") {
        let version = version_of_info(&reader, module.base.wrapping_add(u64::from(rva)));
        return Some((Family::Core, version.or_else(listed)));
    }
    if image.export_named("g_CLREngineMetrics").is_some() {
        return Some((Family::Core, old_version(module)));
    }
    image.export_named("DotNetRuntimeDebugHeader").map(|_| (Family::NativeAot, None))
}

fn version_of_info(reader: &Reader<'_>, at: u64) -> Option<[u16; 4]> {
    let mut signature = [0; 18];
    reader.fill(at, &mut signature)?;
    if signature != *INFO_SIGNATURE {
        return None;
    }
    let part = |n: u64| {
        let at = at.wrapping_add(INFO_VERSION).wrapping_add(n.wrapping_mul(4));
        reader.u32(at).and_then(|n| u16::try_from(n).ok())
    };
    Some([part(0)?, part(1)?, part(2)?, part(3)?])
}

/// .NET Core 2 and 3: the file's version counts otherwise (4.6 is 2.x, 4.700 is 3.x).
fn old_version(module: &Module) -> Option<[u16; 4]> {
    let file = listed_version(module)?;
    let by_folder = module.name.rsplit(['\\', '/']).nth(1).and_then(numbers);
    let release = match file {
        [4, 700, ..] => [3, 1],
        [4, 6, ..] => [2, 1],
        other => return Some(other),
    };
    match by_folder {
        Some([major, minor, patch, _]) if major == release.first().copied().unwrap_or(0) => {
            Some([major, minor, patch, 0])
        }
        _ => {
            let [major, minor] = release;
            Some([major, minor, 0, 0])
        }
    }
}

fn listed_version(module: &Module) -> Option<[u16; 4]> {
    module.version.as_deref().and_then(numbers)
}

/// Two to four numbers with dots between.
fn numbers(text: &str) -> Option<[u16; 4]> {
    let mut out = [0; 4];
    let mut parts = text.split('.');
    for place in &mut out {
        match parts.next() {
            Some(part) => *place = part.parse().ok()?,
            None => break,
        }
    }
    (parts.next().is_none() && text.contains('.')).then_some(out)
}

fn file_name(path: &str) -> String {
    crate::last_name(path).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn versions_are_numbers_with_dots() {
        assert_eq!(numbers("3.1.23"), Some([3, 1, 23, 0]));
        assert_eq!(numbers("4.700.22.11601"), Some([4, 700, 22, 11601]));
        assert_eq!(
            (numbers("p31"), numbers("3"), numbers("1.2.3.4.5"), numbers("3.1-x")),
            (None, None, None, None)
        );
    }
}
