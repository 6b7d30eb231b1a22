//! The operator API (contract 7): events, applications, approvals, accounts, for whoever runs the deployment.
//!
//! Order of checks: 1. the operator's token, 2. the path, 3. the method, 4. whether what the path names is
//! there, 5. the body or the query. 4. and 5. are each call's own, in its function.
//!
//! Everything here asks the objects, never a replica: an operator reads what they have just written.

mod accounts;
mod applications;
mod body;
mod events;
mod grants;
mod integrations;
mod list;
mod paths;
mod records;
#[cfg(test)]
mod tests;

use std::future::ready;
use std::pin::Pin;

use sha2::{Digest as _, Sha256};

use self::paths::{Resource, resource_of};
use super::client_auth::Stop;
use crate::directory::Problem;
use crate::directory::event_command as event;
use crate::directory::event_object::EventObject;
use crate::directory::platform_command as platform;
use crate::directory::platform_object::PlatformObject;
use crate::protocol::client::ClientId;
use crate::protocol::error::TokenError;
use crate::protocol::secret::same_bytes;
use crate::protocol::time::UnixTime;
use crate::store::directory::PLATFORM;
use crate::store::ports::{Fault, Ports};
use crate::token::id::EventId;
use crate::web::inbound::Head;
use crate::web::reply::Reply;

/// The fewest characters of an operator token; with a shorter one the API is not there.
pub const SHORTEST_TOKEN: usize = 32;

/// The API's description, OpenAPI 3.1.
const DESCRIPTION: &str = include_str!("openapi.json");

/// Answers a call. `path` is what follows `/api/admin/`, in percent-decoded segments.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn handle<P: Ports>(
    ports: &P,
    head: &Head,
    path: &[String],
    now: UnixTime,
) -> Result<Reply, Fault> {
    let call = Call { ports, head, now };
    // Host names are the same in any case (RFC 4343); events are kept under the lower one.
    let mut path = path.to_vec();
    if let [first, host, ..] = path.as_mut_slice()
        && first == "events"
    {
        host.make_ascii_lowercase();
    }
    let reply = answer(&call, &path).await.or_else(Stop::into_reply)?;
    call.log(&path, &reply);
    Ok(reply)
}

async fn answer<P: Ports>(call: &Call<'_, P>, path: &[String]) -> Result<Reply, Stop> {
    // 1.
    call.authorize()?;
    // 2.
    let (resource, methods, names) = resource_of(path).ok_or_else(|| missing("address"))?;
    // 3.
    let method = match call.head.method.as_str() {
        "HEAD" => "GET",
        other => other,
    };
    if !methods.contains(&method) {
        return Err(wrong_method(methods));
    }
    // 4. and 5.
    carry_out(call, resource, method, names)
        .unwrap_or_else(|| Box::pin(ready(Err(wrong_method(methods)))))
        .await
}

type Carried<'a> = Pin<Box<dyn Future<Output = Result<Reply, Stop>> + 'a>>;

