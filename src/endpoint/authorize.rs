//! The authorization endpoint (RFC 6749 section 3.1; contract 2).
//!
//! Order of checks: 1. the size, 2. `client_id`, the integration and `redirect_uri`: a 400 page, never
//! a redirect, 3. who is signed in: unless `prompt=none`, the person signs in before anything is sent
//! back to the application (RFC 9700 section 4.11.2), 4. what else is wrong with the request, 5. what the
//! person may grant, 6. consent.

use std::rc::Rc;

use super::Site;
use super::login;
use super::session::{self, SignedIn};
use crate::directory::catalogue::Mode;
use crate::directory::integration::Integration;
use crate::grant::entitlement::Rules;
use crate::pages::{Back, ConsentPage, Field, FormPostPage, InvalidRequestPage, ScopeLine, assets};
use crate::protocol::client::{ClientId, ClientType};
use crate::protocol::encoding::form_decode;
use crate::protocol::error::AuthorizationError;
use crate::protocol::params::{Fault as ParamFault, Params};
use crate::protocol::pkce::CodeChallenge;
use crate::protocol::redirect_uri::{self, ConfirmedRedirectUri};
use crate::protocol::scope::Scope;
use crate::store::directory::{self, Client, Source};
use crate::store::ports::{Counted, Fault, Ports};
use crate::token::authorization_code::{AuthorizationCode, Binding, LIFETIME};
use crate::token::random_id;
use crate::web::inbound::LONGEST_AUTHORIZATION;
use crate::web::reply::Reply;

/// Whether `path` is the authorization endpoint's, or an alias of it.
#[must_use]
pub fn is_path(path: &str) -> bool {
    matches!(
        path,
        "/oauth/authorize" | "/oauth2/authorize" | "/connect/authorize"
    )
}

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
struct Prompt {
    none: bool,
    login: bool,
    consent: bool,
}

/// A request whose client and redirect URI are confirmed: answers may be sent.
pub struct Request {
    /// The client at this event.
    pub client: Client,
    /// Its integration.
    pub integration: Rc<Integration>,
    /// Where answers go.
    pub redirect_uri: ConfirmedRedirectUri,
    redirect_uri_sent: bool,
    state: Option<String>,
    mode: ResponseMode,
    prompt: Prompt,
    max_age: Option<u64>,
    challenge: Option<CodeChallenge>,
    /// What is wrong with the rest; or the scopes asked for (none: whatever may be had).
    rest: Result<Option<Scope>, (AuthorizationError, &'static str)>,
    /// The request itself, to come back to it.
    query: String,
}

/// Why a request gets the 400 page: the heading is the same, the words differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unanswerable {
    TooLong,
    NoClient,
    UnknownClient,
    NotApproved,
    NoRedirectUri,
    UnknownRedirectUri,
}

impl Unanswerable {
    fn words(self) -> &'static str {
        match self {
            Self::TooLong => "The request is longer than 8 KiB.",
            Self::NoClient => "client_id is missing, repeated, or not a number.",
            Self::UnknownClient => "There is no application with this client_id.",
            Self::NotApproved => {
                "The organiser of this event has not approved this application, or has suspended it."
            }
            Self::NoRedirectUri => "redirect_uri is missing or repeated.",
            Self::UnknownRedirectUri => {
                "redirect_uri is not one of the addresses registered for this application. It must be the same to the letter."
            }
        }
    }
}

fn bad_request<P: Ports>(site: &Site<'_, P>, why: Unanswerable) -> Reply {
    site.log_refusal("authorize", &why);
    site.notice(
        400,
        "This link does not work",
        &[
            "The application that sent you here has made a mistake, so we cannot go on. Nothing was shared.",
            why.words(),
        ],
        None,
    )
}

/// `GET /oauth/authorize` and its aliases.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn get<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    let request = match read(site, &site.head.query).await? {
        Ok(request) => request,
        Err(why) => return Ok(bad_request(site, why)),
    };
    decide(site, request, &Answer::None).await
}

/// `POST /oauth/authorize` and its aliases: the same parameters as a form, sent on as `GET`, so that the
/// session cookie comes along wherever the form came from.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn post<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    if site.head.media_type().as_deref() != Some("application/x-www-form-urlencoded") {
        return Ok(bad_request(site, Unanswerable::NoClient));
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

