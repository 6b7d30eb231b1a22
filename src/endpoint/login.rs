//! Signing in (contract 3).
//!
//! Order of checks of a sign-in: 1. the form is ours, 2. the throttle, 3. the account (an unknown
//! e-mail goes to a decoy that costs the same), 4. the password, 5. the throttle again, for what happened
//! while the password was checked.

use super::authorize;
use super::session::{self, SignedIn, form_token, is_ours};
use super::throttle::{self, Subject};
use super::{LONGEST_BODY, Site};
use crate::account::command::{Command, Reply as AccountReply};
use crate::directory::account_row::email_key;
use crate::directory::event_command as event;
use crate::directory::event_object::EventObject;
use crate::pages::{LoginPage, Person};
use crate::protocol::encoding::form_encode;
use crate::protocol::params::Params;
use crate::protocol::secret::Secret;
use crate::store::ports::{Fault, Ports};
use crate::token::cookie::{CookieValue as _, KnownBrowser, SessionCookie};
use crate::token::id::{AccountId, OwnerId, SessionId};
use crate::token::key::Purpose;
use crate::token::random_id;
use crate::web::cookies::Cookie;
use crate::web::reply::{Forms, Reply};

const ACTION: &str = "sign in";
/// How many accounts a browser remembers having signed in to.
const MOST_KNOWN: usize = 50;

/// Where to sign in and come back to `target`, a path of ours with its query.
#[must_use]
pub fn address(target: &str) -> String {
    let mut out = String::from("/login?return=");
    // Only what would end the value is escaped: a long request stays within what servers take.
    for byte in target.chars() {
        match byte {
            '%' | '&' | '+' | '#' | ' ' => {
                out.push_str(&form_encode(byte.encode_utf8(&mut [0; 4])))
            }
            other => out.push(other),
        }
    }
    out
}

/// The target to come back to, if it is one of ours. Its path is one we know to the letter, so nothing in it leads
/// elsewhere; the query is the application's, a backslash in its `state` included.
pub(super) fn return_target(text: Option<&str>) -> &str {
    const ACCOUNT: &str = "/account";
    let Some(text) = text else { return ACCOUNT };
    let path = text.split('?').next().unwrap_or_default();
    let ours = authorize::is_path(path) || path == ACCOUNT;
    let sound = text.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    if ours && sound { text } else { ACCOUNT }
}

/// `GET /login`.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn get<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    let params = Params::from_form(site.head.query.as_bytes());
    let target = return_target(params.get("return"));
    // Whoever was sent here is to sign in; whoever came by themselves may have forgotten that they are. The form does
    // not depend on it: if it cannot be told, it is left out.
    let person = match params.get("return") {
        Some(_) => None,
        None => session::signed_in(site, None).await.unwrap_or_default(),
    };
    let person = person.as_ref().map(SignedIn::person);
    let email = authorize::login_hint(target).unwrap_or_default();
    page(site, person, target, &email, None, 200).await
}

/// The form once more.
async fn show<P: Ports>(
    site: &Site<'_, P>,
    target: &str,
    email: &str,
    error: Option<&str>,
    status: u16,
) -> Result<Reply, Fault> {
    page(site, None, target, email, error, status).await
}

async fn page<P: Ports>(
    site: &Site<'_, P>,
    person: Option<Person>,
    target: &str,
    email: &str,
    error: Option<&str>,
    status: u16,
) -> Result<Reply, Fault> {
    // A request that needs no consent goes from this form straight to the application.
    let asking = authorize::asking(site, target).await?;
    let forms = match asking {
        Some(_) => Forms::LeadToAnApplication,
        None => Forms::StayHere,
    };
    let (visit, cookie) = session::visit(site);
    let page = LoginPage {
        layout: site.layout(person),
        heading_for: asking,
        email: email.to_owned(),
        error: error.map(str::to_owned),
        return_to: target.to_owned(),
        form_token: form_token(site, &visit, ACTION, target),
    };
    let reply = Reply::page(status, page.html(), forms);
    Ok(match cookie {
        Some(cookie) => reply.with("set-cookie", cookie),
        None => reply,
    })
}

