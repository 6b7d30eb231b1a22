//! The one door: a request's head in, an answer out.
//!
//! Order of checks (contract 1): 1. the deployment's secrets, 2. https and TLS, before any credential
//! is read, 3. the host, 4. the path, 5. the method; then the endpoint.

use std::future::ready;
use std::pin::Pin;

use crate::directory::event::is_loopback;
use crate::endpoint::{
    Site, account, admin, authorize, consent, developer, introspect, login, logout, metadata,
    notice, personal_tokens, revoke, token, users,
};
use crate::pages::{Layout, assets};
use crate::protocol::error::TokenError;
use crate::protocol::time::UnixTime;
use crate::store::directory;
use crate::store::ports::{Fault, Ports};
use crate::token::access_token::Issuer;
use crate::token::key::{BadSecrets, KeyRing};
use crate::web::inbound::Head;
use crate::web::reply::Reply;
use crate::web::route::Route;

/// How long browsers remember that a host is https only, in seconds. Its subdomains are not ours to bind.
const HSTS: &str = "max-age=63072000";

/// Answers a request. Never fails: faults of ours are logged and become 500 or 503.
pub async fn handle<P: Ports>(
    ports: &P,
    ring: Result<&KeyRing, &BadSecrets>,
    head: &Head,
    now: UnixTime,
) -> Reply {
    let route = Route::of(&head.path).filter(|route| match route {
        Route::Static(path) => assets::asset(path).is_some(),
        _ => true,
    });
    let open = match &route {
        Some(route) => route.is_open_to_any_origin(),
        // A script is to learn that there is nothing, too.
        None => head.path.starts_with("/api/users/"),
    };
    let mut reply = answer(ports, ring, head, route, now).await;
    if head.https {
        reply = reply.with("strict-transport-security", HSTS);
    }
    if open {
        reply = reply.with("access-control-allow-origin", "*").with(
            "access-control-expose-headers",
            "WWW-Authenticate, Retry-After",
        );
    }
    if head.method == "HEAD" {
        reply.body.clear();
    }
    reply
}

async fn answer<P: Ports>(
    ports: &P,
    ring: Result<&KeyRing, &BadSecrets>,
    head: &Head,
    route: Option<Route>,
    now: UnixTime,
) -> Reply {
    // 1.
    let ring = match ring {
        Ok(ring) => ring,
        Err(why) => {
            ports.log(&serde_json::json!({"level": "error", "fault": why.to_string()}).to_string());
            return Reply::token_error(
                500,
                TokenError::ServerError,
                "The server is not configured correctly.",
            );
        }
    };
    // 2.
    if let Some(refusal) = insecure(head, route.as_ref()) {
        return refusal;
    }
    // 3.
    let for_programs = match &route {
        Some(route) => route.is_for_programs(),
        None => asks_as_a_program(head),
    };
    if let Some(route) = route.as_ref().filter(|route| route.is_on_any_host()) {
        return match route {
            Route::Admin(path) => match admin::handle(ports, head, path, now).await {
                Ok(reply) => reply,
                Err(fault) => faulty(ports, &fault, true, None),
            },
            _ => wrong_method(head, route, bare)
                .unwrap_or_else(|| Reply::json(200, &serde_json::json!({"status": "ok"}))),
        };
    }
    let event = match directory::event_of_host(ports, &head.host, now).await {
        Ok(Some(event)) => event,
        Ok(None) => return no_event(for_programs),
        Err(fault) => return faulty(ports, &fault, for_programs, None),
    };
    let loopback_origin = is_loopback(&head.host).then(|| head.own_origin());
    let site = Site {
        ports,
        ring,
        now,
        issuer: Issuer::new(&head.host, loopback_origin.as_deref()),
        event,
        head,
    };
    // 4.
    let Some(route) = route else {
        return missing(head, for_programs, Some(site.layout(None)));
    };
    // 5.
    if let Some(refusal) = wrong_method(head, &route, || site.layout(None)) {
        return refusal;
    }
    if head.method == "OPTIONS" {
        return preflight(&route);
    }
    match dispatch(&site, &route).await {
        Ok(reply) => reply,
        Err(fault) => faulty(ports, &fault, for_programs, Some(site.layout(None))),
    }
}

