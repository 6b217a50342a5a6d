//! What was read last, for those who read neighbours next.

/// A few runs of items by the key they were asked for, the one asked for last first.
#[derive(Debug)]
pub(crate) struct Recent<T, const MOST: usize>(Vec<(u64, Vec<T>)>);

impl<T, const MOST: usize> Default for Recent<T, MOST> {
    fn default() -> Self {
        Recent(Vec::new())
    }
}

impl<T, const MOST: usize> Recent<T, MOST> {
    /// What is held by the key; made if it is not.
    pub(crate) fn get<E>(&mut self, key: u64, make: impl FnOnce() -> Result<Vec<T>, E>) -> Result<&[T], E> {
        if let Some(at) = self.0.iter().position(|(held, _)| *held == key) {
            self.0.get_mut(..=at).unwrap_or_default().rotate_right(1);
        } else {
            let made = make()?;
            self.0.truncate(MOST.saturating_sub(1));
            self.0.insert(0, (key, made));
        }
        Ok(self.0.first().map_or(&[], |(_, items)| items))
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    #[test]
    fn two_in_turn_are_made_once_each() {
        let (mut recent, mut made) = (Recent::<_, 2>::default(), Vec::new());
        for key in [3, 9, 3, 9, 4, 9, 3, 3] {
            let make = || {
                made.push(key);
                Ok::<_, ()>(vec![key])
            };
            assert_eq!(recent.get(key, make), Ok(&[key][..]));
        }
        assert_eq!(made, [3, 9, 4, 3]);
    }

    #[test]
    fn what_could_not_be_made_is_not_held() {
        let mut recent = Recent::<u8, 2>::default();
        assert_eq!(recent.get(1, || Err("not readable")), Err("not readable"));
        assert_eq!(recent.get(1, || Ok::<_, &str>(Vec::new())), Ok(&[][..]));
    }
}
