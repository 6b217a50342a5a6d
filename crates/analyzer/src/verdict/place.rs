//! Where it happened: the frame that is blamed, or else the innermost one in a module.

use super::BlamedPlace;
use crate::facts::{Facts, FrameReport, Hex, ModuleReport, OpenedBy};
use crate::stack::is_system;
use crate::symbols::Source;

/// The place in the exception's thread.
pub(super) fn of(facts: &Facts) -> Option<BlamedPlace> {
    let exception = facts.exception.as_ref()?;
    if let Some(place) = of_program(facts) {
        return Some(place);
    }
    if let Some(place) = stored(facts) {
        return Some(place);
    }
    if let Some(frame) = asked_earlier(facts) {
        let (module, offset) = in_module(facts, frame)?;
        return Some(BlamedPlace { thread_id: exception.thread_id, module, offset, function: None });
    }
    let thread = facts.crashed_thread()?;
    let frames = thread.frames.as_deref().unwrap_or_default();
    let blamed = thread.blame.as_ref().and_then(|blame| frames.get(blame.frame));
    let frame = blamed.or_else(|| frames.iter().find(|frame| frame.module_index.is_some()))?;
    let (module, offset) = in_module(facts, frame)?;
    let sure = frame.source.is_some_and(|source| source != Source::NearestExport);
    let function = frame.function.clone().filter(|_| sure);
    Some(BlamedPlace { thread_id: exception.thread_id, module, offset, function })
}

/// The program's own calls in which Windows Runtime code stored the error that ended it, with their modules: where the program
/// then ended itself says nothing. Without those calls, the address that was stored.
pub(in crate::verdict) fn stored_calls(facts: &Facts) -> impl Iterator<Item = (&ModuleReport, Hex)> {
    let original = facts.exception.as_ref().and_then(|exception| exception.original.as_deref());
    let original = original.filter(|original| original.by == OpenedBy::Stowed);
    let own = facts.exception.as_ref().map(|exception| exception.address);
    let calls =
        original.into_iter().flat_map(|o| o.calls.iter().map(|call| (call.module_index, call.address)));
    let address = original.filter(|o| o.calls.is_empty()).map(|o| &o.exception);
    let address = address.filter(move |e| Some(e.address) != own).map(|e| (e.module_index, e.address));
    calls.chain(address).filter_map(|(index, address)| {
        let module = facts.modules.get(index?).filter(|module| !is_system(&module.path))?;
        Some((module, Hex(address.0.saturating_sub(module.base.0))))
    })
}

fn stored(facts: &Facts) -> Option<BlamedPlace> {
    let (module, offset) = stored_calls(facts).next()?;
    let module = crate::process::module_names::module_name(&module.path).to_owned();
    Some(BlamedPlace { thread_id: facts.exception.as_ref()?.thread_id, module, offset, function: None })
}

/// Who asked for memory that was refused before the program ended itself.
fn asked_earlier(facts: &Facts) -> Option<&FrameReport> {
    let request = facts.request.as_ref().filter(|request| request.earlier)?;
    let frames = facts.crashed_thread()?.raised.iter().flat_map(|raised| &raised.frames);
    let own = |frame: &&FrameReport| {
        frame.module_index.and_then(|n| facts.modules.get(n)).is_some_and(|module| !is_system(&module.path))
    };
    frames.filter(|row| !row.inline).skip(request.frame + 1).find(own)
}

/// The module of a frame, and how far in; of a .NET method its assembly, and how far into the method.
fn in_module(facts: &Facts, frame: &FrameReport) -> Option<(String, Hex)> {
    if frame.source == Some(Source::Runtime) {
        return frame.module.clone().zip(frame.offset);
    }
    let module = facts.modules.get(frame.module_index?)?;
    Some((frame.module.clone()?, Hex(frame.ip.0.saturating_sub(module.base.0))))
}

/// Of a 32-bit program in a 64-bit dump: the exception's address. The stack is that of the code that switches processors.
fn of_program(facts: &Facts) -> Option<BlamedPlace> {
    let exception = facts.exception_of_program()?;
    let module = facts.modules.get(exception.module_index?)?;
    let site = exception.symbol.iter().find(|site| !site.inline);
    let sure = |source: Option<Source>| source.is_some_and(|source| source != Source::NearestExport);
    Some(BlamedPlace {
        thread_id: exception.thread_id,
        module: crate::process::module_names::module_name(&module.path).to_owned(),
        offset: Hex(exception.address.0.saturating_sub(module.base.0)),
        function: site.filter(|site| sure(site.source)).and_then(|site| site.function.clone()),
    })
}