/// What answers a route, each in a box of its own: put into one future they would be one function of all endpoints' code, which
/// an isolate compiles at its first request, and every request would take memory for the largest.
fn dispatch<'a, P: Ports>(
    site: &'a Site<'_, P>,
    route: &'a Route,
) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + 'a>> {
    let post = site.head.method == "POST";
    match route {
        Route::Authorize if post => Box::pin(authorize::post(site)),
        Route::Authorize => Box::pin(authorize::get(site)),
        Route::Consent => Box::pin(consent::post(site)),
        Route::Token => Box::pin(token::post(site)),
        Route::Revoke => Box::pin(revoke::post(site)),
        Route::Introspect => Box::pin(introspect::post(site)),
        Route::Metadata => Box::pin(ready(Ok(metadata::get(site)))),
        Route::CurrentUser => Box::pin(users::current(site)),
        Route::User(id) => Box::pin(users::one(site, id)),
        Route::Users => Box::pin(users::list(site)),
        Route::Front => Box::pin(account::front(site)),
        Route::Developer => Box::pin(developer::get(site)),
        Route::Login if post => Box::pin(login::post(site)),
        Route::Login => Box::pin(login::get(site)),
        Route::Logout if post => Box::pin(logout::post(site)),
        Route::Logout => Box::pin(logout::get(site)),
        Route::Account => Box::pin(account::get(site)),
        Route::RevokeApplication(client_id) => {
            Box::pin(account::revoke_application(site, client_id))
        }
        Route::EndSession(id) => Box::pin(account::end_session(site, id)),
        Route::PersonalTokens if post => Box::pin(personal_tokens::create(site)),
        Route::PersonalTokens => Box::pin(personal_tokens::list(site)),
        Route::RevokePersonalToken(id) => Box::pin(personal_tokens::revoke(site, id)),
        Route::Static(path) => Box::pin(ready(Ok(file(site, path)))),
        // Answered before a host is looked up.
        Route::Health | Route::Admin(_) => Box::pin(ready(Ok(missing(site.head, true, None)))),
    }
}

fn file<P: Ports>(site: &Site<'_, P>, path: &str) -> Reply {
    match assets::asset(path) {
        Some(asset) => {
            let keep = asset.is_the_version_of(&site.head.query);
            Reply::file(asset.content_type, asset.body, keep)
        }
        None => missing(site.head, false, Some(site.layout(None))),
    }
}

fn insecure(head: &Head, route: Option<&Route>) -> Option<Reply> {
    if head.https {
        return head
            .has_old_tls()
            .then(|| Reply::error(403, "https_required", "TLS 1.2 or newer is required."));
    }
    // With a trailing dot it is the same machine, though no event's name.
    if is_loopback(head.host.trim_end_matches('.')) {
        return None;
    }
    let page = matches!(head.method.as_str(), "GET" | "HEAD")
        && !route.is_some_and(Route::is_for_programs)
        && !head.path.starts_with("/api/");
    Some(if page {
        let query = if head.query.is_empty() {
            String::new()
        } else {
            format!("?{}", head.query)
        };
        Reply::see_other(format!("https://{}{}{query}", head.host, head.path)).with_status(308)
    } else {
        Reply::error(403, "https_required", "Use https.")
    })
}

fn wrong_method(head: &Head, route: &Route, layout: impl FnOnce() -> Layout) -> Option<Reply> {
    let methods = route.methods();
    if methods.contains(&head.method.as_str()) {
        return None;
    }
    let allow = methods.join(", ");
    let reply = if route.is_for_programs() {
        Reply::token_error(
            405,
            TokenError::InvalidRequest,
            &format!("This address accepts only these methods: {allow}."),
        )
    } else {
        notice(
            layout(),
            405,
            "That does not work here",
            &[
                "This address takes what a form sends. Start from the front page, or go back and use the form again.",
            ],
            Some(("Go to the front page", "/")),
        )
    };
    Some(reply.with("allow", allow))
}

