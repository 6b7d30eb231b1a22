//! Personal access tokens on `/account` (contract 6): made within the person's own permissions and the
//! event's longest age, shown once, revoked with a button. The same for programs as JSON.
//!
//! Order of checks when one is made: 1. the form is ours, 2. the name, 3. the scopes, 4. the expiry.

mod section;

use std::rc::Rc;

use serde_json::json;

use self::section::FilledIn;
pub use self::section::{Shown, section};
use super::Site;
use super::account::{self, Done};
use super::login;
use super::session::{self, SignedIn, form_token, is_ours};
use crate::account::command::{Command, Reply as AccountReply, TokenLine};
use crate::directory::event::EventRecord;
use crate::grant::entitlement::Held;
use crate::pages::{TokenError, TokenField};
use crate::protocol::params::{Params, all_values};
use crate::protocol::scope::Scope;
use crate::protocol::time::{DAY, UnixTime};
use crate::store::directory;
use crate::store::ports::{Fault, Ports};
use crate::token::personal_access_token::PersonalAccessToken;
use crate::token::random_id;
use crate::web::reply::Reply;

const CREATE: &str = "create token";
const REVOKE: &str = "revoke token";
const FORM: &str = "application/x-www-form-urlencoded";
/// The most characters of a name.
const LONGEST_NAME: usize = 100;
/// The most bytes of a form, or of the same as JSON: a catalogue's 200 scopes, of 100 characters that take three each.
const LONGEST_FORM: usize = 4 * super::LONGEST_BODY;

/// What a person may let a token do.
fn grantable(event: &EventRecord, held: Held<'_>) -> Scope {
    let rules = event.personal_rules();
    let all = Scope::of(rules.approved.keys().map(String::as_str));
    rules.allowed(&all, &rules.permissions(held))
}

fn wants_json<P: Ports>(site: &Site<'_, P>) -> bool {
    site.head
        .accept
        .as_deref()
        .is_some_and(|accept| accept.contains("application/json"))
}

fn line(token: &TokenLine) -> serde_json::Value {
    json!({
        "id": token.id,
        "name": token.name,
        "scope": token.scope.to_string(),
        "created_at": token.created_at.rfc3339(),
        "expires_at": token.expires_at.map(|at| at.rfc3339()),
        "last_used_at": token.last_used_at.map(|at| at.rfc3339()),
    })
}

/// `GET /account/tokens`: the list as JSON (with the form token that `POST` wants), or the account page.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn list<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    let Some(person) = session::signed_in(site, None).await? else {
        return Ok(if wants_json(site) {
            login_required()
        } else {
            Reply::see_other(login::address("/account"))
        });
    };
    if !wants_json(site) {
        return account::show(site, &person, 200, None, None).await;
    }
    let session_id = &person.cookie.session_id;
    let command = Command::Overview {
        session_id: session_id.clone(),
    };
    let AccountReply::Overview(overview) =
        site.account(&person.cookie.account_id, &command).await?
    else {
        return Ok(login_required());
    };
    let items: Vec<serde_json::Value> = overview
        .tokens
        .iter()
        .map(|token| {
            let mut item = line(token);
            if let Some(object) = item.as_object_mut() {
                object.insert(
                    "form_token".into(),
                    form_token(site, session_id, REVOKE, &token.id).into(),
                );
            }
            item
        })
        .collect();
    Ok(Reply::json(
        200,
        &json!({ "items": items, "form_token": form_token(site, session_id, CREATE, "") }),
    ))
}

