//! `/login`.

use askama::Template;

use super::Layout;

/// The sign-in form: `POST /login` with `email`, `password`, `return` and `form_token`.
#[derive(Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// The frame; a person in it is told that they are signed in already.
    pub layout: Layout,
    /// The application that sent the person here, if one did.
    pub heading_for: Option<String>,
    /// What the e-mail field holds to begin with.
    pub email: String,
    /// What went wrong with the last attempt, in a sentence.
    pub error: Option<String>,
    /// Where to go once signed in.
    pub return_to: String,
    /// The token that proves the form is ours.
    pub form_token: String,
}

impl LoginPage {
    /// The page as text.
    #[must_use]
    pub fn html(&self) -> String {
        super::rendered(self)
    }
}
