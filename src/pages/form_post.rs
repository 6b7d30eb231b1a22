//! `response_mode=form_post`: the answer as a form that posts itself.

use askama::Template;

use super::{Field, Layout};

/// Posts the answer to the application: at once by script, or with a **Continue** button.
#[derive(Template)]
#[template(path = "form_post.html")]
pub struct FormPostPage {
    /// The frame.
    pub layout: Layout,
    /// The application's name.
    pub application: String,
    /// The confirmed redirect URI.
    pub action: String,
    /// The answer's parameters.
    pub fields: Vec<Field>,
}

impl FormPostPage {
    /// The page as text.
    #[must_use]
    pub fn html(&self) -> String {
        super::rendered(self)
    }
}
