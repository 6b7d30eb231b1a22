//! Events, scope catalogues, roles, applications, integrations, accounts by e-mail, audit and usage.
//!
//! [`platform_object::PlatformObject`] is the authority for what spans events (hosts, applications);
//! [`event_object::EventObject`] for what belongs to one. Both project their records to KV; edge code
//! reads those and asks the object before it refuses anybody.

pub mod account_row;
pub mod application;
pub mod audit;
pub mod catalogue;
pub mod event;
pub mod event_command;
pub mod event_object;
pub mod event_settings;
pub mod integration;
pub mod platform_command;
pub mod platform_object;
pub mod usage;

use serde::{Deserialize, Deserializer, Serialize};

use crate::ledger::sortable;
use crate::protocol::client::ClientId;

/// Why an operator's request is not carried out. The texts are for the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// 400: something in it cannot be.
    Invalid(String),
    /// 404: there is no such thing.
    Missing,
    /// 409: it does not go with what is there.
    Conflict(String),
}

impl Problem {
    /// [`Problem::Invalid`] with these words.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }
}

/// A value as a message shows it: what somebody sent may be long, or have characters that no `error_description` has
/// (RFC 6749 section 5.2).
#[must_use]
pub fn shown(value: &str) -> String {
    let short: String = value.chars().take(100).collect();
    format!("'{}'", legible(&short))
}

/// A text without the characters that no `error_description` has.
#[must_use]
pub fn legible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' | '\\' => '?',
            ' '..='~' => c,
            _ => '?',
        })
        .collect()
}

/// Whether something is in use or paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// In use.
    #[default]
    Active,
    /// Paused: nothing is ended, nothing works.
    Suspended,
}

/// Reads a field that may be left out, null or a value: left out keeps, null clears.
///
/// # Errors
/// As the value's own reading.
pub fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// Checks a text field: its length in characters, and that it has no control characters.
///
/// # Errors
/// [`Problem::Invalid`] that names the field.
pub fn check_text(field: &str, text: &str, least: usize, most: usize) -> Result<(), Problem> {
    let length = text.chars().count();
    let blank = least > 0 && text.trim().is_empty();
    if blank || length < least || length > most {
        return Err(Problem::invalid(format!(
            "{field} must have {least} to {most} characters."
        )));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Problem::invalid(format!(
            "{field} must not contain control characters."
        )));
    }
    Ok(())
}

/// Checks a name or a title of the organiser's or a developer's, which people read in the middle of a sentence and go by.
/// (What people are called comes from registration as it is.)
///
/// # Errors
/// [`Problem::Invalid`] as of [`check_text`]; for a line break, for what changes the direction of the words around it, and
/// if something must be there, but nothing can be seen.
pub fn check_line(field: &str, text: &str, least: usize, most: usize) -> Result<(), Problem> {
    check_text(field, text, least, most)?;
    let breaks = |c| matches!(c, '\n' | '\u{2028}' | '\u{2029}');
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.chars().any(|c| breaks(c) || turns(c)) {
        return Err(Problem::invalid(format!(
            "{field} must not contain line breaks or characters that change the direction of text."
        )));
    }
    if least > 0 && text.chars().all(is_invisible) {
        return Err(Problem::invalid(format!(
            "{field} must contain a visible character."
        )));
    }
    Ok(())
}

/// White space, and letters without a look of their own.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// What a row of a client is called: in the order of their numbers.
#[must_use]
pub fn row_of(client_id: &ClientId) -> String {
    sortable(client_id.as_str().parse().unwrap_or(0))
}
