//! The authorization endpoint (RFC 6749 section 3.1; contract 2).
//!
//! Order of checks: 1. the size, 2. `client_id`, the integration and `redirect_uri`: a 400 page, never
//! a redirect, 3. who is signed in: unless `prompt=none`, the person signs in before anything is sent
//! back to the application (RFC 9700 section 4.11.2), 4. what else is wrong with the request, 5. what the
//! person may grant, 6. consent.

mod answer;
mod proof;
mod request;

use std::rc::Rc;

pub use self::proof::after_sign_in;
use self::proof::{FRESH_FOR, is_proof, without_proof};
use self::request::{Request, Unanswerable, as_query, read};
use super::Site;
use super::consent;
use super::login;
use super::session::{self, SignedIn};
use crate::account::command::AskingClient;
use crate::directory::catalogue::ScopeDefinition;
use crate::grant::entitlement::Rules;
use crate::pages::{NoticePage, ScopeLine};
use crate::protocol::client::ClientType;
use crate::protocol::error::AuthorizationError;
use crate::protocol::params::Params;
use crate::protocol::scope::Scope;
use crate::store::ports::{Fault, Ports};
use crate::token::id::SessionId;
use crate::web::inbound::LONGEST_AUTHORIZATION;
use crate::web::reply::{Forms, Reply};
use crate::web::route::Route;

/// Whether `path` is the authorization endpoint's, or an alias of it.
#[must_use]
pub fn is_path(path: &str) -> bool {
    Route::of(path) == Some(Route::Authorize)
}

/// The 400 page. Most of what leads here is for the application's developers to mend. What the organiser decided is
/// not: it is said to the person, and is nobody's mistake.
fn bad_request<P: Ports>(site: &Site<'_, P>, why: Unanswerable) -> Reply {
    site.log_refusal("authorize", &why);
    let (paragraphs, details) = match why {
        Unanswerable::NotApproved => (
            vec![
                "You cannot use this application at this event at the moment. Nothing was shared.",
                why.words(),
            ],
            vec![],
        ),
        _ => (
            vec![
                "The application that sent you here made a mistake, so you cannot continue. Nothing was shared.",
                "If it happens again, show this page to whoever runs the application.",
            ],
            vec![why.words()],
        ),
    };
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    let page = NoticePage {
        layout: site.layout(None),
        heading: String::from("This link does not work"),
        paragraphs: owned(paragraphs),
        details: owned(details),
        action: None,
    };
    Reply::page(400, page.html(), Forms::StayHere)
}

/// `GET /oauth/authorize` and its aliases.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn get<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    let (query, proof) = without_proof(&site.head.query);
    let request = match read(site, query).await? {
        Ok(request) => request,
        Err(why) => return Ok(bad_request(site, why)),
    };
    let proof = proof.map(str::to_owned);
    decide(site, request, &Answer::NotAsked { proof }).await
}

/// `POST /oauth/authorize` and its aliases: the same parameters as a form, sent on as `GET`, so that the
/// session cookie comes along wherever the form came from.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn post<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    if site.head.media_type().as_deref() != Some("application/x-www-form-urlencoded") {
        return Ok(bad_request(site, Unanswerable::NotAForm));
    }
    let query = match site.ports.body(LONGEST_AUTHORIZATION).await? {
        None => return Ok(bad_request(site, Unanswerable::TooLong)),
        Some(body) => as_query(&body),
    };
    Ok(match read(site, &query).await? {
        Err(why) => bad_request(site, why),
        Ok(_) => Reply::see_other(format!("{}?{query}", site.head.path)),
    })
}

/// What the person answered on the consent page.
pub enum Answer {
    /// Not asked yet.
    NotAsked {
        /// Sign-in's word that the person just signed in for this request.
        proof: Option<String>,
    },
    /// **Authorize Application**.
    Authorize {
        /// Whose page it was: a person is never taken for having seen another's.
        session_id: SessionId,
        /// The scopes that the page showed.
        scope: Scope,
        /// What it said of them: [`consent::hash_of`].
        hash: String,
    },
    /// **Deny**.
    Deny {
        /// Whose page it was.
        session_id: SessionId,
    },
}

impl Answer {
    /// The session that the answered page was shown to.
    fn shown_to(&self) -> Option<&SessionId> {
        match self {
            Self::NotAsked { .. } => None,
            Self::Authorize { session_id, .. } | Self::Deny { session_id } => Some(session_id),
        }
    }
}