fn preflight(route: &Route) -> Reply {
    Reply::empty(204)
        .with("access-control-allow-methods", route.methods().join(", "))
        .with(
            "access-control-allow-headers",
            "Authorization, Content-Type",
        )
        .with("access-control-max-age", "86400")
}

/// Whether a request for an unknown path looks like a program's: by the path, where some server has an endpoint for
/// programs, or by what it brings and asks for.
fn asks_as_a_program(head: &Head) -> bool {
    let within = |prefix: &str| {
        let rest = head.path.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let accept = head.accept.as_deref().unwrap_or_default();
    let brings = !matches!(head.method.as_str(), "GET" | "HEAD");
    let reads_pages = accept.contains("html");
    let elsewhere = ["/oauth", "/oauth2", "/connect"]
        .iter()
        .any(|prefix| within(prefix));
    within("/api")
        || (elsewhere && (brings || !reads_pages))
        || (!reads_pages && accept.contains("json"))
}

/// 404 on an unknown host. No event has it, and none is named.
fn no_event(for_programs: bool) -> Reply {
    const WHY: &str = "No event has this host name.";
    if for_programs {
        return Reply::error(404, "not_found", WHY);
    }
    notice(
        bare(),
        404,
        "No event here",
        &[
            "There is no event at this address.",
            "Check the address, or follow the link on your event's own site again.",
        ],
        None,
    )
}

/// 404 for an unknown path.
fn missing(head: &Head, for_programs: bool, layout: Option<Layout>) -> Reply {
    if for_programs {
        let words = match Route::meant_by(&head.path) {
            Some(endpoint) => format!("There is nothing at this address. Use {endpoint}."),
            None => String::from("There is nothing at this address."),
        };
        return Reply::error(404, "not_found", &words);
    }
    notice(
        layout.unwrap_or_else(bare),
        404,
        "Page not found",
        &["There is no page at this address. Check it, or start from the front page."],
        Some(("Go to the front page", "/")),
    )
}

fn faulty<P: Ports>(ports: &P, fault: &Fault, for_programs: bool, layout: Option<Layout>) -> Reply {
    // What a caller does is no fault of ours, and must not fill the log.
    if !matches!(fault, Fault::Late | Fault::BrokenOff) {
        ports.log(&serde_json::json!({"level": "error", "fault": fault.to_string()}).to_string());
    }
    match (fault, for_programs) {
        (Fault::Late, true) => Reply::token_error(
            400,
            TokenError::InvalidRequest,
            "The body took too long to arrive. Send it without delay.",
        ),
        (Fault::BrokenOff, true) => Reply::token_error(
            400,
            TokenError::InvalidRequest,
            "The body was cut off before all of it arrived. Send the request again.",
        ),
        (Fault::BrokenOff, false) => notice(
            layout.unwrap_or_else(bare),
            400,
            "That did not arrive",
            &["Not everything you sent arrived. Please go back and try again."],
            None,
        ),
        (Fault::Late, false) => notice(
            layout.unwrap_or_else(bare),
            400,
            "That took too long",
            &["What you sent took too long to arrive. Please go back and try again."],
            None,
        ),
        (Fault::Unavailable(_), true) => Reply::token_error(
            503,
            TokenError::TemporarilyUnavailable,
            "Try again in a moment.",
        )
        .with("retry-after", "2"),
        (Fault::Broken(_), true) => Reply::token_error(
            500,
            TokenError::ServerError,
            "Something went wrong on the server.",
        ),
        (Fault::Unavailable(_), false) => notice(
            layout.unwrap_or_else(bare),
            503,
            "Just a moment",
            &["The service is busy. Please try again in a few seconds."],
            None,
        )
        .with("retry-after", "2"),
        (Fault::Broken(_), false) => notice(
            layout.unwrap_or_else(bare),
            500,
            "Something went wrong",
            &[
                "This is our fault, not yours. Please try again. If it keeps happening, tell the organiser.",
            ],
            None,
        ),
    }
}

/// The layout of a page that belongs to no event.
fn bare() -> Layout {
    Layout {
        event: String::new(),
        accent: None,
        person: None,
    }
}
