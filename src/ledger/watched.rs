//! What a command touched, so that what follows from it need not be looked for after every command.

use super::Ledger;
use super::outbox::{self, Object};

/// A ledger that takes note of what is changed through it.
#[derive(Debug)]
pub struct Watched<'l, L> {
    ledger: &'l mut L,
    touched: Touched,
    is_urgent: fn(&str) -> bool,
    wakes: fn(&str) -> bool,
}

/// What was touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// The targets that are to be told.
    pub noted: Vec<String>,
    /// When the object wants to be woken may have changed.
    pub waking: bool,
}

impl<'l, L: Ledger> Watched<'l, L> {
    /// Watches the ledger of an object.
    pub fn of<O: Object>(ledger: &'l mut L) -> Self {
        Self {
            ledger,
            touched: Touched::default(),
            is_urgent: O::is_urgent,
            wakes: O::wakes,
        }
    }

    /// What was touched so far.
    #[must_use]
    pub fn into_touched(self) -> Touched {
        self.touched
    }

    fn touch(&mut self, key: &str) {
        match key.strip_prefix(outbox::PREFIX) {
            Some(target) => {
                self.touched.noted.push(target.to_owned());
                self.touched.waking |= (self.is_urgent)(target);
            }
            None => self.touched.waking |= (self.wakes)(key),
        }
    }
}

impl<L: Ledger> Ledger for Watched<'_, L> {
    fn get(&self, key: &str) -> Option<String> {
        self.ledger.get(key)
    }

    fn put(&mut self, key: &str, value: &str) {
        self.touch(key);
        self.ledger.put(key, value);
    }

    fn delete(&mut self, key: &str) {
        self.touch(key);
        self.ledger.delete(key);
    }

    fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        backwards: bool,
        limit: usize,
    ) -> Vec<(String, String)> {
        self.ledger.scan(prefix, after, backwards, limit)
    }
}