/// `POST /login`.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn post<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    // 1.
    let form = match session::form(site, LONGEST_BODY * 2).await? {
        Ok((_, form)) => form,
        Err(refusal) => return Ok(refusal),
    };
    let target = return_target(form.get("return"));
    let (visit, fresh) = session::visit(site);
    if fresh.is_some()
        || !is_ours(
            site,
            &form,
            &visit,
            ACTION,
            form.get("return").unwrap_or_default(),
        )
    {
        return Ok(site.notice(
            403,
            "Please try again",
            &["This sign-in form is no longer valid, or your browser is blocking cookies for this site."],
            Some(("Sign in", &address(target))),
        ));
    }
    let email = form.get("email").unwrap_or_default();
    let password = form.get("password").unwrap_or_default();
    if email.is_empty() || password.is_empty() {
        return show(
            site,
            target,
            email,
            Some("Please enter your email and password."),
            400,
        )
        .await;
    }
    // 2. and 3.
    let browser = known_browser(site);
    let found = site
        .ports
        .ask::<EventObject>(
            site.event.id.as_str(),
            &event::Command::FindAccount {
                email: email.to_owned(),
            },
        )
        .await?;
    let account_id = match found {
        event::Reply::Account(row) => Some(row.id),
        _ => None,
    };
    let known = account_id
        .as_ref()
        .is_some_and(|id| browser.accounts.contains(id));
    let key = email_key(email);
    let subject_text = format!("{}/{key}", browser.id);
    let subject = if known {
        Subject::KnownBrowser(&subject_text)
    } else {
        Subject::Email(&key)
    };
    let address = throttle::address(site);
    let address_subject = Subject::Address(&address);
    // The owner's own browser is not kept out by what others do from the same address either.
    let subjects: &[Subject<'_>] = if known {
        &[subject]
    } else {
        &[subject, address_subject]
    };
    if let Some(wait) = throttle::closed(site, subjects).await? {
        return throttled(site, target, email, wait).await;
    }
    // 4.
    let session_id = SessionId::mint(site.ports);
    let command = Command::SignIn {
        password: Secret::new(password.to_owned()),
        session_id: session_id.clone(),
        browser: browser_in_words(site.head.user_agent.as_deref()),
    };
    let owner = account_id
        .clone()
        .map_or_else(|| decoy(site, &key), OwnerId::from);
    let reply = site.account(&owner, &command).await?;
    // 5.
    let (AccountReply::SignedIn, Some(account_id)) = (reply, account_id) else {
        site.log_refusal("login", &"wrong password or unknown email");
        return match throttle::fail(site, &[subject, address_subject]).await? {
            Some(wait) => throttled(site, target, email, wait).await,
            None => {
                let error = "Wrong email or password.";
                show(site, target, email, Some(error), 400).await
            }
        };
    };
    let cookie = SessionCookie {
        account_id: account_id.clone(),
        session_id,
    };
    if let Some(wait) = throttle::closed(site, subjects).await? {
        session::end(site, &cookie).await?;
        return throttled(site, target, email, wait).await;
    }
    // Whoever was signed in before in this browser is not any more.
    for old in session::cookies(site) {
        session::end(site, &old).await?;
    }
    let (Some(value), Some(known_value)) = (
        cookie.seal(site.ring, &site.event.id),
        remember(browser, account_id).seal(site.ring, &site.event.id),
    ) else {
        return Err(Fault::Broken("a cookie could not be signed"));
    };
    Ok(
        Reply::see_other(authorize::after_sign_in(site, target, &cookie.session_id))
            .with("set-cookie", Cookie::Session.set(site.head, &value))
            .with(
                "set-cookie",
                Cookie::KnownBrowser.set(site.head, &known_value),
            ),
    )
}

async fn throttled<P: Ports>(
    site: &Site<'_, P>,
    target: &str,
    email: &str,
    wait: u64,
) -> Result<Reply, Fault> {
    let unit = if wait == 1 { "second" } else { "seconds" };
    let error = format!("Too many failed attempts. Please wait {wait} {unit} and try again.");
    Ok(show(site, target, email, Some(&error), 429)
        .await?
        .with("retry-after", wait.to_string()))
}

/// One of a few objects without an account, fixed for an e-mail: the same hops and the same work as a
/// real one, and no queue of all unknown e-mails behind one another.
fn decoy<P: Ports>(site: &Site<'_, P>, email: &str) -> OwnerId {
    let tag = site
        .ring
        .signing(Purpose::Throttle, &site.event.id)
        .tag(&[b"decoy", email.as_bytes()]);
    OwnerId::decoy(tag.first().copied().unwrap_or(0))
}

fn known_browser<P: Ports>(site: &Site<'_, P>) -> KnownBrowser {
    Cookie::KnownBrowser
        .sent(site.head)
        .find_map(|value| KnownBrowser::open(site.ring, &site.event.id, value))
        .unwrap_or_else(|| KnownBrowser {
            id: random_id("b_", site.ports),
            accounts: Vec::new(),
        })
}

fn remember(mut browser: KnownBrowser, account_id: AccountId) -> KnownBrowser {
    browser.accounts.retain(|known| *known != account_id);
    browser.accounts.insert(0, account_id);
    browser.accounts.truncate(MOST_KNOWN);
    browser
}

/// A browser in words, for the list of sessions: never the whole header.
fn browser_in_words(agent: Option<&str>) -> String {
    let agent = agent.unwrap_or_default();
    let first = |names: &[(&'static str, &'static str)]| {
        names
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, word)| *word)
    };
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("CrOS", "Chromebook"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(word), None) | (None, Some(word)) => word.to_owned(),
        (None, None) => String::from("Unknown browser"),
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn sign_in_leads_back_to_our_own_paths_only() {
        for bad in [
            "https://evil.example/",
            "//evil.example/oauth/authorize",
            "/\\evil.example",
            "\\oauth\\authorize?x",
            "/oauth/authorize\\?x",
            "/account\\..",
            "/account/tokens",
            "/",
            "/oauth/authorize\r\nx",
            "/oauth/authorizex",
            "oauth/authorize",
            "/api/oauth/token",
            "",
        ] {
            assert_eq!(return_target(Some(bad)), "/account", "{bad}");
        }
        for good in [
            "/oauth/authorize?client_id=1&state=%20",
            "/account",
            "/connect/authorize?x",
            "/oauth/authorize?client_id=1&state=a\\b",
        ] {
            assert_eq!(return_target(Some(good)), good);
        }
    }

    #[test]
    fn a_target_survives_its_way_through_the_address() {
        let target = "/oauth/authorize?scope=a+b&state=%26%3D%23&x=y";
        let address = address(target);
        let query = address.split_once('?').unwrap().1;
        assert_eq!(
            Params::from_form(query.as_bytes()).get("return"),
            Some(target)
        );
    }

    #[test]
    fn browsers_are_named_in_words() {
        let agent =
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36";
        assert_eq!(browser_in_words(Some(agent)), "Chrome on Android");
        assert_eq!(browser_in_words(None), "Unknown browser");
    }
}
