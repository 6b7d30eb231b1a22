//! The model's state: what the contract says there is to know of grants, and nothing of how it is kept.

use std::collections::BTreeMap;

use super::operation::{Down, Operation, Token};
use super::scopes::Scopes;

/// Milliseconds; the window of a retry is counted in them, everything else in the seconds they fall in.
pub type Ms = u64;
/// Within it, what is taken away and a changed setting are seen everywhere (contract 6 and 7).
pub const GRACE: Ms = 90_000;
/// How long a code is good, in seconds (contract 2).
pub const CODE: u64 = 60;
/// How long an access token is good, in seconds (contract 5).
pub const ACCESS: u64 = 3600;
pub const DAY: u64 = 86_400;

/// A record that is read from replicas: its value, and the earlier ones with when they were replaced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lagging<T> {
    pub now: T,
    before: Vec<(Ms, T)>,
}

impl<T: Clone + PartialEq> Lagging<T> {
    pub fn new(now: T) -> Self {
        Self {
            now,
            before: Vec::new(),
        }
    }

    pub fn set(&mut self, at: Ms, value: T) {
        if value != self.now {
            self.before
                .push((at, core::mem::replace(&mut self.now, value)));
        }
    }

    /// What may still be read at `at` although it was replaced.
    pub fn older(&self, at: Ms) -> impl Iterator<Item = &T> {
        let recent = self
            .before
            .iter()
            .filter(move |(until, _)| at <= until + GRACE);
        recent.map(|(_, value)| value)
    }

    /// When it was replaced, each time.
    pub fn replaced_at(&self) -> impl Iterator<Item = Ms> {
        self.before.iter().map(|(until, _)| *until)
    }

    /// All that may be read at `at`, what is true first.
    pub fn readable(&self, at: Ms) -> Vec<T> {
        let mut all = vec![self.now.clone()];
        for value in self.older(at) {
            if !all.contains(value) {
                all.push(value.clone());
            }
        }
        all
    }
}

/// What an organiser approved for an application.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Integration {
    /// Which of the integrations this application had here it is: what an earlier one issued stays dead.
    pub incarnation: u32,
    pub suspended: bool,
    pub approved: Scopes,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    pub application_suspended: Lagging<bool>,
    pub integration: Lagging<Option<Integration>>,
    pub incarnations: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Person {
    /// Holds the permission that `pii:email` needs.
    pub own_permission: bool,
    /// Has the role that may contain what `user:roles` needs.
    pub role: bool,
    pub enabled: bool,
}

/// An access token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Access {
    pub generation: u64,
    pub scope: Scopes,
    /// In seconds.
    pub expires_at: u64,
    /// When it was last of the generation that is good, of a grant that lived.
    pub granted_at: Option<Ms>,
    /// The same for each scope, as far as grant and person go.
    pub scope_granted_at: [Option<Ms>; 4],
}

/// A code and what was begun with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    pub person: usize,
    pub client: usize,
    pub incarnation: u32,
    pub authorized_at: Ms,
    /// What the code was given for.
    pub authorized: Scopes,
    /// The refresh token that is good; 0 before the code is redeemed.
    pub generation: u64,
    pub scope: Scopes,
    /// What the refresh token before allowed when it was used.
    pub scope_before: Scopes,
    pub rotated_at: Ms,
    pub ended: bool,
    pub access: Vec<Access>,
}

/// Everything.
#[derive(Clone, PartialEq, Eq)]
pub struct Model {
    pub now: Ms,
    pub people: [Person; 2],
    pub clients: [Client; 2],
    pub role_is_full: Lagging<bool>,
    pub retry_window: Lagging<u64>,
    pub idle_days: Lagging<Option<u64>>,
    pub grants: BTreeMap<u8, Grant>,
    pub outage: Option<Down>,
    pub answers_are_lost: bool,
}

/// A failing history is printed as its operations; of its beginning, only the window differs.
impl core::fmt::Debug for Model {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "a new event with retry_window {}, two people, two applications",
            self.retry_window.now
        )
    }
}

impl Model {
    /// Two people who may grant everything to two applications that are approved for everything.
    pub fn new(now: Ms, retry_window: u64) -> Self {
        let client = || Client {
            application_suspended: Lagging::new(false),
            integration: Lagging::new(Some(Integration {
                incarnation: 1,
                suspended: false,
                approved: Scopes::ALL,
            })),
            incarnations: 1,
        };
        Self {
            now,
            people: [Person {
                own_permission: true,
                role: true,
                enabled: true,
            }; 2],
            clients: [client(), client()],
            role_is_full: Lagging::new(true),
            retry_window: Lagging::new(retry_window),
            idle_days: Lagging::new(None),
            grants: BTreeMap::new(),
            outage: None,
            answers_are_lost: false,
        }
    }

    pub fn seconds(&self) -> u64 {
        self.now / 1000
    }

    /// When a record that may be read late was replaced, each time.
    pub fn replaced_at(&self) -> Vec<Ms> {
        let mut all: Vec<Ms> = self.role_is_full.replaced_at().collect();
        all.extend(self.retry_window.replaced_at());
        all.extend(self.idle_days.replaced_at());
        for client in &self.clients {
            all.extend(client.application_suspended.replaced_at());
            all.extend(client.integration.replaced_at());
        }
        all
    }

