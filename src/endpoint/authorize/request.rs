//! Reading an authorization request: who asks, where answers may go, and what is wrong with the rest.

use std::borrow::Cow;
use std::rc::Rc;

use super::is_path;
use crate::directory::catalogue::Mode;
use crate::directory::integration::Integration;
use crate::endpoint::Site;
use crate::grant::entitlement::Rules;
use crate::protocol::client::ClientId;
use crate::protocol::error::AuthorizationError;
use crate::protocol::params::Params;
use crate::protocol::pkce::CodeChallenge;
use crate::protocol::redirect_uri::{self, ConfirmedRedirectUri};
use crate::protocol::scope::Scope;
use crate::store::directory::{self, Client, Source};
use crate::store::ports::{Counted, Fault, Ports};
use crate::web::inbound::LONGEST_AUTHORIZATION;

/// How the answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query (the default).
    Query,
    /// In the fragment.
    Fragment,
    /// In a form that posts itself.
    FormPost,
}

/// A parameter that is asked for, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    pub(super) none: bool,
    pub(super) login: bool,
    pub(super) consent: bool,
}

/// A request whose client and redirect URI are confirmed: answers may be sent.
pub struct Request {
    /// The client at this event.
    pub client: Client,
    /// Its integration.
    pub integration: Rc<Integration>,
    /// Where answers go.
    pub redirect_uri: ConfirmedRedirectUri,
    pub(super) redirect_uri_sent: bool,
    pub(super) state: Option<String>,
    pub(super) mode: ResponseMode,
    pub(super) prompt: Prompt,
    pub(super) max_age: Option<u64>,
    pub(super) challenge: Option<CodeChallenge>,
    /// What is wrong with the rest; or the scopes asked for (none: whatever may be had).
    pub(super) rest: Result<Option<Scope>, (AuthorizationError, Cow<'static, str>)>,
    /// The request itself, to come back to it.
    pub(super) query: String,
}

/// Why a request gets the 400 page: the heading is the same, the words differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unanswerable {
    NotAForm,
    TooLong,
    NoClient,
    UnknownClient,
    NotApproved,
    NoRedirectUri,
    UnknownRedirectUri,
}

impl Unanswerable {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::NotAForm => {
                "A POST request must be a form: Content-Type: application/x-www-form-urlencoded."
            }
            Self::TooLong => "The request is longer than 8 KiB.",
            Self::NoClient => "client_id is missing, repeated, or not a number.",
            Self::UnknownClient => "There is no application with this client_id.",
            Self::NotApproved => {
                "The organiser of this event has not approved this application, or it is suspended."
            }
            Self::NoRedirectUri => "redirect_uri is missing or repeated.",
            Self::UnknownRedirectUri => {
                "redirect_uri is not one of the addresses registered for this application. It must match exactly."
            }
        }
    }
}

