//! The version resource of an image in memory, as `lmv` prints it.

use std::fmt::Write as _;

use dumplens_core::pe::Image;
use dumplens_core::{FixedFileInfo, Memory, Module};

/// The rows of `lmv` about versions: what the module list has of them, and the texts of the resource.
pub(crate) fn rows(memory: Memory<'_>, module: &Module) -> String {
    let mut text = String::new();
    if let Some(info) = &module.version_info {
        fixed(info, &mut text);
    }
    let image = Image::read(memory, module.base, module.size).ok().filter(|_| module.version_info.is_some());
    let resource = image.and_then(|image| image.version_texts().ok().flatten());
    let pair = |(language, page): &(u16, u16)| format!("{language:04x}.{page:04x}");
    let translations =
        resource.as_ref().map(|r| r.translations.iter().map(pair).collect::<Vec<_>>().join(" "));
    let translations = translations.filter(|text| !text.is_empty());
    let default = "0000.04b0 0000.04e4 0409.04b0 0409.04e4";
    let _ = writeln!(text, "    Translations:     {}", translations.as_deref().unwrap_or(default));
    for name in NAMES {
        let value = resource.as_ref().and_then(|r| r.texts.iter().find(|(key, _)| key == name));
        if let Some((_, value)) = value {
            // The engine's output is of one code page.
            let value: String = value.chars().map(|c| if (c as u32) < 0x100 { c } else { '?' }).collect();
            let _ = writeln!(text, "    {:<17} {value}", format!("{name}:"));
        }
    }
    text
}

/// One of the resource's texts.
pub(crate) fn text(memory: Memory<'_>, module: &Module, name: &str) -> Option<String> {
    let image = Image::read(memory, module.base, module.size).ok()?;
    let texts = image.version_texts().ok()??.texts;
    texts.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The texts that are shown, in this order.
const NAMES: &[&str] = &[
    "CompanyName",
    "ProductName",
    "InternalName",
    "OriginalFilename",
    "ProductVersion",
    "FileVersion",
    "PrivateBuild",
    "SpecialBuild",
    "FileDescription",
    "LegalCopyright",
    "LegalTrademarks",
    "Comments",
];

fn fixed(info: &FixedFileInfo, text: &mut String) {
    let version =
        |(high, low): (u32, u32)| format!("{}.{}.{}.{}", high >> 16, high & 0xffff, low >> 16, low & 0xffff);
    let _ = writeln!(text, "    File version:     {}", version(info.file_version));
    let _ = writeln!(text, "    Product version:  {}", version(info.product_version));
    let _ = writeln!(
        text,
        "    File flags:       {:X} (Mask {:X}){}",
        info.flags & info.flags_mask,
        info.flags_mask,
        flags(info.flags & info.flags_mask)
    );
    let _ = writeln!(text, "    File OS:          {:X} {}", info.os, os(info.os));
    let (kind, sub) = info.kind;
    let _ = writeln!(text, "    File type:        {kind:X}.{sub:X} {}", kind_name(kind));
    let _ = writeln!(text, "    File date:        {:08X}.{:08X}", info.date.0, info.date.1);
}

/// `VS_FF_*`.
fn flags(flags: u32) -> String {
    const NAMES: [(u32, &str); 6] = [
        (1, "Debug"),
        (2, "Pre-release"),
        (4, "Patched"),
        (8, "Private"),
        (0x10, "Info inferred"),
        (0x20, "Special"),
    ];
    let set = NAMES.iter().filter(|(bit, _)| flags & bit != 0);
    set.flat_map(|(_, name)| [" ", *name]).collect()
}

/// `VOS_*`.
fn os(os: u32) -> String {
    let system = match os >> 16 {
        0 => "Unknown",
        1 => "DOS",
        2 => "OS/2 16-bit",
        3 => "OS/2 32-bit",
        4 => "NT",
        _ => "Unknown",
    };
    let base = match os & 0xffff {
        0 => "Base",
        1 => "Win16",
        2 => "PM-16",
        3 => "PM-32",
        4 => "Win32",
        _ => "Unknown",
    };
    format!("{system} {base}")
}

/// `VFT_*`.
fn kind_name(kind: u32) -> &'static str {
    match kind {
        1 => "App",
        2 => "Dll",
        3 => "Driver",
        4 => "Font",
        5 => "VXD",
        7 => "Static Lib",
        _ => "Unknown",
    }
}
