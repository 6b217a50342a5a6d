//! The three files of a winget package: version, installers, and its words in the default language.

use super::{DESCRIPTION, LICENSE, Release, VERSION};

/// Of the manifests' schemas.
const SCHEMA: &str = "1.10.0";

/// The files, under the path that microsoft/winget-pkgs has for them.
pub(super) fn files(release: &Release) -> Vec<(String, String)> {
    let id = format!("{}.dumplens", release.owner);
    let first = release.owner.chars().next().unwrap_or('d').to_lowercase();
    let folder = format!("winget/manifests/{first}/{}/dumplens/{VERSION}", release.owner);
    let file = |suffix: &str, kind: &str, body: String| {
        let text = format!(
            "# yaml-language-server: $schema=https://aka.ms/winget-manifest.{kind}.{SCHEMA}.schema.json\n\n\
             PackageIdentifier: {id}\nPackageVersion: {VERSION}\n{body}ManifestType: {kind}\nManifestVersion: {SCHEMA}\n"
        );
        (format!("{folder}/{id}{suffix}.yaml"), text)
    };
    vec![
        file("", "version", "DefaultLocale: en-US\n".to_owned()),
        file(".installer", "installer", installers(release)),
        file(".locale.en-US", "defaultLocale", words(release)),
    ]
}

/// The archives hold one program each, which needs no installation.
fn installers(release: &Release) -> String {
    let head = "InstallerType: zip\nNestedInstallerType: portable\nCommands:\n- dumplens\nInstallers:\n";
    release.archives.iter().fold(head.to_owned(), |text, archive| {
        let folder = &archive.folder;
        text + &format!(
            "- Architecture: {}\n  InstallerUrl: {}\n  InstallerSha256: {}\n  NestedInstallerFiles:\n  \
             - RelativeFilePath: {folder}\\dumplens.exe\n    PortableCommandAlias: dumplens\n",
            archive.winget,
            release.url(&format!("{folder}.zip")),
            archive.sha256.to_uppercase(),
        )
    })
}

fn words(release: &Release) -> String {
    let Release { repository, owner, .. } = release;
    format!(
        "PackageLocale: en-US\nPublisher: {owner}\nPublisherUrl: https://github.com/{owner}\nPackageName: dumplens\n\
         PackageUrl: {repository}\nLicense: {LICENSE}\nLicenseUrl: {repository}/blob/v{VERSION}/LICENSE\n\
         ShortDescription: {DESCRIPTION}\nMoniker: dumplens\nTags:\n- crash-dump\n- debugging\n- memory\n- minidump\n\
         ReleaseNotesUrl: {repository}/releases/tag/v{VERSION}\n"
    )
}
