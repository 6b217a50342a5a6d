//! The file of a Scoop bucket.

use serde_json::{Map, Value, json};

use super::{DESCRIPTION, LICENSE, Release, VERSION};

/// The file, under its name in a bucket.
pub(super) fn file(release: &Release) -> anyhow::Result<(String, String)> {
    let each = |of: &dyn Fn(&super::Archive) -> Value| -> Map<String, Value> {
        release.archives.iter().map(|archive| (archive.scoop.to_owned(), of(archive))).collect()
    };
    let now = |archive: &super::Archive| {
        let url = release.url(&format!("{}.zip", archive.folder));
        json!({ "url": url, "hash": archive.sha256, "extract_dir": archive.folder })
    };
    // How Scoop finds the next version by itself.
    let next = |archive: &super::Archive| {
        let folder = archive.folder.replace(VERSION, "$version");
        let url = format!("{}/releases/download/v$version/{folder}.zip", release.repository);
        json!({ "url": url, "extract_dir": folder })
    };
    let manifest = json!({
        "version": VERSION,
        "description": DESCRIPTION,
        "homepage": release.repository,
        "license": LICENSE.replace(" OR ", "|"),
        "architecture": each(&now),
        "bin": "dumplens.exe",
        "checkver": "github",
        "autoupdate": { "architecture": each(&next), "hash": { "url": "$baseurl/SHA256SUMS" } },
    });
    Ok(("scoop/bucket/dumplens.json".to_owned(), serde_json::to_string_pretty(&manifest)? + "\n"))
}
