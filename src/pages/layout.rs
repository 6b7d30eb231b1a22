//! What every page has in common.

/// The frame around a page: whose event it is, and who is looking at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The event's name, as people know it. Empty where no event is known: the page then names none.
    pub event: String,
    /// The event's colour, `#rrggbb` and already validated: a band at the top, and browsers that tint their own frame
    /// do it with this. No button has it, for red is what is sensitive.
    pub accent: Option<String>,
    /// Who is signed in, if anybody.
    pub person: Option<Person>,
}

impl Layout {
    /// The event's name, or words for it where there is none.
    pub(super) fn event_in_words(&self) -> &str {
        if self.event.is_empty() {
            "this event"
        } else {
            &self.event
        }
    }
}

/// The signed-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name, as they wrote it.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
}

/// One hidden field of a form that carries an answer back to an application. The value may be a code, so it has
/// no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// The parameter's name.
    pub name: String,
    /// The parameter's value.
    pub value: String,
}