/// What one call does, each in a box of its own, as [`crate::server`]'s endpoints are. Nothing if no such call is in the table.
fn carry_out<'a, P: Ports>(
    call: &'a Call<'_, P>,
    resource: Resource,
    method: &str,
    [one, two, three]: [&'a str; 3],
) -> Option<Carried<'a>> {
    Some(match (resource, method) {
        (Resource::Description, "GET") => Box::pin(ready(Ok(Reply::json_text(DESCRIPTION)))),
        (Resource::Events, "GET") => Box::pin(events::list(call)),
        (Resource::Event, "GET") => Box::pin(events::get(call, one)),
        (Resource::Event, "PUT") => Box::pin(events::put(call, one)),
        (Resource::Event, "DELETE") => Box::pin(events::delete(call, one)),
        (Resource::Scopes, "GET") => Box::pin(events::scopes(call, one)),
        (Resource::Scopes, "PUT") => Box::pin(events::put_scopes(call, one)),
        (Resource::Roles, "GET") => Box::pin(events::roles(call, one)),
        (Resource::Roles, "PUT") => Box::pin(events::put_roles(call, one)),
        (Resource::Integrations, "GET") => Box::pin(integrations::list(call, one)),
        (Resource::Integration, "GET") => Box::pin(integrations::get(call, one, two)),
        (Resource::Integration, "PUT") => Box::pin(integrations::put(call, one, two)),
        (Resource::Integration, "DELETE") => Box::pin(integrations::delete(call, one, two)),
        (Resource::Accounts, "GET") => Box::pin(accounts::list(call, one)),
        (Resource::Accounts, "POST") => Box::pin(accounts::create(call, one)),
        (Resource::Account, "GET") => Box::pin(accounts::get(call, one, two)),
        (Resource::Account, "PATCH") => Box::pin(accounts::change(call, one, two)),
        (Resource::Account, "DELETE") => Box::pin(accounts::delete(call, one, two)),
        (Resource::Grants, "GET") => Box::pin(grants::list(call, one, two)),
        (Resource::Grant, "DELETE") => Box::pin(grants::end(call, one, two, three)),
        (Resource::Audit, "GET") => Box::pin(records::audit(call, one)),
        (Resource::Usage, "GET") => Box::pin(records::usage(call, one)),
        (Resource::Applications, "GET") => Box::pin(applications::list(call)),
        (Resource::Applications, "POST") => Box::pin(applications::create(call)),
        (Resource::Application, "GET") => Box::pin(applications::get(call, one)),
        (Resource::Application, "PATCH") => Box::pin(applications::change(call, one)),
        (Resource::Application, "DELETE") => Box::pin(applications::delete(call, one)),
        (Resource::Secrets, "POST") => Box::pin(applications::add_secret(call, one)),
        (Resource::Secret, "DELETE") => Box::pin(applications::delete_secret(call, one, two)),
        // A test goes through the table and finds no such pair.
        _ => return None,
    })
}

/// One call.
struct Call<'a, P> {
    ports: &'a P,
    head: &'a Head,
    now: UnixTime,
}