    /// Whether an operation means something here.
    pub fn has_room_for(&self, operation: &Operation) -> bool {
        use super::operation::Change;
        let exists = |client: &usize| self.clients[*client].integration.now.is_some();
        let begun = |grant: &u8| self.grants.get(grant).filter(|grant| grant.generation > 0);
        let issued = |token: &Token| match token {
            Token::Refresh { grant, back } => {
                begun(grant).is_some_and(|one| one.generation > *back)
            }
            Token::Access { grant, back } => {
                begun(grant).is_some_and(|one| one.access.len() > *back)
            }
        };
        if operation.needs_all_objects() && self.outage.is_some() {
            return false;
        }
        match operation {
            Operation::Authorize { grant, .. } => !self.grants.contains_key(grant),
            Operation::Redeem { grant, .. } => self.grants.contains_key(grant),
            Operation::Refresh { grant, back, .. } => issued(&Token::Refresh {
                grant: *grant,
                back: *back,
            }),
            Operation::Call { grant, back } => issued(&Token::Access {
                grant: *grant,
                back: *back,
            }),
            Operation::Revoke { token, .. } | Operation::Introspect { token, .. } => issued(token),
            Operation::EndGrant { grant } => begun(grant).is_some(),
            Operation::Change(
                Change::SuspendIntegration { client, .. }
                | Change::Approve { client, .. }
                | Change::DeleteIntegration { client },
            ) => exists(client),
            Operation::Change(Change::CreateIntegration { client, .. }) => !exists(client),
            _ => true,
        }
    }

    /// What a person may grant, if the role contains what it contains.
    pub fn permitted(&self, person: usize, role_is_full: bool) -> Scopes {
        let person = self.people[person];
        let mut refused = Scopes::NONE;
        if !person.own_permission {
            refused = refused.or(Scopes::EMAIL);
        }
        if !(person.role && role_is_full) {
            refused = refused.or(Scopes::ROLES);
        }
        Scopes::ALL.without(refused)
    }

    /// Whether a grant has not been used for as many days.
    pub fn is_idle(&self, grant: &Grant, days: Option<u64>) -> bool {
        days.is_some_and(|days| self.seconds() - grant.rotated_at / 1000 > days * DAY)
    }

    /// Whether a grant lives in truth, suspension aside.
    pub fn lives(&self, grant: &Grant) -> bool {
        let integration = self.clients[grant.client].integration.now;
        grant.generation > 0
            && !grant.ended
            && !self.is_idle(grant, self.idle_days.now)
            && integration.is_some_and(|now| now.incarnation == grant.incarnation)
    }

    /// What an access token is good for, as far as its grant and its person go.
    fn granted(&self, grant: &Grant, access: &Access) -> Option<Scopes> {
        let lives = !grant.ended
            && access.generation == grant.generation
            && !self.is_idle(grant, self.idle_days.now);
        let permitted = self.permitted(grant.person, true);
        lives.then(|| grant.scope.and(access.scope).and(permitted))
    }

    /// What an access token is good for in truth; none: for nothing.
    pub fn good_for(&self, grant: &Grant, access: &Access) -> Option<Scopes> {
        let client = &self.clients[grant.client];
        let integration = client.integration.now.filter(|integration| {
            !integration.suspended && integration.incarnation == grant.incarnation
        })?;
        let good = !client.application_suspended.now && self.seconds() < access.expires_at;
        let granted = self.granted(grant, access).filter(|_| good)?;
        let permitted = self.permitted(grant.person, self.role_is_full.now);
        Some(granted.and(integration.approved).and(permitted))
    }

    /// Notes what is granted now, for those who may still believe it in 90 seconds.
    pub fn note_what_is_granted(&mut self) {
        let mut grants = core::mem::take(&mut self.grants);
        for grant in grants.values_mut() {
            let mut tokens = core::mem::take(&mut grant.access);
            for access in &mut tokens {
                let Some(scope) = self.granted(grant, access) else {
                    continue;
                };
                access.granted_at = Some(self.now);
                for (at, one) in Scopes::each() {
                    if one.is_within(scope) {
                        access.scope_granted_at[at] = Some(self.now);
                    }
                }
            }
            grant.access = tokens;
        }
        self.grants = grants;
    }

    /// Lets time pass. A grant that idles away on the way was good until then.
    pub fn wait(&mut self, ms: Ms) {
        let end = self.now + ms;
        let mut moments: Vec<Ms> = Vec::new();
        if let Some(days) = self.idle_days.now {
            let last = |grant: &Grant| (grant.rotated_at / 1000 + days * DAY + 1) * 1000 - 1;
            moments.extend(self.grants.values().map(last));
        }
        moments.retain(|moment| (self.now..end).contains(moment));
        moments.sort_unstable();
        moments.push(end);
        for moment in moments {
            self.now = moment;
            self.note_what_is_granted();
        }
    }
}
