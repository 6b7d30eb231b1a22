//! The page for a person who may not grant what an application asked for.

use askama::Template;

use super::{Field, Layout, ScopeLine};

/// Says which scopes the person's account may not grant, what to do about it, and leads back to the application.
#[derive(Template)]
#[template(path = "invalid_request.html")]
pub struct InvalidRequestPage {
    /// The frame.
    pub layout: Layout,
    /// The application's name.
    pub application: String,
    /// The scopes that the account may not grant. Empty: none were named, and it may grant nothing at all.
    pub scopes: Vec<ScopeLine>,
    /// Where **Not you?** leads: most who come here are signed in to another account than they thought.
    pub switch_href: String,
    /// The way back.
    pub back: Back,
}

impl InvalidRequestPage {
    /// The page as text.
    #[must_use]
    pub fn html(&self) -> String {
        super::rendered(self)
    }
}

/// The answer that a button carries back to the application, as a form. The form has no `form_token`: that is not
/// the application's to see.
#[derive(Clone, PartialEq, Eq)]
pub struct Back {
    /// The confirmed redirect URI. A browser drops the query of a `GET` form's address, so its own parameters belong
    /// in `fields`; a fragment is kept, and is where the answer goes for `response_mode=fragment`.
    pub action: String,
    /// The parameters.
    pub fields: Vec<Field>,
    /// Whether they are posted (`response_mode=form_post`) or go into the query.
    pub post: bool,
}