/// A form body as a query: whatever is not visible ASCII is escaped, for it goes into a header.
fn as_query(body: &[u8]) -> String {
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
async fn read<P: Ports>(
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
    for source in [Source::Replica, Source::Authority] {
        let client =
            directory::client(site.ports, &site.event, &client_id, source, site.now).await?;
        match confirm(client, &params, query) {
            // Wrong by the replica's records: they may be behind.
            Ok(request) if request.rest.is_err() && source == Source::Replica => {}
            Ok(request) => return Ok(Ok(request)),
            Err(why) => refusal = why,
        }
    }
    site.ports
        .count(&site.event.id, client_id.as_str(), Counted::Refusal);
    Ok(Err(refusal))
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
        (Some("form_post"), _) => Some(ResponseMode::FormPost),
        _ => None,
    };
    let prompt = prompt(params);
    let max_age = params.get("max_age").map(str::parse::<u64>);
    let challenge = challenge(params, application.needs_pkce());
    let rest = check_rest(
        &client,
        &integration,
        params,
        mode,
        prompt,
        max_age.as_ref(),
        &challenge,
    );
    Ok(Request {
        integration,
        redirect_uri,
        redirect_uri_sent: sent.is_some(),
        state: params.get("state").map(str::to_owned),
        mode: mode.unwrap_or(ResponseMode::Query),
        prompt: prompt.unwrap_or_default(),
        max_age: max_age.and_then(Result::ok),
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
            .ok_or("code_challenge is not the base64url text of a SHA-256."),
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
    max_age: Option<&Result<u64, core::num::ParseIntError>>,
    challenge: &Result<Option<CodeChallenge>, &'static str>,
) -> Result<Option<Scope>, (AuthorizationError, &'static str)> {
    let invalid = |words| Err((AuthorizationError::InvalidRequest, words));
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
    match KNOWN.iter().find_map(|name| params.fault(name)) {
        Some(ParamFault::Repeated) => return invalid("A parameter is repeated."),
        Some(ParamFault::NotText) => return invalid("A parameter is not UTF-8."),
        None => {}
    }
    if mode.is_none() {
        return invalid("response_mode must be query, fragment or form_post.");
    }
    if prompt.is_none() {
        return invalid("prompt=none must stand alone.");
    }
    if matches!(max_age, Some(Err(_))) {
        return invalid("max_age must be a number of seconds.");
    }
    match params.get("response_type") {
        None => return invalid("response_type is missing."),
        Some("code") => {}
        Some(_) => {
            return Err((
                AuthorizationError::UnsupportedResponseType,
                "response_type must be code.",
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
            "The organiser has approved nothing for this application on behalf of people.",
        ));
    }
    match params.get("scope").map(Scope::parse) {
        None => Ok(None),
        Some(Ok(scope)) if scope.is_empty() => Ok(None),
        Some(Ok(scope)) if scope.is_within(&approved) => Ok(Some(scope)),
        Some(_) => Err((
            AuthorizationError::InvalidScope,
            "A scope is unknown, for services only, or not approved for this application.",
        )),
    }
}

/// What the person answered on the consent page.
pub enum Answer {
    /// Not asked yet.
    None,
    /// **Authorize Application**, on a page that showed these scopes.
    Authorize {
        /// What the page showed.
        shown: Scope,
    },
    /// **Deny**.
    Deny,
}

/// Reads the request a consent form carries; `None` if it no longer gets an answer.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn again<P: Ports>(
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
pub async fn decide<P: Ports>(
    site: &Site<'_, P>,
    request: Request,
    answer: &Answer,
) -> Result<Reply, Fault> {
    // 3.
    let client = (
        request.client.application.client_id.clone(),
        request.integration.incarnation.clone(),
    );
    let person = session::signed_in(site, Some(client)).await?;
    let asked = matches!(answer, Answer::None);
    let silent = request.prompt.none;
    let too_old = person.as_ref().is_some_and(|person| {
        let age = site.now.since(person.visit.signed_in_at);
        request.max_age.is_some_and(|most| most == 0 || age > most)
    });
    let must_sign_in = person.is_none() || (asked && (request.prompt.login || too_old));
    if must_sign_in && !silent {
        return Ok(Reply::see_other(login::address(
            &request.without_sign_in_demands(site),
        )));
    }
    // 4.
    let scope = match &request.rest {
        Ok(scope) => scope.clone(),
        Err((error, words)) => return Ok(request.refuse(site, *error, words)),
    };
    let Some(person) = person.filter(|_| !must_sign_in) else {
        return Ok(request.refuse(
            site,
            AuthorizationError::LoginRequired,
            "Nobody is signed in.",
        ));
    };
    // 5.
    let mut event = Rc::clone(&request.client.event);
    let mut integration = Rc::clone(&request.integration);
    let mut judged = judge(
        &event.rules(&integration, Mode::Obo, false),
        scope.as_ref(),
        &person,
    );
    if judged.is_err() {
        let id = &request.client.application.client_id;
        let fresh =
            directory::client(site.ports, &site.event, id, Source::Authority, site.now).await?;
        if let Some((client, usable)) = fresh
            .as_ref()
            .and_then(|client| Some((client, client.usable()?)))
        {
            event = Rc::clone(&client.event);
            integration = Rc::clone(usable);
            judged = judge(
                &event.rules(&integration, Mode::Obo, true),
                scope.as_ref(),
                &person,
            );
        }
    }
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
        Answer::Deny => {
            return Ok(request.refuse(
                site,
                AuthorizationError::AccessDenied,
                "The person said no.",
            ));
        }
        Answer::Authorize { shown } if *shown == scope => {
            return request.succeed(site, &person, scope);
        }
        // What would be granted is not what the page showed: show it again.
        Answer::Authorize { .. } => return Ok(request.ask(site, &person, &scope, shown)),
        Answer::None => {}
    }
    let application = &request.client.application;
    let impostor =
        application.client_type == ClientType::Public && !request.redirect_uri.is_https();
    let remembered = !sensitive
        && !impostor
        && !request.prompt.consent
        && person
            .visit
            .granted
            .iter()
            .any(|granted| scope.is_within(granted));
    if remembered {
        return request.succeed(site, &person, scope);
    }
    if silent {
        return Ok(request.refuse(
            site,
            AuthorizationError::ConsentRequired,
            "The person would have to be asked.",
        ));
    }
    Ok(request.ask(site, &person, &scope, shown))
}

const NOT_PERMITTED: &str = "The person may not grant what was asked for.";

/// What would be granted; or what the person may not grant (nothing at all, if nothing was named).
fn judge(rules: &Rules, asked: Option<&Scope>, person: &SignedIn) -> Result<Scope, Scope> {
    let profile = &person.visit.profile;
    let permissions = rules.permissions(&profile.permissions, &profile.roles);
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

/// Scopes in words, in the order of their names.
#[must_use]
pub fn scope_lines(
    catalogue: &[crate::directory::catalogue::ScopeDefinition],
    scope: &Scope,
) -> Vec<ScopeLine> {
    catalogue
        .iter()
        .filter(|known| scope.has(&known.name))
        .map(|known| ScopeLine {
            name: known.name.clone(),
            title: known.title.clone(),
            description: known.description.clone(),
            sensitive: known.sensitive,
        })
        .collect()
}

impl Request {
    /// The request to come back to after signing in: what demanded the sign-in is met by it.
    fn without_sign_in_demands<P: Ports>(&self, site: &Site<'_, P>) -> String {
        let path = if is_path(&site.head.path) {
            site.head.path.as_str()
        } else {
            "/oauth/authorize"
        };
        let mut out = format!("{path}?");
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            let name = pair
                .split('=')
                .next()
                .and_then(|name| form_decode(name.as_bytes()));
            let kept = match name.as_deref() {
                Some("max_age") if self.rest.is_ok() => continue,
                Some("prompt") if self.rest.is_ok() => {
                    if self.prompt.consent {
                        "prompt=consent"
                    } else {
                        continue;
                    }
                }
                _ => pair,
            };
            if !out.ends_with('?') {
                out.push('&');
            }
            out.push_str(kept);
        }
        out
    }

    fn refuse<P: Ports>(
        &self,
        site: &Site<'_, P>,
        error: AuthorizationError,
        words: &str,
    ) -> Reply {
        site.log_refusal("authorize", &error);
        site.ports.count(
            &site.event.id,
            self.client.application.client_id.as_str(),
            Counted::Refusal,
        );
        self.answer(
            site,
            &[("error", error.code()), ("error_description", words)],
        )
    }

    /// Sends an answer to the application, `state` and `iss` with it (RFC 9207).
    fn answer<P: Ports>(&self, site: &Site<'_, P>, pairs: &[(&str, &str)]) -> Reply {
        let mut pairs = pairs.to_vec();
        if let Some(state) = &self.state {
            pairs.push(("state", state));
        }
        pairs.push(("iss", site.issuer.as_str()));
        match self.mode {
            ResponseMode::Query => Reply::see_other(self.redirect_uri.with_query(&pairs)),
            ResponseMode::Fragment => Reply::see_other(self.redirect_uri.with_fragment(&pairs)),
            ResponseMode::FormPost => {
                let page = FormPostPage {
                    layout: site.layout(None),
                    application: self.client.application.name.clone(),
                    action: self.redirect_uri.as_str().to_owned(),
                    fields: fields(&pairs),
                    script: assets::SUBMIT_SCRIPT.to_owned(),
                };
                Reply::page(200, page.html(), &[self.redirect_uri.csp_source()])
            }
        }
    }

    fn succeed<P: Ports>(
        &self,
        site: &Site<'_, P>,
        person: &SignedIn,
        scope: Scope,
    ) -> Result<Reply, Fault> {
        let profile = &person.visit.profile;
        let code = AuthorizationCode {
            grant_id: random_id("gr_", site.ports),
            account_id: profile.id.clone(),
            client_id: self.client.application.client_id.clone(),
            incarnation: self.integration.incarnation.clone(),
            scope,
            account_epoch: profile.epoch,
            revocations: person.visit.revocations,
            expires_at: site.now.plus(LIFETIME),
        };
        let binding = Binding {
            redirect_uri: self.redirect_uri.as_str(),
            redirect_uri_sent: self.redirect_uri_sent,
            challenge: self.challenge.as_ref(),
        };
        let code = code
            .seal(site.ring, &site.event.id, &binding)
            .ok_or(Fault::Broken("a code could not be signed"))?;
        Ok(self.answer(site, &[("code", &code)]))
    }

    fn ask<P: Ports>(
        &self,
        site: &Site<'_, P>,
        person: &SignedIn,
        scope: &Scope,
        scopes: Vec<ScopeLine>,
    ) -> Reply {
        let application = &self.client.application;
        let scope = scope.to_string();
        let form_token =
            super::consent::form_token(site, &person.cookie.session_id, &self.query, &scope);
        let page = ConsentPage {
            layout: site.layout(Some(person.person())),
            application: crate::pages::ApplicationCard {
                name: application.name.clone(),
                description: application.description.clone(),
                website: application.website.clone(),
            },
            return_host: self.redirect_uri.for_people(),
            scopes,
            request: self.query.clone(),
            scope,
            form_token,
            switch_href: login::address(&self.without_sign_in_demands(site)),
        };
        Reply::page(200, page.html(), &[self.redirect_uri.csp_source()])
    }

    /// The 403 page: what the person may not grant, in words, and one button back.
    fn not_permitted<P: Ports>(
        &self,
        site: &Site<'_, P>,
        person: &SignedIn,
        scopes: Vec<ScopeLine>,
    ) -> Reply {
        site.log_refusal("authorize", &NOT_PERMITTED);
        site.ports.count(
            &site.event.id,
            self.client.application.client_id.as_str(),
            Counted::Refusal,
        );
        let mut pairs = vec![
            ("error", AuthorizationError::InvalidRequest.code()),
            ("error_description", NOT_PERMITTED),
        ];
        if let Some(state) = &self.state {
            pairs.push(("state", state));
        }
        pairs.push(("iss", site.issuer.as_str()));
        let uri = self.redirect_uri.as_str();
        let (bare, query) = uri.split_once('?').unwrap_or((uri, ""));
        // Browsers replace the query of a form's address by its fields, so the registered one goes along.
        let own = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .filter_map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Some(Field {
                    name: form_decode(name.as_bytes())?,
                    value: form_decode(value.as_bytes())?,
                })
            });
        let back = match self.mode {
            ResponseMode::FormPost => Back {
                action: uri.to_owned(),
                fields: fields(&pairs),
                post: true,
            },
            ResponseMode::Query => Back {
                action: bare.to_owned(),
                fields: own.chain(fields(&pairs)).collect(),
                post: false,
            },
            ResponseMode::Fragment => {
                let action = self.redirect_uri.with_fragment(&pairs);
                let fragment = action
                    .split_once('#')
                    .map(|(_, fragment)| fragment)
                    .unwrap_or_default();
                Back {
                    action: format!("{bare}#{fragment}"),
                    fields: own.collect(),
                    post: false,
                }
            }
        };
        let page = InvalidRequestPage {
            layout: site.layout(Some(person.person())),
            application: self.client.application.name.clone(),
            scopes,
            back,
        };
        Reply::page(403, page.html(), &[self.redirect_uri.csp_source()])
    }
}

fn fields(pairs: &[(&str, &str)]) -> Vec<Field> {
    pairs
        .iter()
        .map(|(name, value)| Field {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        })
        .collect()
}

/// Who asks behind a sign-in page, for its words and its `form-action`.
pub struct Asking {
    /// The application's name.
    pub application: String,
    /// Where its answer may lead.
    pub csp_source: String,
}

/// Who asks in an authorization request that a sign-in leads back to.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn asking<P: Ports>(site: &Site<'_, P>, target: &str) -> Result<Option<Asking>, Fault> {
    let Some(query) = request_of(target) else {
        return Ok(None);
    };
    Ok(read(site, query).await?.ok().map(|request| Asking {
        application: request.client.application.name.clone(),
        csp_source: request.redirect_uri.csp_source(),
    }))
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
    is_path(path).then_some(query)
}
