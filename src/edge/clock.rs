//! The only place that reads a clock: the front's. Objects are handed theirs by `keeper.mjs`.

use crate::protocol::time::UnixTime;

/// Now, in whole seconds.
pub fn now() -> UnixTime {
    UnixTime(whole(js_sys::Date::now() / 1000.0))
}

/// A number from JavaScript as a whole one; what is no such number counts as 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times are positive and below 2^53"
)]
pub fn whole(number: f64) -> u64 {
    if number.is_finite() && number >= 0.0 {
        number as u64
    } else {
        0
    }
}
