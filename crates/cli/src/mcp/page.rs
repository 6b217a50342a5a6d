//! Lists in pieces: an answer with no more than so many entries of each list, and where to go on.

use serde_json::{Map, Value};

/// Entries of a list where nothing else is asked for.
pub(super) const LIMIT: usize = 100;

/// Leaves, of every list in the first two levels, `limit` entries from `offset` on; the offset of what is behind them.
pub(super) fn cut(answer: &mut Map<String, Value>, offset: usize, limit: usize) -> Option<usize> {
    let mut more = false;
    for value in answer.values_mut() {
        match value {
            Value::Array(list) => more |= part(list, offset, limit),
            Value::Object(fields) => {
                for list in fields.values_mut().filter_map(Value::as_array_mut) {
                    more |= part(list, offset, limit);
                }
            }
            _ => {}
        }
    }
    more.then_some(offset.saturating_add(limit))
}

/// Whether entries are left behind the part.
fn part(list: &mut Vec<Value>, offset: usize, limit: usize) -> bool {
    // A short list is part of every piece.
    if list.len() <= limit {
        return false;
    }
    list.drain(..offset.min(list.len()));
    let more = list.len() > limit;
    list.truncate(limit);
    more
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pieces_are_the_whole() {
        let whole = json!({ "n": 1, "rows": (0..25).collect::<Vec<_>>(), "of": { "short": [1, 2], "long": (0..12).collect::<Vec<_>>() } });
        let (mut rows, mut long, mut offset) = (Vec::new(), Vec::new(), Some(0));
        while let Some(from) = offset {
            let mut piece = whole.as_object().unwrap().clone();
            offset = cut(&mut piece, from, 10);
            rows.extend(piece["rows"].as_array().unwrap().clone());
            long.extend(piece["of"]["long"].as_array().unwrap().clone());
            assert_eq!(piece["of"]["short"], json!([1, 2]));
        }
        assert_eq!((json!(rows), json!(long)), (whole["rows"].clone(), whole["of"]["long"].clone()));
    }
}
