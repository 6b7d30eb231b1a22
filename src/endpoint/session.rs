//! Who is signed in, and whether a form is ours.

use super::{LONGEST_BODY, Site};
use crate::account::command::{AskingClient, Command, Reply as AccountReply, Visit};
use crate::pages::Person;
use crate::protocol::params::Params;
use crate::store::ports::{Fault, Ports};
use crate::token::cookie::{CookieValue as _, SessionCookie, VisitCookie};
use crate::token::form_token::{self, Form};
use crate::token::id::SessionId;
use crate::token::random_id;
use crate::web::cookies::Cookie;
use crate::web::reply::Reply;

/// The heading of the 403 page where a form is not ours, of another session, or too old.
pub(super) const OUTDATED: &str = "This form is no longer valid";
/// The heading of the 403 page where nobody is signed in.
pub(super) const NOT_SIGNED_IN: &str = "You are not signed in";

/// A person who is signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The cookie.
    pub cookie: SessionCookie,
    /// What the account's object says.
    pub visit: Visit,
}

impl SignedIn {
    /// For the head of a page.
    #[must_use]
    pub fn person(&self) -> Person {
        Person {
            name: self.visit.profile.name.clone(),
            email: self.visit.profile.email.clone(),
        }
    }
}

/// The session cookies that verify.
pub fn cookies<P: Ports>(site: &Site<'_, P>) -> Vec<SessionCookie> {
    Cookie::Session
        .sent(site.head)
        .filter_map(|value| SessionCookie::open(site.ring, &site.event.id, value))
        .collect()
}

/// Who is signed in, on the authority's word.
///
/// # Errors
/// [`Fault`] if the account's object does not answer.
pub async fn signed_in<P: Ports>(
    site: &Site<'_, P>,
    client: Option<AskingClient>,
) -> Result<Option<SignedIn>, Fault> {
    for cookie in cookies(site) {
        let command = Command::Visit {
            session_id: cookie.session_id.clone(),
            client: client.clone(),
        };
        if let AccountReply::Visit(visit) = site.account(&cookie.account_id, &command).await? {
            return Ok(Some(SignedIn {
                cookie,
                visit: *visit,
            }));
        }
    }
    Ok(None)
}

/// Ends the session of a cookie.
///
/// # Errors
/// [`Fault`] if the account's object does not answer.
pub async fn end<P: Ports>(site: &Site<'_, P>, cookie: &SessionCookie) -> Result<(), Fault> {
    let command = Command::EndSession {
        session_id: cookie.session_id.clone(),
        target: cookie.session_id.clone(),
    };
    site.account(&cookie.account_id, &command).await?;
    Ok(())
}

/// The visit a sign-in form hangs on: the browser's, or a new one and the header that sets it.
pub fn visit<P: Ports>(site: &Site<'_, P>) -> (VisitCookie, Option<String>) {
    let known = Cookie::Visit
        .sent(site.head)
        .find_map(|value| VisitCookie::open(site.ring, &site.event.id, value));
    match known {
        Some(visit) => (visit, None),
        None => {
            let visit = VisitCookie {
                id: random_id("v_", site.ports),
            };
            let header = visit
                .seal(site.ring, &site.event.id)
                .map(|value| Cookie::Visit.set(site.head, &value));
            (visit, header)
        }
    }
}

/// Whose a form is: a session's, or, where nobody is signed in, a visit's.
pub enum Whose<'a> {
    /// A session's.
    Session(&'a SessionId),
    /// A visit's.
    Visit(&'a VisitCookie),
}

impl<'a> Whose<'a> {
    fn id(self) -> &'a str {
        match self {
            Self::Session(id) => id.as_str(),
            Self::Visit(visit) => &visit.id,
        }
    }
}

impl<'a> From<&'a SessionId> for Whose<'a> {
    fn from(id: &'a SessionId) -> Self {
        Self::Session(id)
    }
}

impl<'a> From<&'a VisitCookie> for Whose<'a> {
    fn from(visit: &'a VisitCookie) -> Self {
        Self::Visit(visit)
    }
}

/// A form token for a page shown now.
pub fn form_token<'a, P: Ports>(
    site: &Site<'_, P>,
    whose: impl Into<Whose<'a>>,
    action: &str,
    subject: &str,
) -> String {
    let form = Form {
        session: whose.into().id(),
        action,
        subject,
    };
    form_token::seal(site.ring, &site.event.id, &form, site.now)
}

/// Whether a posted form carries the token for this.
pub fn is_ours<'a, P: Ports>(
    site: &Site<'_, P>,
    form: &Params,
    whose: impl Into<Whose<'a>>,
    action: &str,
    subject: &str,
) -> bool {
    let expected = Form {
        session: whose.into().id(),
        action,
        subject,
    };
    form.get("form_token").is_some_and(|token| {
        form_token::verifies(site.ring, &site.event.id, &expected, token, site.now)
    })
}

/// Reads a posted form of ours: its raw bytes and its parameters.
///
/// # Errors
/// A fault outside; the refusal inside: a foreign `Origin`, another media type, too long.
pub async fn form<P: Ports>(
    site: &Site<'_, P>,
    most: usize,
) -> Result<Result<(Vec<u8>, Params), Reply>, Fault> {
    if site.head.has_foreign_origin() {
        return Ok(Err(not_ours(site)));
    }
    if site.head.media_type().as_deref() != Some("application/x-www-form-urlencoded") {
        return Ok(Err(site.notice(
            400,
            "That did not work",
            &["The form could not be read. Please go back and try again."],
            None,
        )));
    }
    Ok(match site.ports.body(most).await? {
        None => Err(site.notice(
            400,
            "That did not work",
            &["The form is too long. Please go back and shorten what you entered."],
            None,
        )),
        Some(bytes) => {
            let params = Params::from_form(&bytes);
            Ok((bytes, params))
        }
    })
}

/// Reads a short posted form of ours.
///
/// # Errors
/// As [`form`].
pub async fn short_form<P: Ports>(
    site: &Site<'_, P>,
) -> Result<Result<(Vec<u8>, Params), Reply>, Fault> {
    form(site, LONGEST_BODY).await
}

/// 403: a form of somebody who is not signed in, or not any more: in another tab they signed out, or the session has
/// ended.
#[must_use]
pub fn not_signed_in<P: Ports>(site: &Site<'_, P>) -> Reply {
    site.notice(
        403,
        NOT_SIGNED_IN,
        &["Nothing was changed. Sign in and try again."],
        Some(("Sign in", "/account")),
    )
}

/// 403: a form that is not ours, of another session, or too old.
#[must_use]
pub fn not_ours<P: Ports>(site: &Site<'_, P>) -> Reply {
    site.notice(
        403,
        OUTDATED,
        &["It may have been open for too long, or you may have signed in again since. Go back, reload the page and try again."],
        Some(("Go to your account", "/account")),
    )
}
