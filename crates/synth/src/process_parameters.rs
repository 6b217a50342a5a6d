//! RTL_USER_PROCESS_PARAMETERS with the strings behind it.

use crate::arch::Width;
use crate::bytes::{At, Fields, len32, low32, utf16_nul};

/// Command line, environment and paths of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessParameters {
    /// Address of the structure; the strings follow it.
    pub address: u64,
    /// Stores the strings' places as offsets from `address`, as before the process was started (Flags bit 0
    /// clear); normally they are addresses.
    pub relative: bool,
    /// CurrentDirectory.DosPath.
    pub current_directory: String,
    /// DllPath.
    pub dll_path: String,
    /// ImagePathName.
    pub image_path: String,
    /// CommandLine.
    pub command_line: String,
    /// WindowTitle.
    pub window_title: String,
    /// DesktopInfo.
    pub desktop: String,
    /// Environment, (name, value).
    pub environment: Vec<(String, String)>,
}

const SIZE: At = At(0x2C0, 0x440);
const MAXIMUM_LENGTH: usize = 0x0;
const LENGTH: usize = 0x4;
const FLAGS: usize = 0x8;
const CURRENT_DIRECTORY: At = At(0x24, 0x38);
const DLL_PATH: At = At(0x30, 0x50);
const IMAGE_PATH_NAME: At = At(0x38, 0x60);
const COMMAND_LINE: At = At(0x40, 0x70);
const ENVIRONMENT: At = At(0x48, 0x80);
const WINDOW_TITLE: At = At(0x70, 0xB0);
const DESKTOP_INFO: At = At(0x78, 0xC0);
const ENVIRONMENT_SIZE: At = At(0x290, 0x3F0);
/// Distance from a UNICODE_STRING to its Buffer.
const BUFFER: At = At(0x4, 0x8);

impl ProcessParameters {
    /// The structure (0x2C0 or 0x440 bytes), then its strings and the environment.
    pub fn to_bytes(&self, width: Width) -> Vec<u8> {
        let mut p = Fields::new(width, SIZE);
        for (at, text) in [
            (CURRENT_DIRECTORY, &self.current_directory),
            (DLL_PATH, &self.dll_path),
            (IMAGE_PATH_NAME, &self.image_path),
            (COMMAND_LINE, &self.command_line),
            (WINDOW_TITLE, &self.window_title),
            (DESKTOP_INFO, &self.desktop),
        ] {
            self.unicode_string(&mut p, at, text);
        }
        let environment = self.environment_block();
        let place = self.append(&mut p, &environment);
        p.pointer(ENVIRONMENT, place);
        p.pointer(ENVIRONMENT_SIZE, environment.len() as u64);
        p.u32(FLAGS, u32::from(!self.relative));
        let length = len32(p.bytes.len());
        p.u32(MAXIMUM_LENGTH, length);
        p.u32(LENGTH, length);
        p.bytes
    }

    fn unicode_string(&self, p: &mut Fields, at: At, text: &str) {
        let bytes = utf16_nul(text);
        let size = u16::try_from(bytes.len()).expect("a UNICODE_STRING holds less than 64 KiB");
        let place = self.append(p, &bytes);
        let start = p.at(at);
        p.u16(start, size - 2);
        p.u16(start + 2, size);
        p.pointer(At(at.0 + BUFFER.0, at.1 + BUFFER.1), place);
    }

    fn append(&self, p: &mut Fields, bytes: &[u8]) -> u64 {
        let aligned = p.bytes.len().next_multiple_of(8);
        p.bytes.resize(aligned, 0);
        p.bytes.extend_from_slice(bytes);
        if self.relative { low32(aligned as u64).into() } else { self.address + aligned as u64 }
    }

    fn environment_block(&self) -> Vec<u8> {
        let line = |(name, value): &(String, String)| utf16_nul(&format!("{name}={value}"));
        let mut block: Vec<u8> = self.environment.iter().flat_map(line).collect();
        block.extend([0, 0]);
        block
    }
}