impl<P: Ports> Call<'_, P> {
    /// Checks the operator's token. Both are hashed first, so that the time tells nothing of the length.
    fn authorize(&self) -> Result<(), Stop> {
        let token = self.ports.operator_token();
        let Some(token) = token.filter(|token| token.chars().count() >= SHORTEST_TOKEN) else {
            return Err(missing("address"));
        };
        let sent = self.head.authorization.as_deref().and_then(|header| {
            let (scheme, rest) = header.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
        });
        if sent.is_some_and(|sent| same_bytes(&Sha256::digest(sent), &Sha256::digest(token))) {
            return Ok(());
        }
        let reply = Reply::error(
            401,
            "invalid_token",
            "Send the deployment's OPERATOR_TOKEN in an Authorization: Bearer header.",
        );
        Err(stop(reply.with(
            "www-authenticate",
            "Bearer realm=\"willcall operator\"",
        )))
    }

    /// What operators do to applications, and to events as a whole, is in no event's audit log, so each such change
    /// is a line of the log. It holds what was done to which application, and nothing a caller made up: a path may
    /// have anything in it. That somebody tries without the token is one line an hour: it must not fill the log.
    fn log(&self, path: &[String], reply: &Reply) {
        if reply.status == 401 && self.ports.once("operator call refused", self.now) {
            self.ports
                .log(r#"{"level":"warn","operator":"refused: wrong or no token"}"#);
        }
        let method = self.head.method.as_str();
        if reply.status >= 300 || matches!(method, "GET" | "HEAD" | "OPTIONS") {
            return;
        }
        let of_an_application = matches!(path, [first, ..] if first == "applications");
        let client_id = path
            .get(1)
            .filter(|_| of_an_application)
            .and_then(|id| ClientId::parse(id));
        let what = match path {
            [_, _, third, ..] if of_an_application => third.as_str(),
            _ if of_an_application => "application",
            [_, _] => "event",
            // The rest is in the event's audit log.
            _ => return,
        };
        let line = serde_json::json!({
            "level": "info", "operator": method, "what": what, "client_id": client_id, "status": reply.status,
        });
        self.ports.log(&line.to_string());
    }

    /// Asks the deployment's object.
    async fn platform(
        &self,
        command: &platform::Command,
        what: &str,
    ) -> Result<platform::Reply, Stop> {
        match self.ports.ask::<PlatformObject>(PLATFORM, command).await? {
            platform::Reply::Problem(problem) => Err(refusal(problem, what)),
            reply => Ok(reply),
        }
    }

    /// Asks the deployment's object to take away what was there a moment ago: that it is gone by now is
    /// this very call's doing, whose first answer was lost, or another's, and all the same to the caller.
    async fn take_away(&self, command: &platform::Command, what: &str) -> Result<(), Stop> {
        match self.ports.ask::<PlatformObject>(PLATFORM, command).await? {
            platform::Reply::Problem(Problem::Missing) => Ok(()),
            platform::Reply::Problem(problem) => Err(refusal(problem, what)),
            _ => Ok(()),
        }
    }

    /// As [`Call::take_away`], of an event's object.
    async fn take_away_from(
        &self,
        id: &EventId,
        command: &event::Command,
        what: &str,
    ) -> Result<(), Stop> {
        match self.ports.ask::<EventObject>(id.as_str(), command).await? {
            event::Reply::Problem(Problem::Missing) => Ok(()),
            event::Reply::Problem(problem) => Err(refusal(problem, what)),
            _ => Ok(()),
        }
    }

    /// Asks an event's object.
    async fn event(
        &self,
        id: &EventId,
        command: &event::Command,
        what: &str,
    ) -> Result<event::Reply, Stop> {
        match self.ports.ask::<EventObject>(id.as_str(), command).await? {
            event::Reply::Problem(problem) => Err(refusal(problem, what)),
            reply => Ok(reply),
        }
    }

    /// The id of a host's event, or 404.
    async fn event_id(&self, host: &str) -> Result<EventId, Stop> {
        let command = platform::Command::FindHost {
            host: host.to_owned(),
        };
        match self.platform(&command, "event").await? {
            platform::Reply::Host { event_id: Some(id) } => Ok(id),
            _ => Err(missing("event")),
        }
    }

    /// Something has changed: this isolate reads it anew.
    fn changed(&self) {
        self.ports.replicas().forget();
    }
}

fn stop(reply: Reply) -> Stop {
    Stop::Answer(Box::new(reply))
}

/// 404.
fn missing(what: &str) -> Stop {
    stop(Reply::error(
        404,
        "not_found",
        &format!("There is no such {what}."),
    ))
}

/// 409.
fn conflict(text: &str) -> Stop {
    stop(Reply::error(409, "conflict", text))
}

/// What an object does not carry out, as the operator sees it.
fn refusal(problem: Problem, what: &str) -> Stop {
    match problem {
        Problem::Invalid(text) => Stop::invalid_request(&text),
        Problem::Missing => missing(what),
        Problem::Conflict(text) => conflict(&text),
    }
}

fn wrong_method(methods: &[&str]) -> Stop {
    let mut allow = Vec::new();
    for method in methods {
        allow.push(*method);
        if *method == "GET" {
            allow.push("HEAD");
        }
    }
    let allow = allow.join(", ");
    let text = format!("This address accepts only these methods: {allow}.");
    stop(Reply::token_error(405, TokenError::InvalidRequest, &text).with("allow", allow))
}

/// An object answered what it was not asked.
fn unexpected() -> Stop {
    Stop::Fault(Fault::Broken(
        "an object gave another answer than was asked for",
    ))
}