/// Reads the request a consent form carries; `None` if it no longer gets an answer.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub(super) async fn again<P: Ports>(
    site: &Site<'_, P>,
    query: &str,
) -> Result<Result<Request, Reply>, Fault> {
    Ok(read(site, query)
        .await?
        .map_err(|why| bad_request(site, why)))
}

/// 3. to 6.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub(super) async fn decide<P: Ports>(
    site: &Site<'_, P>,
    mut request: Request,
    answer: &Answer,
) -> Result<Reply, Fault> {
    // 3.
    // What the person granted before counts where the answer may be a code without a page.
    let may_skip = matches!(answer, Answer::NotAsked { .. }) && !request.prompt.consent;
    let client = AskingClient {
        client_id: request.client.application.client_id.clone(),
        incarnation: request.integration.incarnation.clone(),
        idle_days: request.client.event.settings.refresh_idle_days,
        idle_ended_before: request.client.event.settings.idle_ended_before,
        scope: request.rest.clone().ok().flatten().filter(|_| may_skip),
    };
    let person = match session::signed_in(site, Some(client.clone())).await {
        Ok(person) => person,
        // Whether anybody is signed in cannot be told, so nothing is sent back, but to a silent request.
        Err(fault) if request.prompt.none => return Ok(request.faulty(site, &fault)),
        Err(fault) => return Err(fault),
    };
    // A browser may send several sessions, of which the form's may have ended.
    if let (Some(person), Some(session_id)) = (&person, answer.shown_to())
        && person.cookie.session_id != *session_id
    {
        return consent::refused(site, &request.query).await;
    }
    let silent = request.prompt.none;
    let must_sign_in = match (&person, answer) {
        (None, _) => true,
        (Some(person), Answer::NotAsked { proof }) => {
            let age = site.now.since(person.visit.signed_in_at);
            let just_now = age <= FRESH_FOR;
            request.wants_sign_in(age)
                && !proof.as_deref().is_some_and(|proof| {
                    just_now && is_proof(site, &person.cookie.session_id, &request.query, proof)
                })
        }
        // The page that was answered was shown after the demand had been met.
        (Some(_), _) => false,
    };
    if must_sign_in && !silent {
        return Ok(Reply::see_other(login::address(
            &request.address(&site.head.path),
        )));
    }
    // 4.
    let scope = match &request.rest {
        Ok(scope) => scope.clone(),
        Err((error, words)) => return Ok(request.refuse(site, *error, words)),
    };
    let words = match &person {
        Some(_) => "The person must sign in again.",
        None => "Nobody is signed in.",
    };
    let Some(person) = person.filter(|_| !must_sign_in) else {
        return Ok(request.refuse(site, AuthorizationError::LoginRequired, words));
    };
    // 5. A page is shown on a replica's word. What becomes a code, what is refused, a silent request among it, and what
    //    the request leaves to us is the authority's to say: no scope just approved is missing from it, and no code
    //    is made under an integration that was deleted and created again.
    let mut covered = person.visit.covered;
    let by_replica = match (answer, &scope) {
        (Answer::NotAsked { .. } | Answer::Deny { .. }, Some(scope)) if !covered && !silent => {
            judge(&request.rules(false), Some(scope), &person).ok()
        }
        _ => None,
    };
    let judged = match by_replica {
        Some(scope) => Ok(scope),
        None => {
            match request.renew(site).await {
                Ok(Ok(())) => {}
                Ok(Err(why)) => return Ok(bad_request(site, why)),
                Err(fault) => return Ok(request.faulty(site, &fault)),
            }
            if let Err((error, words)) = &request.rest {
                return Ok(request.refuse(site, *error, words));
            }
            judge(&request.rules(true), scope.as_ref(), &person)
        }
    };
    let event = Rc::clone(&request.client.event);
    let lines = |scope: &Scope| -> Vec<ScopeLine> { scope_lines(&event.scopes, scope) };
    let scope = match judged {
        Ok(scope) => scope,
        Err(missing) if silent => {
            site.log_refusal("authorize", &missing);
            return Ok(request.refuse(site, AuthorizationError::InvalidRequest, NOT_PERMITTED));
        }
        Err(missing) => return Ok(request.not_permitted(site, &person, lines(&missing))),
    };
    // 6.
    let shown = lines(&scope);
    let sensitive = shown.iter().any(|line| line.sensitive);
    match answer {
        Answer::Deny { .. } => {
            return Ok(request.refuse(
                site,
                AuthorizationError::AccessDenied,
                "The person denied access.",
            ));
        }
        Answer::Authorize {
            scope: agreed,
            hash,
            ..
        } => {
            let application = &request.client.application;
            let hash_by_now = consent::hash_of(application, &request.redirect_uri, &shown);
            if *agreed == scope && *hash == hash_by_now {
                return request.succeed(site, &person, scope);
            }
            // What would be granted is not what the page showed: show it again.
            return Ok(request.ask(site, &person, &scope, shown));
        }
        Answer::NotAsked { .. } => {}
    }
    let application = &request.client.application;
    let impostor =
        application.client_type == ClientType::Public && !request.redirect_uri.is_https();
    let may_skip = may_skip && !sensitive && !impostor;
    let by_now = AskingClient {
        client_id: client.client_id.clone(),
        incarnation: request.integration.incarnation.clone(),
        idle_days: request.client.event.settings.refresh_idle_days,
        idle_ended_before: request.client.event.settings.idle_ended_before,
        scope: Some(scope.clone()),
    };
    if may_skip && by_now != client {
        // What was left to us is known only now, or what was asked about was what a replica remembered.
        covered = match session::signed_in(site, Some(by_now)).await {
            Ok(person) => person.is_some_and(|person| person.visit.covered),
            Err(fault) => return Ok(request.faulty(site, &fault)),
        };
    }
    if may_skip && covered {
        return request.succeed(site, &person, scope);
    }
    if silent {
        return Ok(request.refuse(
            site,
            AuthorizationError::ConsentRequired,
            "The person must be asked for consent.",
        ));
    }
    Ok(request.ask(site, &person, &scope, shown))
}

