//! Another reader opens every preset and finds the values that were put in.

use std::time::UNIX_EPOCH;

use dumplens_synth::{Process, Region, Thread, presets};
use minidump::{
    Minidump, MinidumpException, MinidumpHandleDataStream, MinidumpMemory64List, MinidumpMemoryInfoList,
    MinidumpMiscInfo, MinidumpModuleList, MinidumpSystemInfo, MinidumpThreadInfoList, MinidumpThreadList,
    MinidumpThreadNames, MinidumpUnloadedModuleList, Module, UnifiedMemory,
};

type Dump<'a> = Minidump<'a, Vec<u8>>;

fn read_back(process: &Process) {
    let (bytes, layout) = process.to_bytes();
    assert_eq!(bytes.len() as u64, layout.file_size);
    let dump = Minidump::read(bytes).expect("readable");
    assert_eq!(dump.header.flags, process.flags);
    assert_eq!(dump.header.time_date_stamp, process.time_date_stamp);
    system(process, &dump);
    threads(process, &dump);
    modules(process, &dump);
    regions(process, &dump);
    memory(process, &dump);
    exception(process, &dump);
    handles(process, &dump);
}

fn system(process: &Process, dump: &Dump) {
    let (wanted, found) =
        (process.system.as_ref().unwrap(), dump.get_stream::<MinidumpSystemInfo>().unwrap());
    assert_eq!(found.raw.processor_architecture, process.arch.number());
    assert_eq!(
        (found.raw.major_version, found.raw.build_number, found.raw.platform_id),
        (wanted.major, wanted.build, wanted.platform_id)
    );
    let (wanted, found) = (process.misc.as_ref().unwrap(), dump.get_stream::<MinidumpMiscInfo>().unwrap());
    assert_eq!(found.raw.process_id(), Some(&wanted.pid));
    let created = found.process_create_time().unwrap().duration_since(UNIX_EPOCH).unwrap();
    assert_eq!(created.as_secs(), u64::from(wanted.create_time));
    assert_eq!(found.raw.process_integrity_level(), Some(&wanted.integrity));
    let build: Vec<u16> =
        found.raw.build_string().unwrap().iter().copied().take_while(|&unit| unit != 0).collect();
    assert_eq!(String::from_utf16(&build).unwrap(), wanted.build_string);
}

fn threads(process: &Process, dump: &Dump) {
    let list = dump.get_stream::<MinidumpThreadList>().unwrap();
    let names = dump.get_stream::<MinidumpThreadNames>().unwrap();
    let infos = dump.get_stream::<MinidumpThreadInfoList>().unwrap();
    let (system, misc) =
        (dump.get_stream::<MinidumpSystemInfo>().unwrap(), dump.get_stream::<MinidumpMiscInfo>().unwrap());
    assert_eq!(list.threads.len(), process.threads.len());
    for (wanted, found) in process.threads.iter().zip(&list.threads) {
        let Thread { id, teb, stack_start, stack_size, .. } = *wanted;
        assert_eq!(
            (found.raw.thread_id, found.raw.teb, found.raw.stack.start_of_memory_range),
            (id, teb, stack_start)
        );
        assert_eq!(found.raw.stack.memory.data_size, stack_size);
        assert_eq!(names.get_name(id).as_deref(), wanted.name.as_deref());
        let (context, registers) =
            (wanted.context.as_ref().unwrap(), found.context(&system, Some(&misc)).unwrap());
        assert_eq!(registers.get_instruction_pointer(), context.ip);
        assert_eq!(registers.get_stack_pointer(), context.sp);
        let info = infos.get_thread_info(id).unwrap();
        assert_eq!(info.raw.start_address, wanted.info.unwrap().start_address);
        assert_eq!(info.raw.create_time, wanted.info.unwrap().create_time);
    }
}

