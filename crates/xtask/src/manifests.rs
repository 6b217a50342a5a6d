//! `cargo xtask manifests`: what winget and Scoop need to install a release, out of its SHA256SUMS.

mod scoop;
mod winget;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};

/// Writes the manifests of winget and Scoop for a release
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The checksums of the release's files, as sha256sum prints them
    #[arg(long)]
    sums: PathBuf,
    /// Where the files of a release lie [default: the repository of Cargo.toml]
    #[arg(long, default_value = env!("CARGO_PKG_REPOSITORY"), hide_default_value = true)]
    repository: String,
    /// The folder to write to
    #[arg(long)]
    out: PathBuf,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
const DESCRIPTION: &str = "Reads Windows crash dumps and says what happened to the process's memory.";
const LICENSE: &str = "MIT OR Apache-2.0";

/// Windows' targets, with the names that winget and Scoop have for their processors.
const TARGETS: [(&str, &str, &str); 3] = [
    ("x86_64-pc-windows-msvc", "x64", "64bit"),
    ("i686-pc-windows-msvc", "x86", "32bit"),
    ("aarch64-pc-windows-msvc", "arm64", "arm64"),
];

/// What a manifest is filled with.
struct Release {
    repository: String,
    owner: String,
    archives: Vec<Archive>,
}

/// The archive of one target.
struct Archive {
    /// `dumplens-v0.2.0-x86_64-pc-windows-msvc`: its name without `.zip`, and the folder in it.
    folder: String,
    winget: &'static str,
    scoop: &'static str,
    /// In lower case.
    sha256: String,
}

/// Runs the chore.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let sums = fs::read_to_string(&options.sums).with_context(|| options.sums.display().to_string())?;
    let release = Release::new(&options.repository, &sums)?;
    let mut files = winget::files(&release);
    files.push(scoop::file(&release)?);
    for (name, text) in files {
        let path = options.out.join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        fs::write(&path, text).with_context(|| path.display().to_string())?;
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

impl Release {
    fn new(repository: &str, sums: &str) -> anyhow::Result<Release> {
        let repository = repository.trim_end_matches('/');
        ensure!(!repository.is_empty(), "set `repository` in Cargo.toml: the files have no address yet");
        let path =
            repository.strip_prefix("https://github.com/").context("the repository is not on GitHub")?;
        let (owner, _) = path.split_once('/').context("the repository has no owner")?;
        let archive = |(target, winget, scoop)| {
            let folder = format!("dumplens-v{VERSION}-{target}");
            let sha256 = sum(sums, &format!("{folder}.zip"))?;
            Ok(Archive { folder, winget, scoop, sha256 })
        };
        Ok(Release {
            repository: repository.to_owned(),
            owner: owner.to_owned(),
            archives: TARGETS.into_iter().map(archive).collect::<anyhow::Result<_>>()?,
        })
    }

    fn url(&self, file: &str) -> String {
        format!("{}/releases/download/v{VERSION}/{file}", self.repository)
    }
}

/// The checksum of a file.
fn sum(sums: &str, file: &str) -> anyhow::Result<String> {
    let of = |line: &str| {
        let (sum, name) = line.split_once(char::is_whitespace)?;
        (name.trim_start_matches([' ', '*']) == file).then(|| sum.to_lowercase())
    };
    let sum = sums.lines().find_map(of).with_context(|| format!("no checksum of {file}"))?;
    if sum.len() != 64 || !sum.bytes().all(|b| b.is_ascii_hexdigit()) {
        bail!("{file}: {sum} is no SHA-256");
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As sha256sum prints them; the second is marked as binary.
    fn sums() -> String {
        let mut text = "00  SHA256SUMS.old\n".to_owned();
        for ((target, ..), (end, mark)) in TARGETS.into_iter().zip([("abc", ' '), ("abd", '*'), ("abe", ' ')])
        {
            text.push_str(&format!("{end:0>64} {mark}dumplens-v{VERSION}-{target}.zip\n"));
        }
        text
    }

    #[test]
    fn every_archive_has_its_checksum() {
        let release = Release::new("https://github.com/someone/dumplens/", &sums()).expect("a release");
        let sums: Vec<&str> = release.archives.iter().map(|a| a.sha256.trim_start_matches('0')).collect();
        assert_eq!(sums, ["abc", "abd", "abe"]);
        assert_eq!(release.owner, "someone");
        let url = format!("https://github.com/someone/dumplens/releases/download/v{VERSION}/x.zip");
        assert_eq!(release.url("x.zip"), url);
    }

    #[test]
    fn what_is_missing_is_an_error() {
        let error =
            |repository, sums: &str| Release::new(repository, sums).err().expect("no release").to_string();
        assert!(error("", &sums()).contains("set `repository`"));
        assert!(error("https://example.org/a/b", &sums()).contains("GitHub"));
        let without = sums().replace("x86_64-pc-windows-msvc.zip", "other.zip");
        assert!(error("https://github.com/a/b", &without).contains("x86_64-pc-windows-msvc.zip"));
        assert!(error("https://github.com/a/b", &sums().replace("0abc", "0abg")).contains("no SHA-256"));
    }

    /// The names in the manifests are those that archive.sh gives, and `[package.metadata.binstall]` looks for.
    #[test]
    fn names_are_those_of_the_archives() {
        let read = |path: &str| fs::read_to_string(crate::cargo::root().join(path)).expect(path);
        assert!(read(".github/release/archive.sh").contains("name=dumplens-$tag-$target"));
        let cli = read("crates/cli/Cargo.toml");
        assert!(
            cli.contains(
                "/releases/download/v{ version }/dumplens-v{ version }-{ target }{ archive-suffix }"
            )
        );
        assert!(cli.contains("\"dumplens-v{ version }-{ target }/{ bin }{ binary-ext }\""));
        let workflow = read(".github/workflows/release.yml");
        for (target, ..) in TARGETS {
            assert!(workflow.contains(&format!("target: {target},")), "{target}");
            assert!(cli.contains(&format!("[package.metadata.binstall.overrides.{target}]")), "{target}");
        }
    }

    /// One version everywhere; the Python package has a workspace of its own.
    #[test]
    fn the_wheel_has_the_same_version() {
        let python =
            fs::read_to_string(crate::cargo::root().join("crates/python/Cargo.toml")).expect("Cargo.toml");
        assert!(python.replace('\r', "").contains(&format!("\nversion = \"{VERSION}\"\n")), "not {VERSION}");
    }
}
