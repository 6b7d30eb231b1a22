//! `/account`: what a person has given away, and how to take it back.

use askama::Template;

use super::{Layout, ScopeLine};

/// A person's applications, sessions and personal access tokens.
#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// The frame; its person is the one whose account it is.
    pub layout: Layout,
    /// What has just been done: it follows from the address, which anybody can write.
    pub notice: Option<Notice>,
    /// Each application the person authorized, once.
    pub applications: Vec<AuthorizedApplication>,
    /// Where the person is signed in.
    pub sessions: Vec<SessionLine>,
    /// The personal access tokens.
    pub tokens: TokensSection,
    /// The form token of the **Sign out** form.
    pub sign_out_token: String,
}

impl AccountPage {
    /// The page as text.
    #[must_use]
    pub fn html(&self) -> String {
        super::rendered(self)
    }

    /// Whether the list is so long that what follows it needs links to be found.
    fn is_long(&self) -> bool {
        self.applications.len() > 3
    }
}

/// What has just been done on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// **Revoke access**, at the application of this name.
    Access(String),
    /// **End session**.
    Session,
    /// **Revoke** at a personal access token.
    Token,
}

/// Who paused an application. Until it is resumed, what the person granted is worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paused {
    /// The organiser, at this event.
    AtThisEvent,
    /// The operator, at every event.
    Everywhere,
}

/// An application the person authorized: `POST /account/applications/{client_id}/revoke`.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizedApplication {
    /// Its API ID.
    pub client_id: String,
    /// Its name.
    pub name: String,
    /// What it does; may be empty.
    pub description: String,
    /// Its website; a link only if it is `https:` or `http:`, plain text otherwise.
    pub website: Option<String>,
    /// What it may do, over all its grants.
    pub scopes: Vec<ScopeLine>,
    /// Whether it may do that only later.
    pub paused: Option<Paused>,
    /// What follows "Authorized", such as `3 May 2025`.
    pub first_authorized: String,
    /// What follows "Last used", such as `3 May 2025` or `never`.
    pub last_used: String,
    /// The form token of the **Revoke access** form.
    pub form_token: String,
}

impl AuthorizedApplication {
    /// The website as a link's address, if it may be one.
    fn link(&self) -> Option<&str> {
        self.website.as_deref().and_then(super::safe_website)
    }
}

/// A browser the person is signed in with: `POST /account/sessions/{id}/end`.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionLine {
    /// The session's id, safe in a path.
    pub id: String,
    /// The browser in words, such as `Firefox on Android`.
    pub browser: String,
    /// What follows "Signed in", such as `3 May 2025`.
    pub signed_in: String,
    /// What follows "Last seen", such as `3 May 2025`.
    pub last_seen: String,
    /// Whether it is the one that is looking at the page; that one has no **End session** form.
    pub current: bool,
    /// The form token of the **End session** form.
    pub form_token: String,
}

/// The personal access tokens, and the form that makes one: `POST /account/tokens` with `name`, any number of
/// `scope`, `expires` (days, or `never`), `form_token` and `attempt`.
#[derive(Clone, PartialEq, Eq)]
pub struct TokensSection {
    /// The person's tokens.
    pub list: Vec<PersonalToken>,
    /// What a token may be given.
    pub choices: Vec<TokenChoice>,
    /// How long a token may live.
    pub expiries: Vec<Expiry>,
    /// The form token of the **Create token** form.
    pub form_token: String,
    /// What tells this showing of the form from any other.
    pub attempt: String,
    /// The token that was just made. This is the one time it is shown.
    pub created: Option<String>,
    /// Whether it took the place of one that the same form made a moment ago.
    pub replaced: bool,
    /// What was wrong with the last attempt to make one.
    pub error: Option<TokenError>,
    /// What the name field holds to begin with.
    pub name: String,
    /// Whether there is a form at all; without it the page says that there is nothing to give a token.
    pub can_create: bool,
}

impl TokensSection {
    /// What was wrong, if it was this that was wrong.
    fn error_at(&self, field: TokenField) -> Option<&str> {
        let error = self.error.as_ref().filter(|error| error.field == field)?;
        Some(&error.words)
    }
}

/// What a token may be given, and whether the person chose it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenChoice {
    /// The scope.
    pub scope: ScopeLine,
    /// Whether it is ticked to begin with.
    pub chosen: bool,
}

/// Why a token was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenError {
    /// What has to be filled in otherwise: the message is told with it, and it has the focus.
    pub field: TokenField,
    /// What was wrong, in a sentence.
    pub words: String,
}

/// A part of the form that makes a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenField {
    /// The name.
    Name,
    /// What it may do.
    Scopes,
    /// When it expires.
    Expires,
    /// None of them: the form would be refused however it was filled in.
    Whole,
}

/// A personal access token: `POST /account/tokens/{id}/revoke`.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalToken {
    /// The token's id, safe in a path. Not the token.
    pub id: String,
    /// What the person called it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<ScopeLine>,
    /// What follows "Created", such as `3 May 2025`.
    pub created: String,
    /// What follows "Last used", such as `3 May 2025` or `never`.
    pub last_used: String,
    /// What follows "Expires", such as `3 May 2026` or `never`.
    pub expires: String,
    /// The form token of the **Revoke** form.
    pub form_token: String,
}

/// One choice of how long a token lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry {
    /// The number of days; without it the token never expires.
    pub days: Option<u32>,
    /// The choice in words.
    pub label: String,
    /// Whether it is the one chosen to begin with.
    pub selected: bool,
}
