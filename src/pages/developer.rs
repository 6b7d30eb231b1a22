//! `/developer`.

use askama::Template;

use super::{Layout, ScopeLine};

/// What somebody reads who writes an application for this event: where it connects, and what it may ask for. Nothing
/// on it is of a person, so it needs no signing in.
#[derive(Template)]
#[template(path = "developer.html")]
pub struct DeveloperPage {
    /// The frame.
    pub layout: Layout,
    /// The issuer, and what is asked of it.
    pub addresses: Vec<Address>,
    /// What an application can be approved for on behalf of a person.
    pub for_people: Vec<ScopeLine>,
    /// What it can be approved for as a service.
    pub for_services: Vec<ScopeLine>,
    /// Seconds in which a refresh token that was just used may be sent again.
    pub retry_window: u64,
    /// Days after which a refresh token ends that was not used.
    pub refresh_idle_days: Option<u64>,
}

/// One address of the event.
pub struct Address {
    /// What it is for, in the RFCs' words.
    pub name: &'static str,
    /// The whole of it.
    pub url: String,
}

impl DeveloperPage {
    /// The page as text.
    #[must_use]
    pub fn html(&self) -> String {
        super::rendered(self)
    }
}
