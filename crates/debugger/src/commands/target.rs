//! `version`, `vertarget`, `.time`: the system and the clock.

use std::fmt::Write as _;

use super::{At, Command};
use crate::clock;
use crate::error::{Error, Result, Stop};
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new("vertarget", "vertarget", "the system on which the dump was written, and when", vertarget),
    Command::new("version", "version", "the same, and the version of this program", version),
    Command::new("vercommand", "", "", vercommand),
    Command::new(
        ".time",
        ".time [-h HOURS]",
        "when the dump was written, and how long system and process had run",
        time,
    ),
];

/// `MINIDUMP_HEADER.Flags`: `MiniDumpWithFullMemory`.
const FULL_MEMORY: u64 = 2;

impl Session<'_, '_> {
    pub(crate) fn is_full(&self) -> bool {
        self.process.dump.header().flags & FULL_MEMORY != 0
    }

    /// `Full memory user mini dump: PATH`.
    pub(crate) fn dump_title(&self) -> String {
        let kind = if self.is_full() { "Full memory user mini dump" } else { "User mini dump" };
        format!("{kind}: {}", self.options.path)
    }

    /// What the debugger prints before the first prompt.
    pub(crate) fn banner(&mut self) -> String {
        let mut text =
            format!("\ndumplens {}: WinDbg's commands for minidumps\n\n", env!("CARGO_PKG_VERSION"));
        let _ = writeln!(text, "\nLoading Dump File [{}]", self.options.path);
        text.push_str(if self.is_full() {
            "User Mini Dump File with Full Memory: Only application data is available\n\n"
        } else {
            "User Mini Dump File: Only registers, stack and portions of memory are available\n\n"
        });
        let _ = writeln!(text, "Symbol search path is: {}", self.options.symbol_path);
        let _ = writeln!(text, "Executable search path is: {}", self.options.image_path);
        text.push_str(&self.target(0));
        let count = self.process.modules.len();
        for line in 0..count.div_ceil(64) {
            let _ = writeln!(text, "{}", ".".repeat((count - line * 64).min(64)));
        }
        if self.exception.is_some() {
            text.push_str("This dump file has an exception of interest stored in it.\n");
            text.push_str("The stored exception information can be accessed via .ecxr.\n");
            let id = self.process.threads.get(self.event_thread).map_or(0, |thread| thread.id);
            let event = super::exception::event(self);
            let _ = writeln!(text, "({:x}.{id:x}): {event}", self.process_id());
        }
        text.push_str("For analysis of this file, run !analyze -v\n");
        text
    }

    /// System, times and uptimes.
    pub(crate) fn target(&self, hours: u64) -> String {
        let mut text = String::new();
        if let Some(system) = &self.process.system {
            let processors = system.processors;
            let kind = if processors == 1 { "UP".to_owned() } else { format!("MP ({processors} procs)") };
            let machine = self.machine_name();
            let pack = system.service_pack.as_deref().filter(|pack| !pack.is_empty());
            let pack = pack.map_or(String::new(), |pack| format!(" ({pack})"));
            let name = if self.process.is_windows() {
                product(system.major, system.minor)
            } else {
                "Unknown System"
            };
            let _ = writeln!(text, "{name} Version {}{pack} {kind} Free {machine}", system.build);
            let product = match system.product_type {
                1 => "WinNt",
                2 => "LanManNt",
                3 => "Server",
                _ => "WinNt",
            };
            let suite = suites(system.suite_mask);
            let suite = suite.map_or(String::new(), |s| format!(", suite: {s}"));
            if self.process.is_windows() || system.product_type != 0 {
                let _ = writeln!(text, "Product: {product}{suite}");
            }
        }
        let misc = self.process.dump.misc_info().ok().flatten().unwrap_or_default();
        if let Some(lab) = misc.build_string.as_deref().filter(|lab| !lab.is_empty()) {
            let _ = writeln!(text, "{}", lab.split(';').next().unwrap_or(lab));
        }
        if let Some(version) = self.kernel32() {
            let _ = writeln!(text, "kernel32.dll version: {version}");
        }
        text.push_str("Machine Name:\n");
        text.push_str(&self.times(hours));
        text
    }

