//! An event: one tenant, one host name.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::catalogue::{Mode, Role, ScopeDefinition};
use super::event_settings::EventSettings;
use super::integration::Integration;
use crate::grant::entitlement::Rules;
use crate::protocol::scope::Scope;
use crate::protocol::time::UnixTime;
use crate::token::id::EventId;

/// Whether `host` can be the host name of an event: lower-case, no port, no trailing dot.
#[must_use]
pub fn is_host(host: &str) -> bool {
    if host == "[::1]" {
        return true;
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // What ends in a number is an IPv4 address to every browser, and reaches us as four decimal numbers.
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.strip_prefix("0x").map_or_else(
        || last.bytes().all(|b| b.is_ascii_digit()),
        |hex| hex.bytes().all(|b| b.is_ascii_hexdigit()),
    );
    host.len() <= 253
        && host.split('.').all(label)
        && (!is_number || host.parse::<Ipv4Addr>().is_ok())
}

/// Whether `host` is a loopback one, where plain http is served.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
}

/// An event as edge code knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Moves with every change.
    pub version: u64,
    /// Every key of the event is derived from it.
    pub id: EventId,
    /// Its host name.
    pub host: String,
    /// What the operator set.
    pub settings: EventSettings,
    /// Its scopes, the built-in ones among them.
    pub scopes: Vec<ScopeDefinition>,
    /// Its roles.
    pub roles: Vec<Role>,
    /// Whether it has been deleted.
    #[serde(default)]
    pub deleted: bool,
}

impl EventRecord {
    /// The scope of this name.
    #[must_use]
    pub fn scope(&self, name: &str) -> Option<&ScopeDefinition> {
        self.scopes.iter().find(|scope| scope.name == name)
    }

    /// What is approved for an integration in a mode, of what the catalogue still has.
    #[must_use]
    pub fn approved(&self, integration: &Integration, mode: Mode) -> Scope {
        let approved = match mode {
            Mode::Obo => &integration.obo_scopes,
            Mode::Service => &integration.service_scopes,
        };
        Scope::of(
            self.scopes
                .iter()
                .filter(|scope| scope.modes.contains(&mode) && approved.contains(&scope.name))
                .map(|scope| scope.name.as_str()),
        )
    }

    /// What judges a grant of this integration, and tells a person's permissions.
    #[must_use]
    pub fn rules(&self, integration: &Integration, mode: Mode, authoritative: bool) -> Rules {
        Rules {
            approved: self.needs(integration, mode),
            roles: self.roles_map(),
            authoritative,
        }
    }

    /// What an account's object needs to know to judge a grant of this integration. It is sent with every
    /// redemption and refresh, so of the roles it has only the permissions that an approved scope needs.
    #[must_use]
    pub fn rules_for_scope(
        &self,
        integration: &Integration,
        mode: Mode,
        authoritative: bool,
    ) -> Rules {
        let approved = self.needs(integration, mode);
        let needed: BTreeSet<&String> = approved.values().flatten().collect();
        let roles = self
            .roles
            .iter()
            .filter_map(|role| {
                let permissions: BTreeSet<String> = role
                    .permissions
                    .iter()
                    .filter(|permission| needed.contains(permission))
                    .cloned()
                    .collect();
                (!permissions.is_empty()).then(|| (role.name.clone(), permissions))
            })
            .collect();
        Rules {
            approved,
            roles,
            authoritative,
        }
    }

    /// What is approved for an integration in a mode, each with the permission it needs of a person.
    fn needs(&self, integration: &Integration, mode: Mode) -> BTreeMap<String, Option<String>> {
        self.approved(integration, mode)
            .names()
            .filter_map(|name| Some((name.to_owned(), self.scope(name)?.permission.clone())))
            .collect()
    }

