//! ExceptionStream (6): `MINIDUMP_EXCEPTION_STREAM`, 0xa8 bytes.

use zerocopy::IntoBytes;

use super::table;
use crate::arch::Width;
use crate::container::StreamLocation;
use crate::context;
use crate::damage::Damage;
use crate::extract::{Extract, Losses};
use crate::format::MINIDUMP_EXCEPTION_STREAM;
use crate::limits;

/// `EXCEPTION_MAXIMUM_PARAMETERS` of winnt.h.
const MAXIMUM_PARAMETERS: u32 = 15;

/// Copies the record with its context; a count of parameters that cannot be is clipped.
pub(crate) fn copy(
    at: &StreamLocation,
    width: Width,
    out: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> Result<(), Damage> {
    let mut raw: MINIDUMP_EXCEPTION_STREAM = table::structure(out.meta, at)?;
    let parameters = raw.number_parameters.get();
    if parameters > MAXIMUM_PARAMETERS {
        raw.number_parameters = MAXIMUM_PARAMETERS.into();
        let (found, most) = (u64::from(parameters), u64::from(MAXIMUM_PARAMETERS));
        damage.push(Damage::FieldClipped { stream: at.kind, what: "NumberParameters", found, most });
    }
    raw.exception_address = width.normalise(raw.exception_address.get()).into();
    raw.exception_record = width.normalise(raw.exception_record.get()).into();
    for parameter in &mut raw.exception_information {
        *parameter = width.normalise(parameter.get()).into();
    }
    let mut losses = Losses::default();
    raw.thread_context = out.record(raw.thread_context, limits::CONTEXT_BYTES, "context", 0, &mut losses);
    out.change(raw.thread_context, |context| context::clear_notes(context, width));
    losses.report(at.kind, damage);
    out.stream(at.kind, &[raw.as_bytes()])
}