    /// What kernel32 calls its version, if it names the lab that made it.
    fn kernel32(&self) -> Option<String> {
        let module = self.process.modules.get(self.module_named("kernel32")?)?;
        crate::version::text(self.memory, module, "FileVersion").filter(|version| version.contains('('))
    }

    fn times(&self, hours: u64) -> String {
        let mut text = String::new();
        let stamp = self.process.dump.header().time_date_stamp;
        let session = clock::file_time(clock::filetime(stamp), hours).unwrap_or_default();
        let _ = writeln!(text, "Debug session time: {session}");
        let uptime = self.process.shared_data.as_ref().map(|shared| shared.uptime_ms);
        match uptime {
            Some(ms) => {
                let _ = writeln!(text, "System Uptime: {}", clock::span(ms * 10_000));
            }
            None => text.push_str("System Uptime: not available\n"),
        }
        let misc = self.process.dump.misc_info().ok().flatten().unwrap_or_default();
        match misc.process_create_time.filter(|created| *created != 0 && *created < stamp) {
            Some(created) => {
                let _ = writeln!(
                    text,
                    "Process Uptime: {}",
                    clock::span(u64::from(stamp - created) * 10_000_000)
                );
            }
            None => text.push_str("Process Uptime: not available\n"),
        }
        if let (Some(kernel), Some(user)) = (misc.process_kernel_time, misc.process_user_time) {
            let _ = writeln!(text, "  Kernel time: {}", clock::span(u64::from(kernel) * 10_000_000));
            let _ = writeln!(text, "  User time: {}", clock::span(u64::from(user) * 10_000_000));
        }
        text
    }
}

/// `wProductType`'s name is in the text; this is the system's.
fn product(major: u32, minor: u32) -> &'static str {
    match (major, minor) {
        (5, 0) => "Windows 2000",
        (5, 1) => "Windows XP",
        (5, 2) => "Windows Server 2003",
        (6, 0) => "Windows Vista",
        (6, 1) => "Windows 7",
        (6, 2) => "Windows 8",
        (6, 3) => "Windows 8.1",
        (10, _) => "Windows 10",
        _ => "Windows",
    }
}

/// `VER_SUITE_*` of winnt.h.
pub(in crate::commands) fn suites(mask: u16) -> Option<String> {
    const NAMES: [&str; 16] = [
        "SmallBusiness",
        "Enterprise",
        "BackOffice",
        "CommunicationServer",
        "TerminalServer",
        "SmallBusinessRestricted",
        "EmbeddedNT",
        "DataCenter",
        "SingleUserTS",
        "Personal",
        "Blade",
        "EmbeddedRestricted",
        "SecurityAppliance",
        "StorageServer",
        "ComputeServer",
        "HomeServer",
    ];
    let set: Vec<&str> = (0..16).filter(|bit| mask >> bit & 1 == 1).map(|bit| NAMES[bit]).collect();
    (!set.is_empty()).then(|| set.join(" "))
}

fn vertarget(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    out.text(&session.target(0));
    line.expect_end()
}

fn version(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    out.text(&session.target(0));
    out.line(session.dump_title());
    out.line(format!(
        "\ndumplens {}: imitates Microsoft's debugger (engine 10.0.15063), and is not it",
        env!("CARGO_PKG_VERSION")
    ));
    line.expect_end()
}

fn vercommand(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    out.line("command line: 'dumplens cdb'");
    line.expect_end()
}

fn time(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    let mut hours = 0;
    if line.peek() == b'-' && line.at(1) == b'h' {
        line.pos += 2;
        line.blanks();
        let begin = line.pos;
        while line.peek().is_ascii_digit() {
            line.pos += 1;
        }
        hours = if let Some(hours) = line.from(begin).parse::<u64>().ok().filter(|h| *h < 100) {
            hours
        } else {
            let rest = line.between(begin, line.text.len());
            line.pos = line.text.len();
            return Err(Stop::Error(Error::Plain(format!("Hour adjustment missing from '{rest}'"))));
        };
    }
    out.text(&session.times(hours));
    line.expect_end()
}
