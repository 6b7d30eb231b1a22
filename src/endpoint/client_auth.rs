//! Client authentication (RFC 6749 section 2.3) and the bodies it comes in (contract 4).

use std::rc::Rc;

use serde::Serialize;

use super::throttle::{self, Subject};
use super::{LONGEST_BODY, Site};
use crate::directory::application::Application;
use crate::directory::event::EventRecord;
use crate::directory::integration::Integration;
use crate::directory::platform_command as platform;
use crate::ledger::outbox::ObjectKind;
use crate::protocol::client::{ClientId, ClientType};
use crate::protocol::encoding::{form_decode, from_base64};
use crate::protocol::error::TokenError;
use crate::protocol::params::Params;
use crate::protocol::secret::Secret;
use crate::store::directory::{self, Client, PLATFORM, Source};
use crate::store::ports::{Counted, Fault, Ports};
use crate::token::client_secret;
use crate::web::reply::Reply;

/// A client that has proven who it is, or a public one that has nothing to prove it with. It can
/// only come from [`authenticate`].
#[derive(Clone, Debug)]
pub struct AuthenticatedClient {
    client: Client,
    basic: bool,
}

/// How often a secret's use is written down, in seconds.
const SECRET_USED_EVERY: u64 = 3600;

impl AuthenticatedClient {
    /// The application.
    #[must_use]
    pub fn application(&self) -> &Application {
        &self.client.application
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &ClientId {
        &self.client.application.client_id
    }

    /// 401 `invalid_client`, for an endpoint that is not for clients of this type.
    #[must_use]
    pub fn refuse(&self, description: &str) -> Stop {
        refusal(self.basic, description)
    }

    /// The event and the integration, if the organiser's approval stands.
    ///
    /// # Errors
    /// [`Fault`] if the authority must be asked and does not answer.
    pub async fn integration<P: Ports>(
        &self,
        site: &Site<'_, P>,
        source: Source,
    ) -> Result<Option<(Rc<EventRecord>, Rc<Integration>)>, Fault> {
        let pair = |client: &Client| {
            client
                .usable()
                .map(|i| (Rc::clone(&client.event), Rc::clone(i)))
        };
        if source == Source::Replica
            && let Some(found) = pair(&self.client)
        {
            return Ok(Some(found));
        }
        let client = directory::client(
            site.ports,
            &site.event,
            self.id(),
            Source::Authority,
            site.now,
        )
        .await?;
        Ok(client.as_ref().and_then(pair))
    }
}

/// A refusal as the caller sees it.
#[derive(Debug)]
pub enum Stop {
    /// This answer.
    Answer(Box<Reply>),
    /// A fault of ours.
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Stop {
    /// Stops with an error of RFC 6749 section 5.2.
    #[must_use]
    pub fn error(status: u16, error: TokenError, description: &str) -> Self {
        Self::Answer(Box::new(Reply::token_error(status, error, description)))
    }

    /// 400 `invalid_request`.
    #[must_use]
    pub fn invalid_request(description: &str) -> Self {
        Self::error(400, TokenError::InvalidRequest, description)
    }

    /// The answer, or the fault.
    ///
    /// # Errors
    /// The fault.
    pub fn into_reply(self) -> Result<Reply, Fault> {
        match self {
            Self::Answer(reply) => Ok(*reply),
            Self::Fault(fault) => Err(fault),
        }
    }
}

/// The parameters of the endpoints that programs call.
const KNOWN: [&str; 10] = [
    "grant_type",
    "client_id",
    "client_secret",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "token",
    "token_type_hint",
];

/// Reads the body: a form or a JSON object, at most 16 KiB, without repeats.
///
/// # Errors
/// [`Stop`] with `invalid_request`, or a fault.
pub async fn body<P: Ports>(site: &Site<'_, P>) -> Result<Params, Stop> {
    let json = match site.head.media_type().as_deref() {
        Some("application/x-www-form-urlencoded") => false,
        Some("application/json") => true,
        _ => {
            return Err(Stop::invalid_request(
                "Send the parameters as application/x-www-form-urlencoded or application/json.",
            ));
        }
    };
    let Some(bytes) = site.ports.body(LONGEST_BODY).await? else {
        return Err(Stop::invalid_request("The body is larger than 16 KiB."));
    };
    let params = if json {
        Params::from_json(&bytes).map_err(|_| {
            Stop::invalid_request("The body must be a JSON object of strings or integers in which no name is repeated.")
        })?
    } else {
        Params::from_form(&bytes)
    };
    match params.any_fault() {
        None => Ok(params),
        Some((name, fault)) => {
            // A name of the caller's own may have what no error_description has (RFC 6749 section 5.2).
            let name = KNOWN.into_iter().find(|known| *known == name);
            let name = name.unwrap_or("A parameter");
            let words = format!("{name} {}.", fault.words());
            Err(Stop::invalid_request(&words))
        }
    }
}

struct Credentials {
    client_id: String,
    secret: Option<Secret<String>>,
    basic: bool,
}

/// What was sent; the wrong combinations are `invalid_request`, an unreadable header `invalid_client`.
fn credentials<P: Ports>(site: &Site<'_, P>, params: &Params) -> Result<Credentials, Stop> {
    let in_body = params.get("client_id").map(str::to_owned);
    let secret_in_body = params.get("client_secret").map(str::to_owned);
    let header = site.head.authorization.as_deref().and_then(|header| {
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        scheme.eq_ignore_ascii_case("basic").then(|| rest.trim())
    });
    let Some(header) = header else {
        let Some(client_id) = in_body else {
            return Err(refusal(
                false,
                "Client authentication is missing: send client_id, and client_secret unless the client is public.",
            ));
        };
        return Ok(Credentials {
            client_id,
            secret: secret_in_body.map(Secret::new),
            basic: false,
        });
    };
    let decoded = from_base64(header).and_then(|bytes| {
        let at = bytes.iter().position(|byte| *byte == b':')?;
        let (id, secret) = bytes.split_at_checked(at)?;
        Some((form_decode(id)?, form_decode(secret.get(1..)?)?))
    });
    let Some((client_id, secret)) = decoded else {
        return Err(refusal(true, "The Basic credentials cannot be decoded."));
    };
    if secret_in_body.is_some() {
        return Err(Stop::invalid_request(
            "Send the secret in the Authorization header or in the body, not both.",
        ));
    }
    if in_body.is_some_and(|in_body| in_body != client_id) {
        return Err(Stop::invalid_request(
            "client_id in the body differs from the one in the Authorization header.",
        ));
    }
    let secret = (!secret.is_empty()).then(|| Secret::new(secret));
    Ok(Credentials {
        client_id,
        secret,
        basic: true,
    })
}

fn refusal(basic: bool, description: &str) -> Stop {
    let reply = Reply::token_error(401, TokenError::InvalidClient, description);
    Stop::Answer(Box::new(if basic {
        reply.with(
            "www-authenticate",
            "Basic realm=\"willcall\", charset=\"UTF-8\"",
        )
    } else {
        reply
    }))
}

const FAILED: &str = "Client authentication failed: check client_id and client_secret.";

/// Authenticates the client of a request.
///
/// Order of checks: 1. what was sent, 2. the application, from a replica, 3. its secret; whatever would
/// be refused is asked of the authority once more, 4. a wrong secret counts, and is 429 once there are
/// too many.
///
/// # Errors
/// [`Stop`] with the contract's answer, or a fault.
pub async fn authenticate<P: Ports>(
    site: &Site<'_, P>,
    params: &Params,
) -> Result<AuthenticatedClient, Stop> {
    // 1.
    let credentials = credentials(site, params)?;
    let basic = credentials.basic;
    let Some(client_id) = ClientId::parse(&credentials.client_id) else {
        if credentials.secret.is_some() {
            count_failure(site, &credentials.client_id).await?;
        }
        return Err(refusal(basic, FAILED));
    };
    // 2. and 3.
    let mut known = false;
    for source in [Source::Replica, Source::Authority] {
        let client =
            directory::client(site.ports, &site.event, &client_id, source, site.now).await?;
        let Some(client) = client else { continue };
        known = true;
        match (client.application.client_type, &credentials.secret) {
            (ClientType::Public, None) => return Ok(AuthenticatedClient { client, basic }),
            // A type never changes, so no authority need be asked.
            (ClientType::Public, Some(_)) => {
                return Err(refusal(
                    basic,
                    "This is a public client: it has no secret and must not send one.",
                ));
            }
            (ClientType::Confidential, None) => return Err(refusal(basic, FAILED)),
            (ClientType::Confidential, Some(secret)) => {
                if let Some(row) = client.application.secret(secret.expose()) {
                    note_use(site, &client_id, &row.id, row.last_used_at);
                    return Ok(AuthenticatedClient { client, basic });
                }
                // A mistyped secret cannot be anybody's: the authority need not be asked.
                if !client_secret::is_well_formed(secret.expose()) {
                    break;
                }
            }
        }
    }
    // 4.
    if credentials.secret.is_some() {
        count_failure(site, client_id.as_str()).await?;
        // For an application there is; invented ids must not leave rows behind.
        if known {
            site.ports
                .count(&site.event.id, client_id.as_str(), Counted::Refusal);
        }
    }
    Err(refusal(basic, FAILED))
}

async fn count_failure<P: Ports>(site: &Site<'_, P>, client_id: &str) -> Result<(), Stop> {
    // The address first: once it is closed, the names it invents leave no counters behind.
    let address = throttle::address(site);
    for subject in [Subject::ClientAddress(&address), Subject::Client(client_id)] {
        if let Some(wait) = throttle::fail(site, &[subject]).await? {
            return Err(too_many(wait));
        }
    }
    Ok(())
}

/// 429 with `Retry-After`.
#[must_use]
pub fn too_many(wait: u64) -> Stop {
    let reply = Reply::token_error(
        429,
        TokenError::TemporarilyUnavailable,
        "Too many failed attempts. Wait before you try again.",
    );
    Stop::Answer(Box::new(reply.with("retry-after", wait.to_string())))
}

/// Writes down when a secret was last used, to the hour, after the answer.
fn note_use<P: Ports>(
    site: &Site<'_, P>,
    client_id: &ClientId,
    secret_id: &str,
    last: Option<crate::protocol::time::UnixTime>,
) {
    if last.is_some_and(|last| site.now.since(last) < SECRET_USED_EVERY)
        || !site.ports.once(secret_id, site.now)
    {
        return;
    }
    let command = platform::Command::SecretUsed {
        client_id: client_id.clone(),
        id: secret_id.to_owned(),
    };
    if let Ok(command) = serde_json::to_string(&command) {
        site.ports
            .tell_later(ObjectKind::Platform, PLATFORM.to_owned(), command);
    }
}

/// The integration, or 400 `unauthorized_client` on the authority's word.
///
/// # Errors
/// [`Stop`] with the contract's answer, or a fault.
pub async fn require_integration<P: Ports>(
    site: &Site<'_, P>,
    client: &AuthenticatedClient,
) -> Result<(Rc<EventRecord>, Rc<Integration>), Stop> {
    client
        .integration(site, Source::Replica)
        .await?
        .ok_or_else(not_approved)
}

/// 400 `unauthorized_client`: an application that this event has not approved, or has suspended.
pub fn not_approved() -> Stop {
    Stop::error(
        400,
        TokenError::UnauthorizedClient,
        "The organiser of this event has not approved this application, or it is suspended.",
    )
}

/// JSON of a success, never stored.
pub fn success<T: Serialize>(value: &T) -> Reply {
    Reply::json(200, value)
}
