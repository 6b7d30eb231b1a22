//! The paths of the operator API: what each names, and what it takes.

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Description,
    Events,
    Event,
    Scopes,
    Roles,
    Integrations,
    Integration,
    Accounts,
    Account,
    Grants,
    Grant,
    Audit,
    Usage,
    Applications,
    Application,
    Secrets,
    Secret,
}

/// Every path behind `/api/admin/`, and what it takes. `HEAD` goes with `GET`.
pub(super) const PATHS: &[(&str, Resource, &[&str])] = &[
    ("openapi.json", Resource::Description, &["GET"]),
    ("events", Resource::Events, &["GET"]),
    ("events/{host}", Resource::Event, &["GET", "PUT", "DELETE"]),
    ("events/{host}/scopes", Resource::Scopes, &["GET", "PUT"]),
    ("events/{host}/roles", Resource::Roles, &["GET", "PUT"]),
    (
        "events/{host}/integrations",
        Resource::Integrations,
        &["GET"],
    ),
    (
        "events/{host}/integrations/{client_id}",
        Resource::Integration,
        &["GET", "PUT", "DELETE"],
    ),
    (
        "events/{host}/accounts",
        Resource::Accounts,
        &["GET", "POST"],
    ),
    (
        "events/{host}/accounts/{id}",
        Resource::Account,
        &["GET", "PATCH", "DELETE"],
    ),
    (
        "events/{host}/accounts/{id}/grants",
        Resource::Grants,
        &["GET"],
    ),
    (
        "events/{host}/accounts/{id}/grants/{grant_id}",
        Resource::Grant,
        &["DELETE"],
    ),
    ("events/{host}/audit", Resource::Audit, &["GET"]),
    ("events/{host}/usage", Resource::Usage, &["GET"]),
    ("applications", Resource::Applications, &["GET", "POST"]),
    (
        "applications/{client_id}",
        Resource::Application,
        &["GET", "PATCH", "DELETE"],
    ),
    (
        "applications/{client_id}/secrets",
        Resource::Secrets,
        &["POST"],
    ),
    (
        "applications/{client_id}/secrets/{secret_id}",
        Resource::Secret,
        &["DELETE"],
    ),
];

/// The resource of a path, what it takes, and the names in it.
pub(super) fn resource_of(
    path: &[String],
) -> Option<(Resource, &'static [&'static str], [&str; 3])> {
    PATHS.iter().find_map(|(template, resource, methods)| {
        let mut names = [""; 3];
        let mut free = names.iter_mut();
        let mut parts = path.iter();
        for expected in template.split('/') {
            let part = parts.next()?;
            if expected.starts_with('{') {
                // A name is never empty: `/events/` is not an event.
                *free.next()? = Some(part.as_str()).filter(|part| !part.is_empty())?;
            } else if expected != part {
                return None;
            }
        }
        parts
            .next()
            .is_none()
            .then_some((*resource, *methods, names))
    })
}