/// A form body as a query: whatever is not visible ASCII is escaped, for it goes into a header.
pub(super) fn as_query(body: &[u8]) -> String {
    let mut out = String::with_capacity(body.len());
    for byte in body {
        match byte {
            b' ' => out.push('+'),
            0x21..=0x7e if !b"#\"<>\\^`{|}".contains(byte) => out.push(char::from(*byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// 1. and 2.: who asks, and where answers may go. A refusal is the authority's word.
pub(super) async fn read<P: Ports>(
    site: &Site<'_, P>,
    query: &str,
) -> Result<Result<Request, Unanswerable>, Fault> {
    if query.len() > LONGEST_AUTHORIZATION {
        return Ok(Err(Unanswerable::TooLong));
    }
    let params = Params::from_form(query.as_bytes());
    let Some(client_id) = params.get("client_id").and_then(ClientId::parse) else {
        return Ok(Err(Unanswerable::NoClient));
    };
    if params.fault("redirect_uri").is_some() {
        return Ok(Err(Unanswerable::NoRedirectUri));
    }
    let mut refusal = Unanswerable::UnknownClient;
    let mut doubtful = None;
    for source in [Source::Replica, Source::Authority] {
        let client =
            match directory::client(site.ports, &site.event, &client_id, source, site.now).await {
                Ok(client) => client,
                Err(fault) => return silenced(site, doubtful, fault),
            };
        match confirm(client, &params, query) {
            // Wrong by the replica's records: they may be behind.
            Ok(request) if request.rest.is_err() && source == Source::Replica => {
                doubtful = Some(request);
            }
            Ok(request) => return Ok(Ok(request)),
            Err(why) => refusal = why,
        }
    }
    // Counted for an application there is; invented ids must not leave rows behind.
    if refusal != Unanswerable::UnknownClient {
        site.ports
            .count(&site.event.id, client_id.as_str(), Counted::Refusal);
    }
    Ok(Err(refusal))
}

/// A fault of ours is told to the application where nobody may be shown a page: who asks, and where answers may go, is
/// known by a replica, and the authority cannot be asked about the rest.
fn silenced<P: Ports>(
    site: &Site<'_, P>,
    doubtful: Option<Request>,
    fault: Fault,
) -> Result<Result<Request, Unanswerable>, Fault> {
    match doubtful.filter(|request| request.prompt.none) {
        None => Err(fault),
        Some(request) => {
            let (error, words) = fault_in_words(site, &fault);
            Ok(Ok(Request {
                rest: Err((error, words.into())),
                ..request
            }))
        }
    }
}

/// A fault of ours as an application is told of it (RFC 6749 section 4.1.2.1); the log has it as it is.
pub(super) fn fault_in_words<P: Ports>(
    site: &Site<'_, P>,
    fault: &Fault,
) -> (AuthorizationError, &'static str) {
    site.ports
        .log(&serde_json::json!({"level": "error", "fault": fault.to_string()}).to_string());
    match fault {
        Fault::Unavailable(_) | Fault::Late | Fault::BrokenOff => (
            AuthorizationError::TemporarilyUnavailable,
            "Try again in a moment.",
        ),
        Fault::Broken(_) => (
            AuthorizationError::ServerError,
            "Something went wrong on the authorization server.",
        ),
    }
}

fn confirm(client: Option<Client>, params: &Params, query: &str) -> Result<Request, Unanswerable> {
    let client = client.ok_or(Unanswerable::UnknownClient)?;
    let integration = Rc::clone(client.usable().ok_or(Unanswerable::NotApproved)?);
    let application = &client.application;
    let sent = params.get("redirect_uri");
    let redirect_uri =
        redirect_uri::confirm(sent, &application.redirect_uris, application.client_type).ok_or(
            if sent.is_some() {
                Unanswerable::UnknownRedirectUri
            } else {
                Unanswerable::NoRedirectUri
            },
        )?;
    let mode = match (params.get("response_mode"), params.fault("response_mode")) {
        (None, None) | (Some("query"), _) => Some(ResponseMode::Query),
        (Some("fragment"), _) => Some(ResponseMode::Fragment),
        // An app that is opened by its scheme is not sent a body.
        (Some("form_post"), _) if redirect_uri.is_web() => Some(ResponseMode::FormPost),
        _ => None,
    };
    let prompt = prompt(params);
    let max_age = params.get("max_age").map(seconds);
    let challenge = challenge(params, application.needs_pkce());
    let rest = check_rest(
        &client,
        &integration,
        params,
        mode,
        prompt,
        max_age,
        &challenge,
    );
    Ok(Request {
        integration,
        redirect_uri,
        redirect_uri_sent: sent.is_some(),
        state: params.get("state").map(str::to_owned),
        mode: mode.unwrap_or(ResponseMode::Query),
        prompt: prompt.unwrap_or_default(),
        max_age: max_age.flatten(),
        challenge: challenge.ok().flatten(),
        rest,
        query: query.to_owned(),
        client,
    })
}

/// The set of known values; `None` if `none` is not alone.
fn prompt(params: &Params) -> Option<Prompt> {
    let mut prompt = Prompt::default();
    for value in params.get("prompt").unwrap_or_default().split(' ') {
        match value {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            _ => {}
        }
    }
    (!prompt.none || (!prompt.login && !prompt.consent)).then_some(prompt)
}

/// Digits alone, unlike [`str::parse`], which takes a sign.
fn seconds(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// RFC 7636 section 4.3, method `S256` only.
fn challenge(params: &Params, required: bool) -> Result<Option<CodeChallenge>, &'static str> {
    match (
        params.get("code_challenge"),
        params.get("code_challenge_method"),
    ) {
        (None, None) if required => {
            Err("This client must send code_challenge and code_challenge_method=S256.")
        }
        (None, None) => Ok(None),
        (None, Some(_)) => Err("code_challenge_method was sent without code_challenge."),
        (Some(_), None) => Err("code_challenge_method=S256 is missing."),
        (Some(text), Some("S256")) => CodeChallenge::parse(text)
            .map(Some)
            .ok_or("code_challenge must be a SHA-256 hash encoded as base64url."),
        (Some(_), Some(_)) => Err("code_challenge_method must be S256."),
    }
}

/// 4., as far as it needs no person.
fn check_rest(
    client: &Client,
    integration: &Integration,
    params: &Params,
    mode: Option<ResponseMode>,
    prompt: Option<Prompt>,
    max_age: Option<Option<u64>>,
    challenge: &Result<Option<CodeChallenge>, &'static str>,
) -> Result<Option<Scope>, (AuthorizationError, Cow<'static, str>)> {
    let invalid = |words: &'static str| Err((AuthorizationError::InvalidRequest, words.into()));
    const KNOWN: [&str; 9] = [
        "response_type",
        "scope",
        "state",
        "response_mode",
        "prompt",
        "max_age",
        "login_hint",
        "code_challenge",
        "code_challenge_method",
    ];
    let fault = |name: &'static str| params.fault(name).map(|fault| (name, fault));
    if let Some((name, fault)) = KNOWN.into_iter().find_map(fault) {
        let words = format!("{name} {}.", fault.words()).into();
        return Err((AuthorizationError::InvalidRequest, words));
    }
    if mode.is_none() {
        return invalid(
            "response_mode must be query, fragment or form_post (form_post only with an http or https redirect_uri).",
        );
    }
    if prompt.is_none() {
        return invalid("prompt=none cannot be combined with login or consent.");
    }
    if max_age == Some(None) {
        return invalid("max_age must be a number of seconds.");
    }
    match params.get("response_type") {
        None => return invalid("response_type is missing."),
        Some("code") => {}
        Some(_) => {
            return Err((
                AuthorizationError::UnsupportedResponseType,
                "response_type must be code.".into(),
            ));
        }
    }
    if let Err(words) = challenge {
        return invalid(words);
    }
    let approved = client.event.approved(integration, Mode::Obo);
    if approved.is_empty() {
        return Err((
            AuthorizationError::UnauthorizedClient,
            "The organiser has not approved any scopes for this application on behalf of people."
                .into(),
        ));
    }
    match params.get("scope").map(Scope::parse) {
        None => Ok(None),
        Some(Ok(scope)) if scope.is_empty() => Ok(None),
        Some(Ok(scope)) if scope.is_within(&approved) => Ok(Some(scope)),
        Some(asked) => {
            // Without quotes, so that it can be in an error_description (RFC 6749 section 4.1.2.1), as a scope can.
            let asked = asked.ok();
            let missing = asked
                .iter()
                .flat_map(Scope::names)
                .find(|name| !approved.has(name));
            let words = match missing {
                Some(name) => format!(
                    "The scope {name} is unknown, for services only, or not approved for this application."
                )
                .into(),
                None => {
                    "scope has a name that is too long, or a character that is not allowed.".into()
                }
            };
            Err((AuthorizationError::InvalidScope, words))
        }
    }
}

impl Request {
    /// Reads the request once more with what the event's object says now; or says why
    /// it no longer gets an answer. What the application itself is stays as it was known.
    pub(super) async fn renew<P: Ports>(
        &mut self,
        site: &Site<'_, P>,
    ) -> Result<Result<(), Unanswerable>, Fault> {
        let client = directory::approved_now(site.ports, &self.client, site.now).await?;
        let params = Params::from_form(self.query.as_bytes());
        Ok(confirm(client, &params, &self.query).map(|request| *self = request))
    }

    /// What this event's records allow the application on behalf of people.
    pub(super) fn rules(&self, authoritative: bool) -> Rules {
        let event = &self.client.event;
        event.rules(&self.integration, Mode::Obo, authoritative)
    }

    /// Whether it wants the person to sign in again: `prompt=login`, or a `max_age` that the sign-in at
    /// hand is older than.
    pub(super) fn wants_sign_in(&self, age: u64) -> bool {
        let too_old = self.max_age.is_some_and(|most| most == 0 || age > most);
        self.prompt.login || too_old
    }

    /// Our address of this request, to come back to.
    pub(super) fn address(&self, path: &str) -> String {
        let path = if is_path(path) {
            path
        } else {
            "/oauth/authorize"
        };
        format!("{path}?{}", self.query)
    }
}
