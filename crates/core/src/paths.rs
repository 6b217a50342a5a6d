//! Names in a dump, which are paths of Windows, or of another system.

/// The last part of a path: a file's name without its folders.
pub fn last_name(path: &str) -> &str {
    path.rsplit(['\\', '/']).next().unwrap_or_default()
}
