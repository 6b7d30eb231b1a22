//! Sign-in's word that a person just signed in for a request that demanded it.

use super::is_path;
use crate::endpoint::Site;
use crate::endpoint::session;
use crate::protocol::params::Params;
use crate::store::ports::Ports;
use crate::token::form_token::{self, Form};
use crate::token::id::SessionId;

const FRESH_SIGN_IN: &str = "fresh sign-in";
/// How long a sign-in counts as one for the request that demanded it, in seconds: the way back from the form.
pub(super) const FRESH_FOR: u64 = 60;

/// Where sign-in leads back to: the target, with proof that the person just signed in for it if it is
/// an authorization request. Without proof `prompt=login` would ask for ever, and a plain mark could be
/// had by opening the request again.
pub fn after_sign_in<P: Ports>(site: &Site<'_, P>, target: &str, session_id: &SessionId) -> String {
    match target.split_once('?') {
        Some((path, query)) if is_path(path) => {
            let (query, _) = without_proof(query);
            let params = Params::from_form(query.as_bytes());
            let demanded = ["prompt", "max_age"]
                .iter()
                .any(|name| params.get(name).is_some());
            if !demanded {
                return format!("{path}?{query}");
            }
            let proof = session::form_token(site, session_id, FRESH_SIGN_IN, query);
            format!("{path}?{}", with_proof(query, &proof))
        }
        _ => target.to_owned(),
    }
}

/// Whether sign-in has said so, for this session and this request. It may be older than [`FRESH_FOR`].
pub(super) fn is_proof<P: Ports>(
    site: &Site<'_, P>,
    session_id: &SessionId,
    query: &str,
    proof: &str,
) -> bool {
    let form = Form {
        session: session_id.as_str(),
        action: FRESH_SIGN_IN,
        subject: query,
    };
    form_token::verifies(site.ring, &site.event.id, &form, proof, site.now)
}

/// The parameter in which sign-in says that it just happened. It is ours: it is taken off the query
/// before anything else looks at it.
const FRESH: &str = "wc_fresh";

/// A query without sign-in's own parameter, and that parameter.
pub(super) fn without_proof(query: &str) -> (&str, Option<&str>) {
    match query.rsplit_once('&') {
        Some((rest, last)) => match last
            .strip_prefix(FRESH)
            .and_then(|last| last.strip_prefix('='))
        {
            Some(proof) => (rest, Some(proof)),
            None => (query, None),
        },
        None => (query, None),
    }
}

/// A query with the proof that the person signed in for it.
fn with_proof(query: &str, proof: &str) -> String {
    format!("{query}&{FRESH}={proof}")
}