fn modules(process: &Process, dump: &Dump) {
    let list = dump.get_stream::<MinidumpModuleList>().unwrap();
    assert_eq!(list.iter().count(), process.modules.len());
    for (wanted, found) in process.modules.iter().zip(list.iter()) {
        assert_eq!((found.base_address(), found.size()), (wanted.base, wanted.size.into()));
        assert_eq!(found.code_file(), wanted.path);
        assert_eq!(found.raw.time_date_stamp, wanted.time_date_stamp);
        assert_eq!(found.debug_file().as_deref(), wanted.code_view.as_ref().map(|view| view.pdb.as_str()));
        let version = wanted.version.unwrap().map(|part| part.to_string()).join(".");
        assert_eq!(found.version().as_deref(), Some(version.as_str()));
    }
    let unloaded = dump.get_stream::<MinidumpUnloadedModuleList>().unwrap();
    let names: Vec<_> = unloaded.iter().map(|module| module.code_file().into_owned()).collect();
    assert_eq!(names, process.unloaded.iter().map(|module| module.name.clone()).collect::<Vec<_>>());
}

fn regions(process: &Process, dump: &Dump) {
    let list = dump.get_stream::<MinidumpMemoryInfoList>().unwrap();
    let found: Vec<_> = list
        .iter()
        .map(|info| Region {
            base: info.raw.base_address,
            allocation_base: info.raw.allocation_base,
            allocation_protect: info.raw.allocation_protection,
            size: info.raw.region_size,
            state: info.raw.state,
            protect: info.raw.protection,
            kind: info.raw._type,
        })
        .collect();
    assert_eq!(Some(found), process.regions);
}

fn memory(process: &Process, dump: &Dump) {
    let list = dump.get_stream::<MinidumpMemory64List>().unwrap();
    assert_eq!(list.iter().count(), process.memory.len());
    for (wanted, found) in process.memory.iter().zip(list.iter()) {
        assert_eq!((found.base_address, found.size), (wanted.start, wanted.size));
    }
    let shared = list.memory_at_address(0x7FFE_0000).unwrap();
    assert_eq!(UnifiedMemory::Memory64(shared).get_memory_at_address(0x7FFE_0260), Some(19045_u32));
}

fn exception(process: &Process, dump: &Dump) {
    let Some(wanted) = &process.exception else {
        assert!(dump.get_stream::<MinidumpException>().is_err());
        return;
    };
    let found = dump.get_stream::<MinidumpException>().unwrap();
    let record = &found.raw.exception_record;
    assert_eq!((found.thread_id, record.exception_code), (wanted.thread_id, wanted.code));
    assert_eq!(record.exception_address, wanted.address);
    assert_eq!(record.number_parameters as usize, wanted.parameters.len());
    assert_eq!(record.exception_information[..wanted.parameters.len()], wanted.parameters);
    let system = dump.get_stream::<MinidumpSystemInfo>().unwrap();
    let registers = found.context(&system, None).unwrap();
    assert_eq!(registers.get_instruction_pointer(), wanted.context.as_ref().unwrap().ip);
}

fn handles(process: &Process, dump: &Dump) {
    let list = dump.get_stream::<MinidumpHandleDataStream>().unwrap();
    assert_eq!(list.handles.len(), process.handles.len());
    for (wanted, found) in process.handles.iter().zip(&list.handles) {
        assert_eq!(found.raw.handle(), Some(&wanted.handle));
        assert_eq!(found.raw.granted_access(), Some(&wanted.granted_access));
        assert_eq!((&found.type_name, &found.object_name), (&wanted.type_name, &wanted.object_name));
    }
}

#[test]
fn tiny_reads_back() {
    read_back(&presets::tiny());
}

#[test]
fn tiny_bad_alloc_reads_back() {
    read_back(&presets::tiny_bad_alloc());
}

#[test]
fn tiny_x86_reads_back() {
    read_back(&presets::tiny_x86());
}

#[test]
fn tiny_wow64_reads_back() {
    read_back(&presets::tiny_wow64());
}

#[test]
fn full_reads_back() {
    read_back(&presets::full(400, 4 << 20, 10, 20));
}

#[test]
fn sizes_fit_exhaustive_tests() {
    assert!(presets::tiny().to_bytes().0.len() < 80 << 10);
    assert!(presets::tiny().trimmed().to_bytes().0.len() < 26 << 10);
}

#[test]
fn trimmed_keeps_every_structure() {
    let process = presets::tiny().trimmed();
    let dump = Minidump::read(process.to_bytes().0).unwrap();
    threads(&process, &dump);
    memory(&process, &dump);
}
