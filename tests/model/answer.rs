//! What comes back, as far as the model speaks of it.

use super::scopes::Scopes;
use super::state::Model;

/// What was seen of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// It was done.
    Done,
    /// An error in JSON.
    Error(u16, String),
    /// Tokens of this scope; the refresh token is one seen before, of this grant and generation, or new.
    Issued {
        scope: Scopes,
        refresh: Option<(u8, u64)>,
    },
    Inactive,
    Active {
        scope: Scopes,
        person: usize,
        client: usize,
    },
    /// The person, with what these scopes cover.
    Person {
        shown: Scopes,
    },
    /// A code, and whether the person was asked.
    Code {
        asked: bool,
    },
    /// A page of this status that leads nowhere.
    Page(u16),
    /// An error carried back to the application.
    CarriedBack(String),
    /// The sign-in page, which this person cannot get past.
    SignInPage,
    /// The applications on the account page.
    Applications(Vec<usize>),
    /// The grants the operator sees with their scopes, and the status of ending one.
    Grants(Vec<(u8, Scopes)>, u16),
}

/// What may be seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expected {
    Exactly(Seen),
    /// The person with what all of `at_least` and nothing beyond `at_most` covers.
    Person {
        at_least: Scopes,
        at_most: Scopes,
    },
}

impl Expected {
    pub fn admits(&self, seen: &Seen) -> bool {
        match (self, seen) {
            (Self::Exactly(expected), seen) => expected == seen,
            (Self::Person { at_least, at_most }, Seen::Person { shown }) => {
                at_least.is_within(*shown) && shown.is_within(*at_most)
            }
            _ => false,
        }
    }
}

/// What may come of an operation: each with the state after it. With everything known everywhere at once it
/// is the first.
pub type Outcomes = Vec<(Expected, Model)>;

/// An error of RFC 6749 section 5.2 with its usual status.
pub fn refusal(error: &str) -> Expected {
    let status = if error == "invalid_client" { 401 } else { 400 };
    Expected::Exactly(Seen::Error(status, error.to_owned()))
}

/// It is done, and there is nothing else to say.
pub fn done(model: Model) -> Outcomes {
    vec![(Expected::Exactly(Seen::Done), model)]
}
