//! `GET /logout`.

use askama::Template;

use super::Layout;

/// Asks before signing out, so that a link from elsewhere cannot do it: `POST /logout`.
#[derive(Template)]
#[template(path = "sign_out.html")]
pub struct SignOutPage {
    /// The frame.
    pub layout: Layout,
    /// The token that proves the form is ours.
    pub form_token: String,
}

impl SignOutPage {
    /// The page as text.
    #[must_use]
    pub fn html(&self) -> String {
        super::rendered(self)
    }
}