    /// The rules for what a person may let a personal access token do: every on-behalf-of scope.
    #[must_use]
    pub fn personal_rules(&self) -> Rules {
        Rules {
            approved: self
                .scopes
                .iter()
                .filter(|scope| scope.modes.contains(&Mode::Obo))
                .map(|scope| (scope.name.clone(), scope.permission.clone()))
                .collect(),
            roles: self.roles_map(),
            authoritative: true,
        }
    }

    fn roles_map(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.roles
            .iter()
            .map(|role| {
                let permissions = role.permissions.iter().cloned().collect();
                (role.name.clone(), permissions)
            })
            .collect()
    }
}

/// An event as the operator API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLine {
    /// Its host name.
    pub host: String,
    /// Its id.
    pub id: EventId,
    /// What the operator set.
    pub settings: EventSettings,
    /// When it was created.
    pub created_at: UnixTime,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::event_settings::EventPatch;
    use crate::grant::entitlement::Held;

    #[test]
    fn what_an_accounts_object_is_told_judges_as_the_whole_rules_do() {
        let event: EventRecord = serde_json::from_value(serde_json::json!({
            "version": 1, "id": "evt_1", "host": "con.example",
            "settings": EventPatch { name: Some("Con".into()), ..EventPatch::default() }.apply(None, UnixTime(0)).unwrap(),
            "scopes": [
                { "name": "open", "title": "Open", "modes": ["obo"] },
                { "name": "badge", "title": "Badges", "modes": ["obo"], "permission": "badge.print" },
                { "name": "rota", "title": "Rota", "modes": ["obo"], "permission": "rota.write" },
            ],
            "roles": [
                { "name": "desk", "permissions": ["badge.print", "till.open"] },
                { "name": "guest", "permissions": ["lounge.enter"] },
            ],
        }))
        .unwrap();
        let integration: Integration = serde_json::from_value(serde_json::json!({
            "version": 1, "client_id": "1001", "incarnation": "i", "obo_scopes": ["open", "badge"],
            "service_scopes": [], "service_refresh_tokens": false, "status": "active",
        }))
        .unwrap();
        let whole = event.rules(&integration, Mode::Obo, true);
        let told = event.rules_for_scope(&integration, Mode::Obo, true);
        let of = |rules: &Rules, own: &[&str], roles: &[&str]| {
            let permissions: Vec<String> = own.iter().map(|name| (*name).into()).collect();
            let roles: Vec<String> = roles.iter().map(|name| (*name).into()).collect();
            let held = Held {
                permissions: &permissions,
                roles: &roles,
            };
            let asked = Scope::of(["open", "badge", "rota"]);
            rules.allowed(&asked, &rules.permissions(held)).to_string()
        };
        for (own, roles, allowed) in [
            (&[][..], &[][..], "open"),
            (&[], &["guest"], "open"),
            (&[], &["desk", "guest"], "badge open"),
            (&["badge.print"], &[], "badge open"),
            (&["rota.write"], &["gone"], "open"),
        ] {
            assert_eq!(of(&told, own, roles), allowed);
            assert_eq!(of(&whole, own, roles), allowed);
        }
        let sent = serde_json::to_string(&told).unwrap();
        assert!(
            !sent.contains("guest") && !sent.contains("till.open"),
            "{sent}"
        );
    }

    #[test]
    fn host_names_are_lower_case_and_have_no_port_or_trailing_dot() {
        for good in [
            "localhost",
            "a.localhost",
            "reg.example.org",
            "127.0.0.1",
            "[::1]",
            "x-1.example",
        ] {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "",
            "a.",
            ".a",
            "A.example",
            "a:1",
            "a b",
            "a/b",
            "-a.example",
            "a..b",
            "*.example",
            "[::2]",
            "127.1",
            "2130706433",
            "0x7f.1",
            "a.0x",
            "256.1.1.1",
            "127.0.0.01",
        ] {
            assert!(!is_host(bad), "{bad}");
        }
        assert!(
            is_loopback("b.localhost")
                && !is_loopback("localhost.example")
                && !is_loopback("xlocalhost")
        );
    }
}