/// `POST /account/tokens`: a form, or JSON `{name, scope, expires, form_token}`.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn create<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    // 1.
    let (form, scopes) = match read(site).await? {
        Ok(read) => read,
        Err(refusal) => return Ok(refusal),
    };
    let Some(person) = session::signed_in(site, None).await? else {
        return Ok(not_signed_in(site));
    };
    let session_id = &person.cookie.session_id;
    if !is_ours(site, &form, session_id, CREATE, "") {
        return Ok(not_ours(site));
    }
    let filled_in = FilledIn {
        name: form.get("name").unwrap_or_default().trim().to_owned(),
        expires: form.get("expires").map(str::to_owned),
        scopes,
    };
    // 2.
    let name = &filled_in.name;
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME || name.chars().any(char::is_control) {
        let words = "Give the token a name of 1 to 100 characters.";
        return refuse(site, &person, filled_in, TokenField::Name, words).await;
    }
    // 3.
    let profile = &person.visit.profile;
    let scope = match Scope::parse(&filled_in.scopes.join(" ")) {
        Ok(scope) if scope.is_empty() => {
            let words = "Choose at least one thing the token can do.";
            return refuse(site, &person, filled_in, TokenField::Scopes, words).await;
        }
        Ok(scope) => scope,
        Err(_) => Scope::default(),
    };
    let may = |event: &EventRecord| {
        !scope.is_empty() && scope.is_within(&grantable(event, profile.held()))
    };
    let expiry = |event: &EventRecord| {
        let most = event.settings.pat_max_days;
        expires_at(filled_in.expires.as_deref(), most, site.now)
    };
    // The catalogue, the roles and the settings here may be behind.
    let mut event = Rc::clone(&site.event);
    if (!may(&event) || expiry(&event).is_err())
        && let Some(now) = directory::event_now(site.ports, &event.id, site.now).await?
    {
        event = now;
    }
    if !may(&event) {
        let words = "A token cannot do more than you can.";
        return refuse(site, &person, filled_in, TokenField::Scopes, words).await;
    }
    // 4.
    let expires_at = match expiry(&event) {
        Ok(expires_at) => expires_at,
        Err(words) => {
            return refuse(site, &person, filled_in, TokenField::Expires, words).await;
        }
    };
    let account_id = &person.cookie.account_id;
    let token = PersonalAccessToken {
        account_id: account_id.clone(),
        id: random_id("pat_", site.ports),
    };
    let command = Command::CreateToken {
        session_id: session_id.clone(),
        token_id: token.id.clone(),
        name: name.clone(),
        scope: scope.clone(),
        expires_at,
        attempt: form
            .get("attempt")
            .filter(|attempt| attempt.len() <= LONGEST_NAME)
            .map(str::to_owned),
    };
    let replaced = match site.account(account_id, &command).await? {
        AccountReply::TokenMade { replaced } => replaced,
        AccountReply::TooMany => {
            let words = "You already have 100 tokens. Revoke one first.";
            return refuse(site, &person, filled_in, TokenField::Whole, words).await;
        }
        AccountReply::MadeBefore => {
            let words = "This form has already created a token, and a token is shown only once. If you do not have it, revoke it and create another.";
            return refuse(site, &person, filled_in, TokenField::Whole, words).await;
        }
        _ => return Ok(not_ours(site)),
    };
    let text = token
        .seal(site.ring, &site.event.id)
        .ok_or(Fault::Broken("a personal access token could not be signed"))?;
    for id in &replaced {
        site.audit_later(
            "personal_access_token.replaced",
            account_id.as_str(),
            id,
            None,
        );
    }
    site.audit_later(
        "personal_access_token.created",
        account_id.as_str(),
        &token.id,
        None,
    );
    if wants_json(site) {
        let made = TokenLine {
            id: token.id,
            name: filled_in.name,
            scope,
            created_at: site.now,
            expires_at,
            last_used_at: None,
        };
        let mut answer = line(&made);
        if let Some(object) = answer.as_object_mut() {
            object.insert("token".into(), text.into());
        }
        return Ok(Reply::json(201, &answer));
    }
    account::show(
        site,
        &person,
        200,
        None,
        Some(Shown {
            created: Some(text),
            replaced: !replaced.is_empty(),
            ..Shown::default()
        }),
    )
    .await
}

/// When a token of so many days (`never`: not at all) expires, where it may last so many days at most; what is wrong
/// with the choice.
fn expires_at(
    chosen: Option<&str>,
    most: Option<u64>,
    now: UnixTime,
) -> Result<Option<UnixTime>, &'static str> {
    match chosen {
        None => Err("Choose when the token expires."),
        Some("never") if most.is_none() => Ok(None),
        Some(days) => match days.parse::<u64>() {
            Ok(days) if (1..=3650).contains(&days) && most.is_none_or(|most| days <= most) => {
                Ok(Some(now.plus(days.saturating_mul(DAY))))
            }
            _ => Err("Choose from the list when the token expires."),
        },
    }
}

