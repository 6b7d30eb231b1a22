//! The ids we mint, each kind a type of its own: none is ever taken for another.
//!
//! All are text of base64url's characters. So they stand in a path and in a key as they are, and no separator of ours
//! is among them: what is put together of ids comes apart in one way only. More is not asked of an id that is read: what
//! was minted long ago is as good as what is minted today.

use serde::{Deserialize, Serialize};

use super::{Entropy, random_id};
use crate::protocol::client::ClientId;

/// A text that is no id of ours.
#[derive(Debug, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

/// Whether a text is made of what an id is made of.
fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The type of one kind of id. As JSON it is its text.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads an id: one character or more of base64url's.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                is_id(text).then(|| Self(text.to_owned()))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                if is_id(&text) { Ok(Self(text)) } else { Err(NotAnId) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// The id of an event, `evt_…`, minted when it is created and never used again: every key of the event is derived
    /// from it.
    EventId
}

impl EventId {
    /// A fresh one.
    pub fn mint(entropy: &impl Entropy) -> Self {
        Self(random_id("evt_", entropy))
    }
}

id! {
    /// Who owns grants, by the name of its object at its event: a person's [`AccountId`], or a service under an
    /// incarnation of its integration, `svc_…`.
    OwnerId
}

/// How the owner begins that is a service.
const SERVICE: &str = "svc_";

impl OwnerId {
    /// A service, under an incarnation of its integration.
    #[must_use]
    pub fn service(client_id: &ClientId, incarnation: &str) -> Self {
        Self(format!("{SERVICE}{client_id}_{incarnation}"))
    }

    /// One of the few objects without an account that unknown e-mails are sent to.
    #[must_use]
    pub fn decoy(number: u8) -> Self {
        Self(format!("decoy_{number}"))
    }

    /// The person's account, unless the owner is a service.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        AccountId::try_from(self.0.clone()).ok()
    }
}

/// The id of a person's account, `acc_…`, minted when the account is created. It is an owner: where an [`OwnerId`] is
/// wanted an account will do, but not the other way round, as that may be a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct AccountId(OwnerId);

impl AccountId {
    /// How those begin that are minted, so that none is ever taken for a client's.
    pub const PREFIX: &str = "acc_";

    /// A fresh one.
    pub fn mint(entropy: &impl Entropy) -> Self {
        Self(OwnerId(random_id(Self::PREFIX, entropy)))
    }

    /// Reads an id: that of any owner but a service.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::try_from(text.to_owned()).ok()
    }
}

impl TryFrom<String> for AccountId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        if text.starts_with(SERVICE) {
            return Err(NotAnId);
        }
        OwnerId::try_from(text).map(Self)
    }
}

impl core::ops::Deref for AccountId {
    type Target = OwnerId;

    fn deref(&self) -> &OwnerId {
        &self.0
    }
}

impl From<AccountId> for OwnerId {
    fn from(id: AccountId) -> Self {
        id.0
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0.into()
    }
}

impl core::fmt::Display for AccountId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

id! {
    /// The id of a grant, `gr_…`: minted with the code whose redemption starts it, or where a service begins one.
    GrantId
}

impl GrantId {
    /// A fresh one.
    pub fn mint(entropy: &impl Entropy) -> Self {
        Self(random_id("gr_", entropy))
    }
}

id! {
    /// The id of a session of an account, `s_…`, minted at sign-in.
    SessionId
}

impl SessionId {
    /// A fresh one.
    pub fn mint(entropy: &impl Entropy) -> Self {
        Self(random_id("s_", entropy))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    struct Zeros;
    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    pub(crate) fn event(id: &str) -> EventId {
        EventId::parse(id).unwrap()
    }

    pub(crate) fn owner(id: &str) -> OwnerId {
        OwnerId::parse(id).unwrap()
    }

    pub(crate) fn account(id: &str) -> AccountId {
        AccountId::parse(id).unwrap()
    }

    pub(crate) fn session(id: &str) -> SessionId {
        SessionId::parse(id).unwrap()
    }

    pub(crate) fn grant(id: &str) -> GrantId {
        GrantId::parse(id).unwrap()
    }

    /// What holds of every kind: which texts it reads, and that it is its text wherever it is written.
    macro_rules! is_its_text {
        ($name:ident) => {
            for bad in [
                "", " ", "a b", "a/b", "a.b", "a:b", "a=", "a+", "a~", "a%20", "a\n", "\u{e9}",
                "\u{ff11}",
            ] {
                assert_eq!($name::parse(bad), None, "{bad}");
                let stored = serde_json::Value::from(bad);
                assert!(serde_json::from_value::<$name>(stored).is_err(), "{bad}");
            }
            let long = "x".repeat(1000);
            for good in [
                "a",
                "0",
                "-",
                "_",
                "evt_AAECAwQFBgcICQoLDA0O",
                "x_1001_a-b_c",
                &long,
            ] {
                let id = $name::parse(good).unwrap();
                assert_eq!(id.as_str(), good);
                assert_eq!(id.to_string(), good);
                let stored = serde_json::to_value(&id).unwrap();
                assert_eq!(stored, good);
                assert_eq!(serde_json::from_value::<$name>(stored).unwrap(), id);
                assert_eq!(String::from(id), good);
            }
        };
    }

    #[test]
    fn an_id_is_its_text_of_base64urls_characters() {
        is_its_text!(EventId);
        is_its_text!(OwnerId);
        is_its_text!(AccountId);
        is_its_text!(GrantId);
        is_its_text!(SessionId);
    }

    #[test]
    fn what_is_minted_begins_with_its_kind_and_can_be_read_again() {
        let twenty = "A".repeat(20);
        let minted = EventId::mint(&Zeros);
        assert_eq!(minted.as_str(), format!("evt_{twenty}"));
        assert_eq!(EventId::parse(minted.as_str()), Some(minted));
        let minted = AccountId::mint(&Zeros);
        assert_eq!(minted.as_str(), format!("acc_{twenty}"));
        assert_eq!(AccountId::parse(minted.as_str()), Some(minted));
        let minted = GrantId::mint(&Zeros);
        assert_eq!(minted.as_str(), format!("gr_{twenty}"));
        assert_eq!(GrantId::parse(minted.as_str()), Some(minted));
        let minted = SessionId::mint(&Zeros);
        assert_eq!(minted.as_str(), format!("s_{twenty}"));
        assert_eq!(SessionId::parse(minted.as_str()), Some(minted));
    }

    #[test]
    fn an_owner_is_an_account_or_a_service_and_a_service_no_account() {
        let service = OwnerId::service(&ClientId::number(1001), "inc_1");
        assert_eq!(service.as_str(), "svc_1001_inc_1");
        assert_eq!(OwnerId::parse(service.as_str()), Some(service.clone()));
        assert_eq!(service.account(), None);
        assert_eq!(AccountId::parse(service.as_str()), None);
        assert!(serde_json::from_str::<AccountId>("\"svc_1001_inc_1\"").is_err());
        let account = account("acc_1");
        assert_eq!(owner("acc_1").account(), Some(account.clone()));
        assert_eq!(OwnerId::from(account), owner("acc_1"));
        assert_eq!(OwnerId::decoy(7), owner("decoy_7"));
    }
}
