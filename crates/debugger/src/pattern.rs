//! The debugger's wildcards: `*`, `?`, `#` (the character before it any number of times), `[AC]`.

/// Characters of a pattern; longer ones match nothing.
const LONGEST: usize = 1024;

/// Whether the whole text matches, whatever the case of its letters.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    if pattern.len() > LONGEST {
        return false;
    }
    let fold = |text: &str| text.chars().map(|c| c.to_ascii_lowercase()).collect::<Vec<_>>();
    let (pattern, text) = (fold(pattern), fold(text));
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&'*') {
            star = Some((p + 1, t));
            p += 1;
            continue;
        }
        if t == text.len() && p == pattern.len() {
            return true;
        }
        if let Some(next) = text.get(t).and_then(|c| one(&pattern, p, *c)) {
            (p, t) = (next, t + 1);
            continue;
        }
        // Back to the last `*`, which takes one more character.
        match star {
            Some((behind, taken)) if taken < text.len() => {
                star = Some((behind, taken + 1));
                (p, t) = (behind, taken + 1);
            }
            _ => return false,
        }
    }
}

/// Where the pattern goes on if its part at `p` takes this character.
fn one(pattern: &[char], p: usize, c: char) -> Option<usize> {
    match pattern.get(p)? {
        '?' => Some(p + 1),
        '[' => {
            let end = pattern[p..].iter().position(|c| *c == ']')? + p;
            let set = &pattern[p + 1..end];
            let range = set.windows(3).any(|w| w[1] == '-' && (w[0]..=w[2]).contains(&c));
            (range || set.contains(&c)).then_some(end + 1)
        }
        other => (*other == c).then_some(p + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, text) in [
            ("k*", "KernelBase"),
            ("*", ""),
            ("ntd?l", "ntdll"),
            ("Rtl[AC]*Heap", "RtlCreateHeap"),
            ("*a*b", "xaxbab"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("k", "kernel"), ("Rtl[AC]*", "RtlFree"), ("a?", "a"), ("*x", "y")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        assert!(!matches(&"*a".repeat(300), &"a".repeat(299)));
    }
}
