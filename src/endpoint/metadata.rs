//! Authorization server metadata (RFC 8414, RFC 9207).

use serde_json::json;

use super::Site;
use crate::store::ports::Ports;
use crate::web::reply::Reply;

/// `GET /.well-known/oauth-authorization-server`: the canonical addresses.
#[must_use]
pub fn get<P: Ports>(site: &Site<'_, P>) -> Reply {
    let issuer = site.issuer.as_str();
    let at = |path: &str| format!("{issuer}{path}");
    let auth_methods = ["client_secret_basic", "client_secret_post", "none"];
    let scopes: Vec<&str> = site
        .event
        .scopes
        .iter()
        .map(|scope| scope.name.as_str())
        .collect();
    Reply::json(
        200,
        &json!({
            "issuer": issuer,
            "authorization_endpoint": at("/oauth/authorize"),
            "token_endpoint": at("/api/oauth/token"),
            "revocation_endpoint": at("/api/oauth/revoke"),
            "introspection_endpoint": at("/api/oauth/introspect"),
            "scopes_supported": scopes,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "token_endpoint_auth_methods_supported": auth_methods,
            "revocation_endpoint_auth_methods_supported": auth_methods,
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login", "consent"],
            "authorization_response_iss_parameter_supported": true,
        }),
    )
}
