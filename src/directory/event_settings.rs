//! What an operator sets of an event.

use serde::{Deserialize, Serialize};

use super::{Problem, check_line, nullable};
use crate::grant::state::{IdleLimit, LONGEST_WINDOW};
use crate::protocol::time::UnixTime;

/// What an operator sets of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSettings {
    /// What people call the event.
    pub name: String,
    /// Seconds in which a rotated refresh token's retry gets the same successor, 0 to 60.
    pub retry_window: u64,
    /// Days without use after which a grant ends; none: never.
    pub refresh_idle_days: Option<u64>,
    /// See [`IdleLimit::ended_before`].
    #[serde(default, skip_serializing_if = "is_never")]
    pub idle_ended_before: UnixTime,
    /// The most days a personal access token lasts; none: it may never expire.
    pub pat_max_days: Option<u64>,
    /// The event's colour, `#rrggbb`.
    pub accent: Option<String>,
}

fn is_never(time: &UnixTime) -> bool {
    *time == UnixTime::default()
}

impl EventSettings {
    /// How long a grant may go unused.
    #[must_use]
    pub fn idle_limit(&self) -> IdleLimit {
        IdleLimit {
            days: self.refresh_idle_days,
            ended_before: self.idle_ended_before,
        }
    }

    /// What is not as it was `before`: the field's name, and its value now as JSON has it.
    pub fn changes(&self, before: &Self) -> Vec<(&'static str, String)> {
        // Taken apart, so that a new field is not forgotten.
        let Self {
            name,
            retry_window,
            refresh_idle_days,
            // It follows from the days.
            idle_ended_before: _,
            pat_max_days,
            accent,
        } = self;
        let days =
            |days: &Option<u64>| days.map_or_else(|| String::from("null"), |d| d.to_string());
        [
            ("name", *name != before.name, name.clone()),
            (
                "retry_window",
                *retry_window != before.retry_window,
                retry_window.to_string(),
            ),
            (
                "refresh_idle_days",
                *refresh_idle_days != before.refresh_idle_days,
                days(refresh_idle_days),
            ),
            (
                "pat_max_days",
                *pat_max_days != before.pat_max_days,
                days(pat_max_days),
            ),
            (
                "accent",
                *accent != before.accent,
                accent.clone().unwrap_or_else(|| String::from("null")),
            ),
        ]
        .into_iter()
        .filter_map(|(field, changed, now)| changed.then_some((field, now)))
        .collect()
    }
}

/// What a `PUT` of an event may say; what is left out keeps its value.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EventPatch {
    /// See [`EventSettings::name`].
    pub name: Option<String>,
    /// See [`EventSettings::retry_window`].
    pub retry_window: Option<u64>,
    /// See [`EventSettings::refresh_idle_days`].
    #[serde(
        default,
        deserialize_with = "nullable",
        skip_serializing_if = "Option::is_none"
    )]
    pub refresh_idle_days: Option<Option<u64>>,
    /// See [`EventSettings::pat_max_days`].
    #[serde(
        default,
        deserialize_with = "nullable",
        skip_serializing_if = "Option::is_none"
    )]
    pub pat_max_days: Option<Option<u64>>,
    /// See [`EventSettings::accent`].
    #[serde(
        default,
        deserialize_with = "nullable",
        skip_serializing_if = "Option::is_none"
    )]
    pub accent: Option<Option<String>>,
}

