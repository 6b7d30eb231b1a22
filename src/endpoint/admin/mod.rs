//! draft
use crate::protocol::time::UnixTime;
use crate::store::ports::{Fault, Ports};
use crate::token::key::KeyRing;
use crate::web::{inbound::Head, reply::Reply};
/// draft
pub async fn handle<P: Ports>(
    _: &P,
    _: &KeyRing,
    _: &Head,
    _: &[String],
    _: UnixTime,
) -> Result<Reply, Fault> {
    Ok(Reply::empty(404))
}