const NOT_PERMITTED: &str = "The person is not allowed to grant what was asked for.";

/// What would be granted; or what the person may not grant (nothing at all, if nothing was named).
fn judge(rules: &Rules, asked: Option<&Scope>, person: &SignedIn) -> Result<Scope, Scope> {
    let profile = &person.visit.profile;
    let permissions = rules.permissions(profile.held());
    match asked {
        None => {
            let approved = Scope::of(rules.approved.keys().map(String::as_str));
            let allowed = rules.allowed(&approved, &permissions);
            if allowed.is_empty() {
                Err(approved)
            } else {
                Ok(allowed)
            }
        }
        Some(asked) => {
            let allowed = rules.allowed(asked, &permissions);
            let missing = asked.retain(|name| !allowed.has(name));
            if missing.is_empty() {
                Ok(allowed)
            } else {
                Err(missing)
            }
        }
    }
}

/// A scope as a person reads it.
#[must_use]
pub fn scope_line(scope: &ScopeDefinition) -> ScopeLine {
    ScopeLine {
        name: scope.name.clone(),
        title: scope.title.clone(),
        description: scope.description.clone(),
        sensitive: scope.sensitive,
    }
}

/// Scopes in words, in the order of their names.
#[must_use]
pub fn scope_lines(catalogue: &[ScopeDefinition], scope: &Scope) -> Vec<ScopeLine> {
    catalogue
        .iter()
        .filter(|known| scope.has(&known.name))
        .map(scope_line)
        .collect()
}

/// The name of the application that asks, where a sign-in leads back to an authorization request.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn asking<P: Ports>(site: &Site<'_, P>, target: &str) -> Result<Option<String>, Fault> {
    let Some(query) = request_of(target) else {
        return Ok(None);
    };
    let request = read(site, query).await?.ok();
    Ok(request.map(|request| request.client.application.name.clone()))
}

/// The e-mail an application suggests to sign in with.
#[must_use]
pub fn login_hint(target: &str) -> Option<String> {
    let params = Params::from_form(request_of(target)?.as_bytes());
    params
        .get("login_hint")
        .filter(|hint| hint.contains('@') && hint.len() <= 254)
        .map(str::to_owned)
}

fn request_of(target: &str) -> Option<&str> {
    let (path, query) = target.split_once('?')?;
    is_path(path).then_some(without_proof(query).0)
}