impl EventPatch {
    /// The settings after this `PUT` at this time.
    ///
    /// # Errors
    /// [`Problem::Invalid`] if a new event has no name, or a value cannot be.
    pub fn apply(
        self,
        before: Option<EventSettings>,
        now: UnixTime,
    ) -> Result<EventSettings, Problem> {
        let mut settings = match (before, &self.name) {
            (Some(before), _) => before,
            (None, None) => return Err(Problem::invalid("A new event needs a name.")),
            (None, Some(name)) => EventSettings {
                name: name.clone(),
                retry_window: 10,
                refresh_idle_days: None,
                idle_ended_before: UnixTime::default(),
                pat_max_days: Some(365),
                accent: None,
            },
        };
        if let Some(name) = self.name {
            check_line("name", &name, 1, 100)?;
            settings.name = name;
        }
        if let Some(window) = self.retry_window {
            settings.retry_window = window;
        }
        if let Some(days) = self.refresh_idle_days {
            let limit = settings.idle_limit().changed_to(days, now);
            settings.refresh_idle_days = limit.days;
            settings.idle_ended_before = limit.ended_before;
        }
        if let Some(days) = self.pat_max_days {
            settings.pat_max_days = days;
        }
        if let Some(accent) = self.accent {
            settings.accent = accent;
        }
        if settings.retry_window > LONGEST_WINDOW {
            return Err(Problem::invalid("retry_window must be 0 to 60 seconds."));
        }
        if settings
            .refresh_idle_days
            .is_some_and(|days| !(1..=3650).contains(&days))
        {
            return Err(Problem::invalid(
                "refresh_idle_days must be 1 to 3650, or null for no limit.",
            ));
        }
        if settings
            .pat_max_days
            .is_some_and(|days| !(1..=3650).contains(&days))
        {
            return Err(Problem::invalid(
                "pat_max_days must be 1 to 3650, or null for no limit.",
            ));
        }
        if settings
            .accent
            .as_deref()
            .is_some_and(|accent| !is_colour(accent))
        {
            return Err(Problem::invalid(
                "accent must be a colour such as #0a7cff, or null.",
            ));
        }
        Ok(settings)
    }
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_7_event_settings_have_bounds_and_keep_what_is_left_out() {
        let named = |name: &str| EventPatch {
            name: Some(name.into()),
            ..EventPatch::default()
        };
        assert!(EventPatch::default().apply(None, UnixTime(0)).is_err());
        let made = named("Con").apply(None, UnixTime(0)).unwrap();
        assert_eq!(
            (made.retry_window, made.refresh_idle_days, made.pat_max_days),
            (10, None, Some(365))
        );
        let patch: EventPatch =
            serde_json::from_str(r#"{"pat_max_days":null,"retry_window":0}"#).unwrap();
        let patched = patch.apply(Some(made.clone()), UnixTime(0)).unwrap();
        assert_eq!(
            (
                patched.name.as_str(),
                patched.retry_window,
                patched.pat_max_days
            ),
            ("Con", 0, None)
        );
        for bad in [
            r#"{"retry_window":61}"#,
            r#"{"name":""}"#,
            r#"{"accent":"red"}"#,
            r#"{"pat_max_days":0}"#,
        ] {
            let patch: EventPatch = serde_json::from_str(bad).unwrap();
            assert!(
                patch.apply(Some(made.clone()), UnixTime(0)).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn stored_what_had_ended_unused_stays_with_the_settings() {
        let day = crate::protocol::time::DAY;
        let before = r#"{"name":"Con","retry_window":10,"refresh_idle_days":2,"pat_max_days":365,"accent":null}"#;
        let settings: EventSettings = serde_json::from_str(before).unwrap();
        assert_eq!(serde_json::to_string(&settings).unwrap(), before);
        let patch: EventPatch = serde_json::from_str(r#"{"refresh_idle_days":null}"#).unwrap();
        let lifted = patch.apply(Some(settings), UnixTime(20 * day)).unwrap();
        let stored = r#"{"name":"Con","retry_window":10,"refresh_idle_days":null,"idle_ended_before":1555200,"pat_max_days":365,"accent":null}"#;
        assert_eq!(serde_json::to_string(&lifted).unwrap(), stored);
        assert_eq!(
            serde_json::from_str::<EventSettings>(stored).unwrap(),
            lifted
        );
        assert!(lifted.idle_limit().ends(UnixTime(1_555_199), UnixTime(0)));
    }
}