/// Reads the form or JSON; the scopes are a list in a form and a text in JSON.
async fn read<P: Ports>(site: &Site<'_, P>) -> Result<Result<(Params, Vec<String>), Reply>, Fault> {
    let media_type = site.head.media_type();
    if media_type.as_deref() != Some("application/json") {
        if wants_json(site) && media_type.as_deref() != Some(FORM) {
            return Ok(Err(Reply::error(
                400,
                "invalid_request",
                "Send a JSON object with Content-Type: application/json.",
            )));
        }
        return Ok(session::form(site, LONGEST_FORM)
            .await?
            .map(|(bytes, form)| {
                let scopes = all_values(&bytes, "scope");
                (form, scopes)
            }));
    }
    if site.head.has_foreign_origin() {
        return Ok(Err(not_ours(site)));
    }
    let bytes = site.ports.body(LONGEST_FORM).await?;
    Ok(match bytes.as_deref().map(Params::from_json) {
        Some(Ok(form)) => {
            let scopes = form
                .get("scope")
                .unwrap_or_default()
                .split(' ')
                .map(str::to_owned)
                .collect();
            Ok((form, scopes))
        }
        _ => Err(Reply::error(
            400,
            "invalid_request",
            "Send a JSON object of strings, at most 64 KiB long.",
        )),
    })
}

fn login_required() -> Reply {
    Reply::error(401, "login_required", "Sign in at /login first.")
}

/// Nobody is signed in: the page that says so, or what a program is told.
fn not_signed_in<P: Ports>(site: &Site<'_, P>) -> Reply {
    if wants_json(site) {
        return login_required();
    }
    session::not_signed_in(site)
}

/// 403: the page that says so, or what a program is told.
fn not_ours<P: Ports>(site: &Site<'_, P>) -> Reply {
    if wants_json(site) {
        return Reply::error(
            403,
            "invalid_request",
            "form_token is missing, wrong or too old. Get a new one from /account/tokens.",
        );
    }
    session::not_ours(site)
}

/// 400: the form once more, with what the person filled in, and what is wrong with it.
async fn refuse<P: Ports>(
    site: &Site<'_, P>,
    person: &SignedIn,
    filled_in: FilledIn,
    field: TokenField,
    words: &str,
) -> Result<Reply, Fault> {
    if wants_json(site) {
        return Ok(Reply::error(400, "invalid_request", words));
    }
    let shown = Shown {
        created: None,
        replaced: false,
        error: Some(TokenError {
            field,
            words: words.to_owned(),
        }),
        filled_in,
    };
    account::show(site, person, 400, None, Some(shown)).await
}

/// `POST /account/tokens/{id}/revoke`.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn revoke<P: Ports>(site: &Site<'_, P>, id: &str) -> Result<Reply, Fault> {
    let (form, _) = match read(site).await? {
        Ok(read) => read,
        Err(refusal) => return Ok(refusal),
    };
    let Some(person) = session::signed_in(site, None).await? else {
        return Ok(not_signed_in(site));
    };
    let session_id = &person.cookie.session_id;
    if !is_ours(site, &form, session_id, REVOKE, id) {
        return Ok(not_ours(site));
    }
    let owner = &person.cookie.account_id;
    let command = Command::RevokeToken {
        session_id: session_id.clone(),
        token_id: id.to_owned(),
    };
    let reply = site.account(owner, &command).await?;
    site.ports.replicas().forget_account(&site.event.id, owner);
    // Whoever presses twice finds it gone, and that is what was wanted; it ended once.
    if matches!(reply, AccountReply::Done) {
        site.audit_later("personal_access_token.revoked", owner.as_str(), id, None);
    }
    Ok(if wants_json(site) {
        Reply::empty(204)
    } else {
        Done::Token.reply()
    })
}
