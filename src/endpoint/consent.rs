//! The answer of the consent page (contract 3).
//!
//! Order of checks: 1. the form is ours, for this session, this request and what it showed, 2. the
//! whole request once more, as if it had come now.

use sha2::{Digest as _, Sha256};

use super::Site;
use super::authorize::{self, Answer};
use super::login;
use super::session::{self, is_ours};
use crate::directory::application::Application;
use crate::pages::ScopeLine;
use crate::protocol::encoding::hex_lower;
use crate::protocol::redirect_uri::ConfirmedRedirectUri;
use crate::protocol::scope::Scope;
use crate::store::ports::{Fault, Ports};
use crate::token::id::SessionId;
use crate::web::inbound::LONGEST_AUTHORIZATION;
use crate::web::reply::Reply;

const ACTION: &str = "consent";

/// The token of a consent form: for this session, this request, and what the page shows.
pub fn form_token<P: Ports>(
    site: &Site<'_, P>,
    session_id: &SessionId,
    request: &str,
    scope: &str,
    shown: &str,
) -> String {
    let subject = subject(request, scope, shown);
    session::form_token(site, session_id, ACTION, &subject)
}

fn subject(request: &str, scope: &str, shown: &str) -> String {
    format!("{scope}\n{shown}\n{request}")
}

/// A hash of what the page says of who asks for what, and of where the answer goes. A scope that becomes an administrative
/// permission while the page is open was not agreed to as one.
#[must_use]
pub fn hash_of(
    application: &Application,
    redirect_uri: &ConfirmedRedirectUri,
    scopes: &[ScopeLine],
) -> String {
    let mut hash = Sha256::new();
    let mut say = |text: &str| {
        hash.update(text);
        // No text has this byte.
        hash.update([0xff]);
    };
    say(&application.name);
    say(&application.description);
    say(application.website.as_deref().unwrap_or_default());
    say(redirect_uri.as_str());
    for scope in scopes {
        say(&scope.name);
        say(&scope.title);
        say(&scope.description);
        say(if scope.sensitive { "sensitive" } else { "" });
    }
    hex_lower(&hash.finalize())
}

/// 403, and the way to be asked once more: whoever signed out or in again in another tab is not done with the
/// application yet.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn refused<P: Ports>(site: &Site<'_, P>, request: &str) -> Result<Reply, Fault> {
    let person = session::signed_in(site, None).await?;
    let request = format!("/oauth/authorize?{request}");
    let target = login::return_target(Some(&request));
    let Some(application) = authorize::asking(site, target).await? else {
        return Ok(match person {
            Some(_) => session::not_ours(site),
            None => session::not_signed_in(site),
        });
    };
    // Isolated, as `<bdi>` does it: a name may run the other way.
    let application = format!("\u{2068}{application}\u{2069}");
    let (heading, why, what_next, label) = match person {
        Some(_) => (
            session::OUTDATED,
            "the page was open for too long, or you have signed in again since",
            format!("Check what {application} asks for, then answer again."),
            "Answer again",
        ),
        None => (
            session::NOT_SIGNED_IN,
            "you are not signed in",
            String::from("Sign in, and you will be asked again."),
            "Sign in",
        ),
    };
    let what_happened = format!("Your answer to {application} was not recorded: {why}.");
    Ok(site.notice(
        403,
        heading,
        &[&what_happened, &what_next],
        Some((label, target)),
    ))
}

/// `POST /account/consent`.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn post<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    // 1.
    let form = match session::form(site, LONGEST_AUTHORIZATION * 4).await? {
        Ok((_, form)) => form,
        Err(refusal) => return Ok(refusal),
    };
    let request = form.get("request").unwrap_or_default();
    let scope = form.get("scope").unwrap_or_default();
    let hash = form.get("shown").unwrap_or_default();
    let subject = subject(request, scope, hash);
    let shown_to = session::cookies(site)
        .into_iter()
        .map(|cookie| cookie.session_id)
        .find(|session_id| is_ours(site, &form, session_id, ACTION, &subject));
    let Some(session_id) = shown_to else {
        return refused(site, request).await;
    };
    let answer = match (form.get("decision"), Scope::parse(scope)) {
        (Some("authorize"), Ok(scope)) => Answer::Authorize {
            session_id,
            scope,
            hash: hash.to_owned(),
        },
        (Some("deny"), _) => Answer::Deny { session_id },
        _ => {
            return Ok(site.notice(
                400,
                "That did not work",
                &["Please answer again and press one of the two buttons."],
                Some((
                    "Answer again",
                    login::return_target(Some(&format!("/oauth/authorize?{request}"))),
                )),
            ));
        }
    };
    // 2.
    match authorize::again(site, request).await? {
        Err(refusal) => Ok(refusal),
        Ok(request) => authorize::decide(site, request, &answer).await,
    }
}
